import { ADDRESS_BYTES, tokenSchema } from '@smartshare/chain'
import { amount, bool, fixedBytes, record, uint } from '@smartshare/codec'
import { hashTagged } from '@smartshare/crypto'
import type { EventKind, Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import { Table } from '../table.ts'
import { pools, release } from '../tokens/tokens.ts'
import { closeOffer, getOffer, OFFERS, type Offer, pledgeOf, saveOffer, unlist } from './offer.ts'

/** Changes that come true per block; what is beyond waits for the next one. Each makes at most two events. */
export const MAX_CHANGES_PER_BLOCK = 512

/** Offers to look at after the matching of a height: a change was asked for, or the offer matures. */
const dues = new Table(OFFERS, 6, record({ height: uint(), offer: uint() }))

/** An offer as it is now. */
const offerEvent = {
  target: OFFERS,
  name: 'offer',
  schema: record({
    offer: uint(),
    provider: fixedBytes(ADDRESS_BYTES),
    token: tokenSchema,
    priceGrains: amount,
    /** Per GiB and period, in SSP. */
    pledgeGrains: amount,
    capacityBytes: uint(),
    /** What it holds, locked or not. */
    collateralGrains: amount,
    open: bool,
  }),
} satisfies EventKind<unknown>

export const offerEvents = [offerEvent]

export function tellOffer(host: Host, id: number, offer: Offer): void {
  host.emit(offerEvent, {
    offer: id,
    provider: offer.provider,
    token: offer.token,
    priceGrains: offer.priceGrains,
    pledgeGrains: pledgeOf(offer),
    capacityBytes: offer.capacityBytes,
    collateralGrains: offer.freeGrains + offer.lockedGrains,
    open: offer.open,
  })
}

/** Has an offer looked at after the matching of the block of this height. */
export function schedule(host: Host, id: number, height: number): void {
  dues.set(host, { height, offer: id }, uintKey(height), uintKey(id))
}

/**
 * After the matching of a block: what providers asked for in it comes true, and offers mature. A block's maker therefore
 * cannot pull an offer back, or put one before others, once it sees the tenders of the block.
 */
export function applyChanges(host: Host): void {
  const due = [...dues.entries(host, [], { limit: MAX_CHANGES_PER_BLOCK })]
  for (const [key, { height, offer: id }] of due) {
    if (height > host.block.height) break
    dues.delete(host, key)
    const offer = getOffer(host, id)
    if (offer?.open) settle(host, id, offer)
  }
}

function settle(host: Host, id: number, before: Offer): void {
  const { change } = before
  if (change === null) {
    saveOffer(host, id, matured(host, id, before))
    return
  }
  if (change.close) {
    closeOffer(host, id, before)
    tellOffer(host, id, { ...before, freeGrains: 0n, open: false })
    return
  }
  // Matching may have locked part of what was to be taken.
  const taken = change.takeGrains < before.freeGrains ? change.takeGrains : before.freeGrains
  const offer: Offer = {
    ...unlist(host, id, before),
    capacityBytes: change.capacityBytes ?? before.capacityBytes,
    pledgeGrains: change.pledgeGrains ?? before.pledgeGrains,
    freeGrains: before.freeGrains - taken,
    change: null,
  }
  if (change.priceGrains !== null && change.priceGrains !== before.priceGrains) {
    offer.priceGrains = change.priceGrains
    offer.sinceHeight = host.block.height
    offer.draw = null
  }
  release(host, pools.agreements, offer.provider, taken)
  const after = matured(host, id, offer)
  saveOffer(host, id, after)
  tellOffer(host, id, after)
}

/** The offer with its draw if it takes part from the next block on; otherwise it is looked at again in time. */
function matured(host: Host, id: number, offer: Offer): Offer {
  if (offer.draw !== null) return offer
  const lastHeight = lastImmature(offer.sinceHeight, host)
  if (host.block.height >= lastHeight) return { ...offer, draw: drawOf(host, 'market/offer', uintKey(id)) }
  schedule(host, id, lastHeight)
  return offer
}

/** The last block in whose matching an offer with a price of this height takes no part. */
export function lastImmature(sinceHeight: number, { parameters }: Pick<Host, 'parameters'>): number {
  return sinceHeight + Math.max(1, parameters.offerMaturityBlocks) - 1
}

/** A number that this block's randomness draws for an id: the order among equals. */
export function drawOf(host: Host, tag: string, id: Uint8Array): bigint {
  const hash = hashTagged(tag, host.block.accumulator, id)
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0)
}
