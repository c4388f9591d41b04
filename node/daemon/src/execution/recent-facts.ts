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
}
