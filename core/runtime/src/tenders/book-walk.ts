import type { Token } from '@smartshare/chain'
import type { Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import {
  collateralFor,
  fits,
  getOffer,
  isListable,
  type Offer,
  pledgeFor,
  pledgeOf,
  saveOffer,
  walkBook,
} from '../offers/offer.ts'
import type { Demand } from './tender.ts'

/** An offer that may get a lot, as it stands after the lots that it got already. */
export interface Candidate {
  readonly id: number
  readonly provider: string
  offer: Offer
  changed: boolean
}

/** Offers that may be read in all while one block is matched, and those that were. */
export interface ReadBudget {
  readonly most: number
  used: number
}

/**
 * The book of one token during the matching of a block: the tenders walk one list, from the cheapest offer on, so that each
 * offer is read and written once however many lots it gets.
 */
export class BookWalk {
  private readonly host: Host
  private readonly source: Generator<[Uint8Array, number]>
  private readonly budget: ReadBudget
  private readonly changed: Candidate[] = []
  private candidates: Candidate[] = []

  /** `budget` is that of all walks of the block. */
  constructor(host: Host, token: Token, budget: ReadBudget) {
    this.host = host
    this.budget = budget
    this.source = walkBook(host, token, { limit: budget.most })
  }

  /** Whether this many candidates, from the first on, could be looked at without reading too many offers. */
  reaches(count: number): boolean {
    return this.budget.used + Math.max(0, count - this.candidates.length) <= this.budget.most
  }

  /** The candidate at a place of the list; undefined beyond the end of the book. */
  at(index: number): Candidate | undefined {
    while (this.candidates.length <= index) {
      const next = this.source.next()
      if (next.done) return undefined
      this.budget.used += 1
      const [, id] = next.value
      const offer = getOffer(this.host, id)!
      this.candidates.push({ id, provider: mapKey(offer.provider), offer, changed: false })
    }
    return this.candidates[index]
  }

  /** Gives a lot to a candidate that it fits; returns the collateral that it locks. */
  occupy(candidate: Candidate, sizeBytes: number): bigint {
    const { offer } = candidate
    const collateralGrains = collateralFor(pledgeFor(offer, sizeBytes))
    candidate.offer = {
      ...offer,
      usedBytes: offer.usedBytes + sizeBytes,
      freeGrains: offer.freeGrains - collateralGrains,
      lockedGrains: offer.lockedGrains + collateralGrains,
      agreements: offer.agreements + 1,
    }
    if (!candidate.changed) this.changed.push(candidate)
    candidate.changed = true
    return collateralGrains
  }

  /** Drops those of `taken` that have no room left, so that the next tender does not walk past them. */
  dropFull(taken: readonly (Candidate | undefined)[]): void {
    const least = this.host.parameters.leastOfferGrains
    const full = new Set(taken.filter((candidate) => candidate !== undefined && !isListable(candidate.offer, least)))
    if (full.size > 0) this.candidates = this.candidates.filter((candidate) => !full.has(candidate))
  }

  /** Stores what the lots changed; the walk is over. */
  finish(): void {
    this.source.return(undefined)
    for (const { id, offer } of this.changed) saveOffer(this.host, id, offer)
  }
}

/**
 * Each lot, in the buyer's order, gets the first offer of the book at no more than the highest price that pledges enough, has
 * room for it and whose provider is not excluded and has no other lot of the tender. Looks at the first `mostOffers` offers.
 */
export function chooseOffers(
  walk: BookWalk,
  lots: readonly { sizeBytes: number }[],
  { maxPriceGrains, leastPledgeGrains }: Pick<Demand, 'maxPriceGrains' | 'leastPledgeGrains'>,
  excluded: Set<string>,
  mostOffers: number,
): (Candidate | undefined)[] {
  const picks: (Candidate | undefined)[] = []
  /** Offers that were looked at and did not fit an earlier lot. */
  const passed: Candidate[] = []
  let looked = 0
  for (const { sizeBytes } of lots) {
    const again = passed.findIndex(({ offer }) => fits(offer, sizeBytes))
    let pick = again < 0 ? undefined : passed.splice(again, 1)[0]
    while (pick === undefined && looked < mostOffers) {
      const candidate = walk.at(looked)
      if (candidate === undefined || candidate.offer.priceGrains > maxPriceGrains) break
      looked += 1
      if (excluded.has(candidate.provider) || pledgeOf(candidate.offer) < leastPledgeGrains) continue
      if (fits(candidate.offer, sizeBytes)) pick = candidate
      else passed.push(candidate)
    }
    picks.push(pick)
  }
  return picks
}
