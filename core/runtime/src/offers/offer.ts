import { ADDRESS_BYTES, SSP, type Token, tokenSchema } from '@smartshare/chain'
import { amount, array, bool, fixedBytes, type Infer, optional, record, text, u64, uint } from '@smartshare/codec'
import { checkAmount } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { u64Key, uintKey } from '../keys.ts'
import { Table } from '../table.ts'
import { pools, release } from '../tokens/tokens.ts'

/** Module number of offers. */
export const OFFERS = 5
/** The kind of offers of storage; its unit is the GiB and period. */
export const STORAGE = 1
export const MAX_REGION_BYTES = 64
export const MAX_PEER_BYTES = 128
export const MAX_ADDRESS_BYTES = 256
export const MAX_ADDRESSES = 8
/** 1 PiB. */
export const MAX_CAPACITY_BYTES = 2 ** 50
/** An offer with less room than this leaves the book, so that nobody walks past offers that fit nothing. */
export const LEAST_ROOM_BYTES = 2 ** 20
/** Collateral of an agreement: the price of this many periods. */
const COLLATERAL_PERIODS = 14n
const GIB = 1n << 30n
/** What stands in the book key for SSP; other tokens follow a 1. */
const SSP_KEY = Uint8Array.of(0)

const changeSchema = record({
  priceGrains: optional(amount),
  pledgeGrains: optional(amount),
  capacityBytes: optional(uint(MAX_CAPACITY_BYTES)),
  takeGrains: amount,
  close: bool,
})

/** What a provider asked for and what comes true at the end of the block, after matching. */
export type OfferChange = Infer<typeof changeSchema>

const offerSchema = record({
  provider: fixedBytes(ADDRESS_BYTES),
  kind: uint(STORAGE, STORAGE),
  token: tokenSchema,
  /** Per GiB and period, in the smallest units of the token. */
  priceGrains: amount,
  /**
   * What the provider answers for in SSP, per GiB and period: in place of the price if that is in another token, whose worth
   * in SSP the chain does not know. Null: the price, which is in SSP.
   */
  pledgeGrains: optional(amount),
  capacityBytes: uint(MAX_CAPACITY_BYTES),
  /** Taken by agreements that are not closed. */
  usedBytes: uint(),
  /** Collateral that no agreement locks. */
  freeGrains: amount,
  /** Collateral that agreements lock. */
  lockedGrains: amount,
  /** Agreements that are not closed. */
  agreements: uint(),
  /** Height of the block that set the price. */
  sinceHeight: uint(),
  /** Place among offers of one price and height, drawn when the offer matures; null before that. */
  draw: optional(u64),
  /** Whether the book names it. */
  listed: bool,
  /** False once withdrawn: it only waits for its agreements to close. */
  open: bool,
  change: optional(changeSchema),
})

/** A provider's standing offer. */
export type Offer = Infer<typeof offerSchema>

const contactSchema = record({
  region: text(MAX_REGION_BYTES),
  peer: text(MAX_PEER_BYTES, 1),
  addresses: array(text(MAX_ADDRESS_BYTES, 1), MAX_ADDRESSES),
})

/** Where a provider is reached: libp2p peer id and multiaddresses; and the region that it states. */
export type Contact = Infer<typeof contactSchema>

const offers = new Table<Offer>(OFFERS, 1, offerSchema)
export const contacts = new Table<Contact>(OFFERS, 2, contactSchema)
/** Number of offers there ever were: the next one's id. */
const counts = new Table(OFFERS, 3, uint())
/** The open offer of a provider for a kind. */
const standing = new Table(OFFERS, 4, uint())
/** Mature offers with room, by kind, token, price, height of the price, draw and id. */
const book = new Table(OFFERS, 5, uint())

/** Price of `sizeBytes` for a period in grains, rounded up: nothing is stored for nothing. Throws AMOUNT_RANGE. */
export function periodPrice(priceGrains: bigint, sizeBytes: number): bigint {
  return checkAmount(unboundedPrice(priceGrains, sizeBytes))
}

function unboundedPrice(priceGrains: bigint, sizeBytes: number): bigint {
  return (priceGrains * BigInt(sizeBytes) + GIB - 1n) / GIB
}

/** Collateral in grains that an agreement with this pledge for a period locks. */
export function collateralFor(pledgeGrains: bigint): bigint {
  return COLLATERAL_PERIODS * pledgeGrains
}

/** What an offer pledges per GiB and period, in grains of SSP. */
export function pledgeOf({ priceGrains, pledgeGrains }: Pick<Offer, 'priceGrains' | 'pledgeGrains'>): bigint {
  return pledgeGrains ?? priceGrains
}

/**
 * What an offer pledges for a period of a lot. Beyond every amount for absurd pledges, which no collateral covers: nothing may
 * be thrown while a block is matched.
 */
export function pledgeFor(offer: Pick<Offer, 'priceGrains' | 'pledgeGrains'>, sizeBytes: number): bigint {
  return unboundedPrice(pledgeOf(offer), sizeBytes)
}

/** Whether the offer has capacity and free collateral for a lot. */
export function fits(offer: Offer, sizeBytes: number): boolean {
  if (offer.usedBytes + sizeBytes > offer.capacityBytes) return false
  return collateralFor(pledgeFor(offer, sizeBytes)) <= offer.freeGrains
}

/** Whether the offer belongs into the book: open, mature, secured, with room. */
export function isListable(offer: Offer, leastGrains: bigint): boolean {
  if (!offer.open || offer.draw === null || offer.freeGrains + offer.lockedGrains < leastGrains) return false
  return fits(offer, LEAST_ROOM_BYTES)
}

export function getOffer(reader: Pick<StateReader, 'get'>, id: number): Offer | undefined {
  return offers.get(reader, uintKey(id))
}

/** Id of a provider's open offer of storage. */
export function standingOffer(reader: Pick<StateReader, 'get'>, provider: Uint8Array): number | undefined {
  return standing.get(reader, provider, Uint8Array.of(STORAGE))
}

export function addOffer(host: Host, offer: Offer, contact: Contact): number {
  const id = counts.get(host) ?? 0
  counts.set(host, id + 1)
  standing.set(host, id, offer.provider, Uint8Array.of(offer.kind))
  contacts.set(host, contact, uintKey(id))
  saveOffer(host, id, offer)
  return id
}

/** Stores an offer whose price, height and draw are as before; enters it in the book or takes it out. */
export function saveOffer(host: Host, id: number, offer: Offer): void {
  const listed = isListable(offer, host.parameters.leastOfferGrains)
  if (listed && !offer.listed) book.set(host, id, ...placeOf(id, offer))
  if (!listed && offer.listed) book.delete(host, ...placeOf(id, offer))
  offers.set(host, { ...offer, listed }, uintKey(id))
}

/** Takes an offer out of the book, so that its place may change. */
export function unlist(host: Host, id: number, offer: Offer): Offer {
  if (offer.listed) book.delete(host, ...placeOf(id, offer))
  return { ...offer, listed: false }
}

/** Ends an offer: no new agreements, its free collateral goes back; the record stays while agreements need it. */
export function closeOffer(host: Host, id: number, offer: Offer): void {
  const closed = { ...unlist(host, id, offer), open: false, freeGrains: 0n, change: null }
  release(host, pools.agreements, offer.provider, offer.freeGrains)
  standing.delete(host, offer.provider, Uint8Array.of(offer.kind))
  saveOrForget(host, id, closed)
}

/** Gives back what a closed agreement took of an offer; `backGrains` is what is left of its collateral. */
export function vacate(
  host: Host,
  id: number,
  agreement: { sizeBytes: number; collateralGrains: bigint },
  backGrains: bigint,
): void {
  const offer = getOffer(host, id)!
  const vacated = {
    ...offer,
    usedBytes: offer.usedBytes - agreement.sizeBytes,
    lockedGrains: offer.lockedGrains - agreement.collateralGrains,
    agreements: offer.agreements - 1,
  }
  if (offer.open) {
    saveOffer(host, id, { ...vacated, freeGrains: offer.freeGrains + backGrains })
    return
  }
  release(host, pools.agreements, offer.provider, backGrains)
  saveOrForget(host, id, vacated)
}

function saveOrForget(host: Host, id: number, closed: Offer): void {
  if (closed.agreements > 0) {
    saveOffer(host, id, closed)
    return
  }
  offers.delete(host, uintKey(id))
  contacts.delete(host, uintKey(id))
}

function placeOf(id: number, { kind, token, priceGrains, sinceHeight, draw }: Offer): Uint8Array[] {
  return [bookPrefix(kind, token), u64Key(priceGrains), uintKey(sinceHeight), u64Key(draw ?? 0n), uintKey(id)]
}

/** What the keys of all offers in the book of a kind and token begin with. */
export function bookPrefix(kind: number, token: Token): Uint8Array {
  return token === SSP ? Uint8Array.of(kind, ...SSP_KEY) : Uint8Array.of(kind, 1, ...token)
}

/** Offers of storage for a token from the cheapest on: key in the book (to go on after it) and id. */
export function walkBook(
  reader: StateReader,
  token: Token,
  options: { limit: number; after?: Uint8Array },
): Generator<[Uint8Array, number]> {
  return book.entries(reader, [bookPrefix(STORAGE, token)], options)
}

/** Every offer; for audits, not for blocks. */
export function* allOffers(reader: StateReader): Generator<Offer> {
  for (const [, offer] of offers.entries(reader, [], { limit: Number.MAX_SAFE_INTEGER })) yield offer
}
