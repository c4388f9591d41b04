import { SSP, type Token } from '@smartshare/chain'
import { amount, array, optional, record, uint } from '@smartshare/codec'
import { addAgreements, type NewAgreement } from '../agreements/agreement.ts'
import type { EventKind, Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import { periodPrice, pledgeFor } from '../offers/offer.ts'
import { releaseToken } from '../tokens/coins.ts'
import { pools } from '../tokens/tokens.ts'
import { BookWalk, type Candidate, chooseOffers, type ReadBudget } from './book-walk.ts'
import {
  forgetTender,
  getTender,
  MAX_LOTS,
  saveTender,
  stopWaiting,
  TENDERS,
  type Tender,
  waitingTenders,
} from './tender.ts'

/** Lots that are matched in one block. */
export const MAX_LOTS_PER_BLOCK = 512
/** Offers that the matching of one block reads. */
export const MAX_OFFERS_PER_BLOCK = 8192
/** Offers that a tender is compared with: a fixed part, and a part for each lot and each excluded provider. */
const OFFERS_PER_TENDER = 64
const OFFERS_PER_LOT = 32
/** Blocks that a tender may wait for its turn. */
export const MAX_WAIT_BLOCKS = 32

/** The agreement of each lot, null where no offer was found; what the buyer gets back at once. */
const matchedEvent = {
  target: TENDERS,
  name: 'matched',
  schema: record({ tender: uint(), agreements: array(optional(uint()), MAX_LOTS), refundGrains: amount }),
} satisfies EventKind<unknown>

/** Too many tenders came before this one: all its money went back. */
const expiredEvent = {
  target: TENDERS,
  name: 'expired',
  schema: record({ tender: uint(), refundGrains: amount }),
} satisfies EventKind<unknown>

export const matchEvents = [matchedEvent, expiredEvent]

/** Most offers that a tender is compared with. */
export function mostOffersFor({ demand }: Pick<Tender, 'demand'>): number {
  return OFFERS_PER_TENDER + OFFERS_PER_LOT * demand.lots.length + demand.exclude.length
}

/**
 * Matches the tenders of this block, and those left over from blocks before, with the book of their token: one batch, older
 * blocks first, then token by token, then the higher price, then the draw. A tender is matched as a whole or waits; the
 * bounds hold per block.
 */
export function matchTenders(host: Host): void {
  let lotsLeft = MAX_LOTS_PER_BLOCK
  const waiting = [...waitingTenders(host, MAX_LOTS_PER_BLOCK)]
  if (waiting.length === 0) return
  const walks = new Walks(host)
  for (const id of waiting) {
    const tender = getTender(host, id)!
    const isExpired = tender.height + MAX_WAIT_BLOCKS < host.block.height
    const walk = walks.of(tender.demand.token)
    lotsLeft -= isExpired ? 1 : tender.demand.lots.length
    if (lotsLeft < 0 || !(isExpired || walk.reaches(mostOffersFor(tender)))) break
    stopWaiting(host, id, tender)
    if (isExpired) expire(host, id, tender)
    else matchTender(host, walk, id, tender)
  }
  walks.finish()
}

/** One walk for each token; an offer is in one token, so that they never meet. */
class Walks {
  private readonly host: Host
  private readonly budget: ReadBudget = { most: MAX_OFFERS_PER_BLOCK, used: 0 }
  private readonly walks = new Map<string, BookWalk>()

  constructor(host: Host) {
    this.host = host
  }

  of(token: Token): BookWalk {
    const key = token === SSP ? '' : mapKey(token)
    const walk = this.walks.get(key) ?? new BookWalk(this.host, token, this.budget)
    this.walks.set(key, walk)
    return walk
  }

  finish(): void {
    for (const walk of this.walks.values()) walk.finish()
  }
}

function expire(host: Host, id: number, tender: Tender): void {
  releaseToken(host, tender.demand.token, pools.agreements, tender.buyer, tender.lockedGrains)
  forgetTender(host, id)
  host.emit(expiredEvent, { tender: id, refundGrains: tender.lockedGrains })
}

function matchTender(host: Host, walk: BookWalk, id: number, tender: Tender): void {
  const { buyer, demand, lockedGrains } = tender
  // Nobody is paid for storing its own copy: it would prove nothing to anybody else.
  const excluded = new Set([buyer, ...demand.exclude].map(mapKey))
  const picks = chooseOffers(walk, demand.lots, demand, excluded, mostOffersFor(tender))
  const matched: NewAgreement[] = []
  for (const [lot, pick] of picks.entries()) if (pick) matched.push(terms(walk, id, tender, lot, pick))
  walk.dropFull(picks)
  let next = addAgreements(host, matched)
  const agreements = picks.map((pick) => (pick === undefined ? null : next++))
  const refundGrains = matched.reduce((rest, { escrowGrains }) => rest - escrowGrains, lockedGrains)
  releaseToken(host, demand.token, pools.agreements, buyer, refundGrains)
  host.emit(matchedEvent, { tender: id, agreements, refundGrains })
  if (matched.length === 0) {
    forgetTender(host, id)
    return
  }
  saveTender(host, id, {
    ...tender,
    demand: { ...demand, exclude: [] },
    lockedGrains: 0n,
    agreements,
    references: matched.length,
  })
}

function terms(walk: BookWalk, id: number, { buyer, demand }: Tender, lot: number, pick: Candidate): NewAgreement {
  const { copyId, sizeBytes } = demand.lots[lot]!
  const periodGrains = periodPrice(pick.offer.priceGrains, sizeBytes)
  return {
    tender: id,
    lot,
    buyer,
    provider: pick.offer.provider,
    offer: pick.id,
    object: demand.object,
    copyId,
    sizeBytes,
    token: demand.token,
    periodGrains,
    pledgeGrains: pledgeFor(pick.offer, sizeBytes),
    periods: demand.periods,
    escrowGrains: periodGrains * BigInt(demand.periods),
    collateralGrains: walk.occupy(pick, sizeBytes),
  }
}
