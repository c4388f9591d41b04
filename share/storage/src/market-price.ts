import type { Client } from '@smartshare/client'
import { MAX_PERIODS, type OfferView } from '@smartshare/runtime'

/** How long objects are stored unless told otherwise. */
const DEFAULT_TERM_MS = 30 * 24 * 60 * 60 * 1000
/** Offers beyond the copies that the price may reach up to: some of the cheapest may be full or away. */
const SPARE_OFFERS = 4
/** Room above that price, in percent. */
const PRICE_ROOM_PERCENT = 20n
const GIB = 2n ** 30n

/** A price at which copies find providers now. */
export interface MarketPrice {
  /** Per GiB and period, in grains or smallest units of the token; 0 where nobody sells. */
  readonly priceGrains: bigint
  /** Providers up to that price, as far as they were counted. */
  readonly providers: number
}

/**
 * A price at which so many copies find providers now, and some more if one of them fails. `offers`: in the order in which
 * matching walks them.
 */
export async function marketPrice(
  offers: AsyncIterable<OfferView>,
  copies: number,
  leastPledgeGrains = 0n,
): Promise<MarketPrice> {
  let highest = 0n
  let providers = 0
  for await (const { priceGrains, pledgeGrains } of offers) {
    if (pledgeGrains < leastPledgeGrains) continue
    if (priceGrains > highest) highest = priceGrains
    if (++providers >= copies + SPARE_OFFERS) break
  }
  return { priceGrains: (highest * (100n + PRICE_ROOM_PERCENT)) / 100n, providers }
}

/** Periods of the network in 30 days. */
export function defaultPeriods({ parameters }: Pick<Client, 'parameters'>): number {
  return Math.min(MAX_PERIODS, Math.ceil(DEFAULT_TERM_MS / parameters.storagePeriodMs))
}

/** What a tender of these copies locks: each copy's price of a period is rounded up (docs/spec/storage-agreements.md). */
export function lockedGrains(priceGrains: bigint, copyBytes: number, copies: number, periods: number): bigint {
  const ofPeriod = (priceGrains * BigInt(copyBytes) + GIB - 1n) / GIB
  return ofPeriod * BigInt(copies) * BigInt(periods)
}
