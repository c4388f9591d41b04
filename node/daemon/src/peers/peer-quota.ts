import type { Message } from '@smartshare/consensus'
import { TokenBucket } from '@smartshare/link'

/** What a peer may say: messages of consensus, and asks and answers about compact blocks. */
export type Said = Message['type'] | 'missing' | 'bodies' | 'attestation'

/** Messages of one peer per second, by kind; a burst of one second is allowed. Delegates stay far below. */
const MOST_PER_SECOND: Readonly<Record<Said, number>> = {
  // One in each of its slots, and again when nothing moves.
  proposal: 32,
  votes: 512,
  certificates: 512,
  // Each answer is a page; pages have their own bound below.
  ask: 256,
  page: 256,
  missing: 64,
  bodies: 64,
  // Those of all delegates at once, as for votes.
  attestation: 512,
}
/** Bytes of pages that one peer gets per second: an ask costs it some dozen bytes. */
const PAGE_BYTES_PER_SECOND = 32 * 1024 * 1024

/** What one peer may say, and be told, in a time. */
export class PeerQuota {
  private readonly buckets = new Map<Said, TokenBucket>()
  private readonly pages: TokenBucket
  private inDebtUntilMs: number

  constructor(nowMs: number) {
    for (const [kind, rate] of Object.entries(MOST_PER_SECOND)) {
      this.buckets.set(kind as Said, new TokenBucket(rate, nowMs))
    }
    this.pages = new TokenBucket(PAGE_BYTES_PER_SECOND, nowMs)
    this.inDebtUntilMs = nowMs
  }

  /** `over`: more than any honest peer says. `wait`: no fault, but it got its share of pages and asks others meanwhile. */
  take(kind: Said, nowMs: number): 'good' | 'over' | 'wait' {
    if (!this.buckets.get(kind)!.take(1, nowMs)) return 'over'
    return kind === 'ask' && nowMs < this.inDebtUntilMs ? 'wait' : 'good'
  }

  /** A page of so many bytes was sent to the peer. */
  charge(pageBytes: number, nowMs: number): void {
    this.inDebtUntilMs = nowMs + this.pages.owe(pageBytes, nowMs)
  }
}
