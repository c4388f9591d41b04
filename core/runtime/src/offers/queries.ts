import { SSP, type Token } from '@smartshare/chain'
import type { StateReader } from '@smartshare/state'
import { uintKey } from '../keys.ts'
import {
  bookPrefix,
  type Contact,
  contacts,
  getOffer,
  type Offer,
  pledgeOf,
  STORAGE,
  standingOffer,
  walkBook,
} from './offer.ts'
import { type Page, type PageOptions, pageOf } from './page.ts'

export const MAX_OFFERS_PER_PAGE = 200

/** What an offer is doing: waits for its price to mature, stands in the book, has no room or collateral left, withdrawn. */
export type OfferState = 'maturing' | 'listed' | 'full' | 'withdrawn'

/** An offer as its provider posted it, what is used of it, and how the provider is reached. */
export interface OfferView
  extends Pick<
      Offer,
      'provider' | 'token' | 'priceGrains' | 'capacityBytes' | 'usedBytes' | 'agreements' | 'sinceHeight' | 'change'
    >,
    Contact {
  readonly offer: number
  readonly kind: 'storage'
  readonly state: OfferState
  /** Per GiB and period, in grains of SSP; the price where that is in SSP. */
  readonly pledgeGrains: bigint
  /** Collateral that no agreement locks, and what agreements lock. */
  readonly freeGrains: bigint
  readonly lockedGrains: bigint
}

function stateOf({ open, draw, listed }: Offer): OfferState {
  if (!open) return 'withdrawn'
  if (listed) return 'listed'
  return draw === null ? 'maturing' : 'full'
}

/** An offer by its id; undefined when it never was, or was withdrawn and all its agreements are closed. */
export function offerById(reader: Pick<StateReader, 'get'>, id: number): OfferView | undefined {
  const offer = getOffer(reader, id)
  if (offer === undefined) return undefined
  const { open: _open, draw: _draw, listed: _listed, ...rest } = offer
  const contact = contacts.get(reader, uintKey(id))!
  return { ...rest, ...contact, pledgeGrains: pledgeOf(offer), offer: id, kind: 'storage', state: stateOf(offer) }
}

/** The open offer of a provider. */
export function offerOfProvider(reader: Pick<StateReader, 'get'>, provider: Uint8Array): OfferView | undefined {
  const id = standingOffer(reader, provider)
  return id === undefined ? undefined : offerById(reader, id)
}

/** Offers for a token (SSP if not said) in the order in which matching walks them, the cheapest first. Throws QUERY_CURSOR. */
export function offersInBook(reader: StateReader, options: PageOptions & { token?: Token } = {}): Page<OfferView> {
  const { token = SSP } = options
  const read = (bounded: { limit: number; after?: Uint8Array }) => walkBook(reader, token, bounded)
  return pageOf(bookPrefix(STORAGE, token), options, MAX_OFFERS_PER_PAGE, read, (id) => offerById(reader, id)!)
}
