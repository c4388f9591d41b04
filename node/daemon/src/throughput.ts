const WINDOW_MS = 10_000

/** Events per second, averaged over the last ten seconds. */
export class Throughput {
  private readonly samples: { atMs: number; count: number }[] = []
  private readonly now: () => number
  private readonly startedMs: number

  constructor(now: () => number) {
    this.now = now
    this.startedMs = now()
  }

  add(count: number): void {
    if (count > 0) this.samples.push({ atMs: this.now(), count })
    this.trim()
  }

  get perSecond(): number {
    this.trim()
    const total = this.samples.reduce((sum, { count }) => sum + count, 0)
    const spanMs = Math.min(WINDOW_MS, Math.max(1_000, this.now() - this.startedMs))
    return Math.round((total * 10_000) / spanMs) / 10
  }

  private trim(): void {
    const from = this.now() - WINDOW_MS
    while (this.samples.length > 0 && this.samples[0]!.atMs < from) this.samples.shift()
  }
}
