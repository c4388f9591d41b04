/** The wait after the first failure; doubled with every further one. Nodes that start together miss each other by little. */
const FIRST_WAIT_MS = 250
/** A peer that never answers may be no node at all. */
const MOST_WAIT_MS = 5_000
/** A peer that was not tried for this long begins anew. */
const FORGET_MS = 2 * MOST_WAIT_MS

/** When a peer may be tried again: soon at first, then ever more rarely, and not together with all others. */
export class Retries {
  private readonly tries = new Map<string, { count: number; nextMs: number }>()
  private readonly random: () => number

  /** `random`: uniform in [0, 1). */
  constructor(random: () => number) {
    this.random = random
  }

  /** Peers that are remembered. */
  get size(): number {
    return this.tries.size
  }

  /** True if the peer may be tried now; that counts as a failure until `succeeded` is called. */
  begin(peer: string, nowMs: number): boolean {
    const { count, nextMs } = this.tries.get(peer) ?? { count: 0, nextMs: nowMs }
    if (nowMs < nextMs) return false
    const ceiling = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count, 16))
    this.tries.set(peer, { count: count + 1, nextMs: nowMs + ceiling * (0.5 + this.random() / 2) })
    return true
  }

  succeeded(peer: string): void {
    this.tries.delete(peer)
  }

  /** Lets go of peers that nobody tries any more. */
  forgetOld(nowMs: number): void {
    for (const [peer, { nextMs }] of this.tries) if (nowMs - nextMs > FORGET_MS) this.tries.delete(peer)
  }
}
