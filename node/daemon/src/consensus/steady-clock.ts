/** A clock that was set back is caught up with at this part of the pace of time. */
const SLOW_PACE = 0.5

/**
 * The time by which consensus waits. It is the machine's clock, but where that is set back it goes on slowly instead of
 * standing still until the clock is there again: deadlines would not pass meanwhile, and the delegate would be silent.
 */
export class SteadyClock {
  private readonly wall: () => number
  private readonly monotonic: () => number
  private ms = Number.NEGATIVE_INFINITY
  private readAtMs: number

  constructor(wall: () => number = Date.now, monotonic: () => number = () => performance.now()) {
    this.wall = wall
    this.monotonic = monotonic
    this.readAtMs = monotonic()
  }

  /** Unix time, whole ms; never goes back. */
  now(): number {
    const atMs = this.monotonic()
    this.ms = Math.max(this.wall(), this.ms + (atMs - this.readAtMs) * SLOW_PACE)
    this.readAtMs = atMs
    return Math.floor(this.ms)
  }
}
