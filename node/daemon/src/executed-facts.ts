/** What the executor found out about one block. */
export interface ExecutedFacts {
  readonly height: number
  readonly blockHash: Uint8Array
  readonly stateRoot: Uint8Array
  /** Root of the range over heights 0 … height. */
  readonly rangeRoot: Uint8Array
  readonly receiptsRoot: Uint8Array
  /** Term that runs at this state, and the hash of the next set once it is elected. */
  readonly term: number
  readonly nextSetHash: Uint8Array | null
}

/** The facts of the last executed heights; older ones are forgotten. */
export class RecentFacts {
  private readonly byHeight = new Map<number, ExecutedFacts>()
  private readonly most: number
  private newest = 0

  constructor(most: number) {
    this.most = most
  }

  get height(): number {
    return this.newest
  }

  add(facts: ExecutedFacts): void {
    this.byHeight.set(facts.height, facts)
    this.byHeight.delete(facts.height - this.most)
    this.newest = facts.height
  }

  at(height: number): ExecutedFacts | undefined {
    return this.byHeight.get(height)
  }
}
