import type { Header } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import type { ExecutedFacts } from '@smartshare/store'

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

  /** A quorum certified the roots that a final header names: STATE_DIVERGED if others were computed here, and the node must not go on. */
  divergence({ height, rootHeight, stateRoot, rangeRoot }: Header): SmartshareError | undefined {
    const own = this.at(rootHeight)
    if (own === undefined || (equalBytes(own.stateRoot, stateRoot) && equalBytes(own.rangeRoot, rangeRoot)))
      return undefined
    return new SmartshareError('STATE_DIVERGED', `block ${height} names other roots than this node computed`, {
      rootHeight,
    })
  }
}
