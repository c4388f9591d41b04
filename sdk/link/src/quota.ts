/**
 * A token bucket: `rate` units per second flow in, one second's worth (or `burst`) may be saved up.
 * Times come in as milliseconds of a monotonic clock.
 */
export class TokenBucket {
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor(rate: number, nowMs: number, burst: number = rate) {
    this.#rate = rate
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = nowMs
  }

  /** Takes `units` if they are there; a bucket that is full lets any size pass once, so nothing is for ever too big. */
  take(units: number, nowMs: number): boolean {
    this.#fill(nowMs)
    if (this.#tokens < units && this.#tokens < this.#burst) return false
    this.#tokens -= units
    return true
  }

  /** Takes `units` in any case and returns how many milliseconds to wait until the debt is paid. */
  owe(units: number, nowMs: number): number {
    this.#fill(nowMs)
    this.#tokens -= units
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate) * 1000
  }

  #fill(nowMs: number): void {
    const gained = (Math.max(0, nowMs - this.#atMs) * this.#rate) / 1000
    this.#tokens = Math.min(this.#burst, this.#tokens + gained)
    this.#atMs = nowMs
  }
}
