/** Waits that double from `firstMs` to `mostMs`, each shortened at random by up to half: clients must not come in step. */
export class Backoff {
  private readonly firstMs: number
  private readonly mostMs: number
  private nextMs: number

  constructor(firstMs: number, mostMs: number) {
    this.firstMs = firstMs
    this.mostMs = mostMs
    this.nextMs = firstMs
  }

  /** The next wait in ms. */
  next(): number {
    const waitMs = this.nextMs
    this.nextMs = Math.min(this.mostMs, this.nextMs * 2)
    return waitMs * (1 - Math.random() / 2)
  }

  reset(): void {
    this.nextMs = this.firstMs
  }
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve()
      return
    }
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}
