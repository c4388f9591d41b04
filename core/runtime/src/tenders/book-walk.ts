import type { Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import {
  collateralFor,
  fits,
  getOffer,
  isListable,
  type Offer,
  periodPrice,
  saveOffer,
  walkBook,
} from '../offers/offer.ts'

/** An offer that may get a lot, as it stands after the lots that it got already. */
export interface Candidate {
  readonly id: number
  readonly provider: string
  offer: Offer
  changed: boolean
}

/**
 * The book during the matching of a block: the tenders walk one list, from the cheapest offer on, so that each offer
 * is read and written once however many lots it gets.
 */
export class BookWalk {
  private readonly host: Host
  private readonly source: Generator<[Uint8Array, number]>
  private readonly mostOffers: number
  private readonly changed: Candidate[] = []
  private candidates: Candidate[] = []
  private loaded = 0

  /** Reads at most `mostOffers` offers in all. */
  constructor(host: Host, mostOffers: number) {
    this.host = host
    this.mostOffers = mostOffers
    this.source = walkBook(host, { limit: mostOffers })
  }

  /** Whether this many candidates, from the first on, could be looked at without reading too many offers. */
  reaches(count: number): boolean {
    return this.loaded + Math.max(0, count - this.candidates.length) <= this.mostOffers
  }

  /** The candidate at a place of the list; undefined beyond the end of the book. */
  at(index: number): Candidate | undefined {
    while (this.candidates.length <= index) {
      const next = this.source.next()
      if (next.done) return undefined
      this.loaded += 1
      const [, id] = next.value
      const offer = getOffer(this.host, id)!
      this.candidates.push({ id, provider: mapKey(offer.provider), offer, changed: false })
    }
    return this.candidates[index]
  }

  /** Gives a lot to a candidate that it fits; returns the collateral that it locks. */
  occupy(candidate: Candidate, sizeBytes: number): bigint {
    const { offer } = candidate
    const collateralGrains = collateralFor(periodPrice(offer.priceGrains, sizeBytes))
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
 * Each lot, in the buyer's order, gets the first offer of the book at no more than the highest price that has room for it
 * and whose provider is not excluded and has no other lot of the tender. Looks at the first `mostOffers` offers.
 */
export function chooseOffers(
  walk: BookWalk,
  lots: readonly { sizeBytes: number }[],
  maxPriceGrains: bigint,
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
      if (excluded.has(candidate.provider)) continue
      if (fits(candidate.offer, sizeBytes)) pick = candidate
      else passed.push(candidate)
    }
    picks.push(pick)
  }
  return picks
}
