/**
 * The nonces of one lane of an account. Every nonce belongs to one transaction; a nonce whose transaction was refused must
 * be used by another one, because nothing after it can be packed before.
 */
export class Lane {
  readonly number: number
  private next: bigint
  /** Nonces given back, in ascending order; all below `next`. */
  private freed: bigint[] = []
  /** Given out and not yet known to be used up on the chain. */
  private readonly open = new Set<bigint>()

  constructor(number: number, next: bigint) {
    this.number = number
    this.next = next
  }

  /** Transactions under way. */
  get openCount(): number {
    return this.open.size
  }

  /** The lowest nonce that is free. */
  take(): bigint {
    const nonce = this.freed.shift() ?? this.next++
    this.open.add(nonce)
    return nonce
  }

  /** Takes the lowest nonce that was given back and holds up later ones; undefined if there is none. */
  takeHole(): bigint | undefined {
    const nonce = this.freed.shift()
    if (nonce !== undefined) this.open.add(nonce)
    return nonce
  }

  /** Gives a nonce back whose transaction no node has. */
  free(nonce: bigint): void {
    if (!this.open.delete(nonce)) return
    this.freed.push(nonce)
    this.freed.sort((a, b) => (a < b ? -1 : 1))
    // At the end of the lane nothing waits for it: the lane is merely shorter again.
    while (this.freed.at(-1) === this.next - 1n) {
      this.freed.pop()
      this.next -= 1n
    }
  }

  /** The chain has used the nonce up. */
  used(nonce: bigint): void {
    this.open.delete(nonce)
  }

  /** Somebody else uses this account too: nonces below `expected` are gone. */
  skipTo(expected: bigint): void {
    this.freed = this.freed.filter((nonce) => nonce >= expected)
    if (this.next < expected) this.next = expected
  }
}
