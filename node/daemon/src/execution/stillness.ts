/** How long a thread with work may tell nothing. Looks are counted and not time, so that a machine that slept blames nobody. */
export interface Patience {
  readonly lookMs: number
  readonly looks: number
}

/**
 * Notices that a thread is stuck: it has work and tells nothing for `patience.looks` looks in a row. A thread that runs out of
 * memory within a transaction of LMDB takes the lock of the database with it, cannot end, and throws nothing.
 */
export class Stillness {
  private readonly timer: NodeJS.Timeout
  private looks = 0

  constructor(patience: Patience, hasWork: () => boolean, onStuck: () => void) {
    this.timer = setInterval(() => {
      this.looks = hasWork() ? this.looks + 1 : 0
      if (this.looks <= patience.looks) return
      this.stop()
      onStuck()
    }, patience.lookMs)
    this.timer.unref()
  }

  /** The thread told something, or another one takes its place. */
  noteSign(): void {
    this.looks = 0
  }

  stop(): void {
    clearInterval(this.timer)
  }
}
