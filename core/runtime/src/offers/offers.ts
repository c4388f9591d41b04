import { SSP, type Token, tokenSchema } from '@smartshare/chain'
import { amount, array, optional, record, SmartshareError, text, uint } from '@smartshare/codec'
import { addAmount, equalBytes } from '@smartshare/crypto'
import type { EventKind, Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import type { Method, Module } from '../module.ts'
import { getCoin } from '../tokens/coins.ts'
import { pools, spend } from '../tokens/tokens.ts'
import { lastImmature, offerEvents, schedule, tellOffer } from './changes.ts'
import {
  addOffer,
  contacts,
  getOffer,
  LEAST_ROOM_BYTES,
  MAX_ADDRESS_BYTES,
  MAX_ADDRESSES,
  MAX_CAPACITY_BYTES,
  MAX_PEER_BYTES,
  MAX_REGION_BYTES,
  OFFERS,
  type Offer,
  type OfferChange,
  STORAGE,
  saveOffer,
  standingOffer,
} from './offer.ts'

const location = {
  peer: text(MAX_PEER_BYTES, 1),
  addresses: array(text(MAX_ADDRESS_BYTES, 1), MAX_ADDRESSES),
}

interface PostArguments {
  kind: number
  region: string
  token: Token
  priceGrains: bigint
  pledgeGrains: bigint | null
  capacityBytes: number
  peer: string
  addresses: string[]
  collateralGrains: bigint
}

/** `offers.post`: offers storage from the block on in which the offer matures. One open offer per account and kind. */
const post: Method<PostArguments> = {
  id: 1,
  name: 'post',
  arguments: record({
    kind: uint(STORAGE, STORAGE),
    region: text(MAX_REGION_BYTES),
    token: tokenSchema,
    priceGrains: amount,
    pledgeGrains: optional(amount),
    capacityBytes: uint(MAX_CAPACITY_BYTES),
    ...location,
    collateralGrains: amount,
  }),
  gas: 0,
  check({ token, priceGrains, pledgeGrains, capacityBytes }) {
    checkTerms(priceGrains, capacityBytes)
    checkPledge(token, pledgeGrains)
    if (token !== SSP && pledgeGrains === null)
      throw pledgeError('a price in another token than SSP needs a pledge in SSP')
  },
  execute(host, args, sender) {
    const { kind, token, priceGrains, pledgeGrains, capacityBytes, collateralGrains, region, peer, addresses } = args
    if (token !== SSP) getCoin(host, token)
    const standing = standingOffer(host, sender)
    if (standing !== undefined) {
      throw new SmartshareError('OFFER_EXISTS', `the account has an open offer already: ${standing}`, {
        offer: standing,
      })
    }
    checkCollateral(host, collateralGrains)
    spend(host, sender, pools.agreements, collateralGrains)
    const sinceHeight = host.block.height
    const offer: Offer = {
      provider: sender,
      kind,
      token,
      priceGrains,
      pledgeGrains,
      capacityBytes,
      usedBytes: 0,
      freeGrains: collateralGrains,
      lockedGrains: 0n,
      agreements: 0,
      sinceHeight,
      draw: null,
      listed: false,
      open: true,
      change: null,
    }
    const id = addOffer(host, offer, { region, peer, addresses })
    schedule(host, id, lastImmature(sinceHeight, host))
    tellOffer(host, id, offer)
  },
}

interface ChangeArguments {
  offer: number
  priceGrains: bigint
  /** Null: as it is. */
  pledgeGrains: bigint | null
  capacityBytes: number
}

/**
 * `offers.change`: another price, pledge or capacity, from the end of this block on. A new price has to mature again;
 * agreements that exist keep theirs. The token of an offer stays: withdraw it and post another.
 */
const change: Method<ChangeArguments> = {
  id: 2,
  name: 'change',
  arguments: record({
    offer: uint(),
    priceGrains: amount,
    pledgeGrains: optional(amount),
    capacityBytes: uint(MAX_CAPACITY_BYTES),
  }),
  gas: 0,
  check: ({ priceGrains, capacityBytes }) => checkTerms(priceGrains, capacityBytes),
  execute(host, { offer: id, priceGrains, pledgeGrains, capacityBytes }, sender) {
    const offer = openOffer(host, id, sender)
    checkPledge(offer.token, pledgeGrains)
    const wish = { priceGrains, capacityBytes }
    ask(host, id, offer, pledgeGrains === null ? wish : { ...wish, pledgeGrains })
  },
}

/** `offers.move`: the provider is reached elsewhere; at once, and also while a withdrawn offer still has agreements. */
const move: Method<{ offer: number; region: string; peer: string; addresses: string[] }> = {
  id: 3,
  name: 'move',
  arguments: record({ offer: uint(), region: text(MAX_REGION_BYTES), ...location }),
  gas: 0,
  check: () => undefined,
  execute(host, { offer: id, region, peer, addresses }, sender) {
    ownOffer(host, id, sender)
    contacts.set(host, { region, peer, addresses }, uintKey(id))
    host.emit(movedEvent, { offer: id, peer })
  },
}

/** `offers.deposit`: more collateral, at once: it helps the buyers of this block and harms nobody. */
const deposit: Method<{ offer: number; grains: bigint }> = {
  id: 4,
  name: 'deposit',
  arguments: record({ offer: uint(), grains: amount }),
  gas: 0,
  check: checkPositive,
  execute(host, { offer: id, grains }, sender) {
    const offer = openOffer(host, id, sender)
    spend(host, sender, pools.agreements, grains)
    const after = { ...offer, freeGrains: addAmount(offer.freeGrains, grains) }
    saveOffer(host, id, after)
    tellOffer(host, id, after)
  },
}

/** `offers.take`: takes back collateral that no agreement locks, at the end of this block. */
const take: Method<{ offer: number; grains: bigint }> = {
  id: 5,
  name: 'take',
  arguments: record({ offer: uint(), grains: amount }),
  gas: 0,
  check: checkPositive,
  execute(host, { offer: id, grains }, sender) {
    const offer = openOffer(host, id, sender)
    const takeGrains = (offer.change?.takeGrains ?? 0n) + grains
    if (takeGrains > offer.freeGrains) {
      throw new SmartshareError('OFFER_COLLATERAL', `only ${offer.freeGrains} grains are free`, {
        free: offer.freeGrains,
      })
    }
    checkCollateral(host, offer.freeGrains + offer.lockedGrains - takeGrains)
    ask(host, id, offer, { takeGrains })
  },
}

/** `offers.withdraw`: no new agreements from the end of this block on; free collateral returns then, the rest later. */
const withdraw: Method<{ offer: number }> = {
  id: 6,
  name: 'withdraw',
  arguments: record({ offer: uint() }),
  gas: 0,
  check: () => undefined,
  execute(host, { offer: id }, sender) {
    ask(host, id, openOffer(host, id, sender), { close: true })
  },
}

const movedEvent = {
  target: OFFERS,
  name: 'moved',
  schema: record({ offer: uint(), peer: text(MAX_PEER_BYTES, 1) }),
} satisfies EventKind<unknown>

/** Standing offers of providers, and the book of them. What they ask for comes true in the hook of the tenders. */
export const offers: Module = {
  id: OFFERS,
  name: 'offers',
  methods: [post, change, move, deposit, take, withdraw],
  events: [...offerEvents, movedEvent],
}

function checkPositive({ grains }: { grains: bigint }): void {
  if (grains === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'an amount of nothing')
}

function checkTerms(priceGrains: bigint, capacityBytes: number): void {
  if (priceGrains === 0n) throw new SmartshareError('OFFER_PRICE', 'a price is at least one grain')
  if (capacityBytes < LEAST_ROOM_BYTES) {
    throw new SmartshareError('OFFER_CAPACITY', `the least capacity is ${LEAST_ROOM_BYTES} bytes`)
  }
}

/** Throws OFFER_PLEDGE. */
function checkPledge(token: Token, pledgeGrains: bigint | null): void {
  if (pledgeGrains === null) return
  if (token === SSP) throw pledgeError('where the price is in SSP, the price is the pledge')
  if (pledgeGrains === 0n) throw pledgeError('a pledge is at least one grain')
}

function pledgeError(why: string): SmartshareError {
  return new SmartshareError('OFFER_PLEDGE', why)
}

function checkCollateral(host: Host, grains: bigint): void {
  const least = host.parameters.leastOfferGrains
  if (grains >= least) return
  throw new SmartshareError('OFFER_COLLATERAL', `the least collateral is ${least} grains`, { least })
}

function ownOffer(host: Host, id: number, sender: Uint8Array): Offer {
  const offer = getOffer(host, id)
  if (offer === undefined) throw new SmartshareError('OFFER_UNKNOWN', `there is no offer ${id}`)
  if (!equalBytes(offer.provider, sender)) {
    throw new SmartshareError('OFFER_OWNER', 'only its provider may change an offer')
  }
  return offer
}

function openOffer(host: Host, id: number, sender: Uint8Array): Offer {
  const offer = ownOffer(host, id, sender)
  if (!offer.open) throw new SmartshareError('OFFER_CLOSED', 'the offer is withdrawn')
  return offer
}

function ask(host: Host, id: number, offer: Offer, wish: Partial<OfferChange>): void {
  const before = offer.change ?? {
    priceGrains: null,
    pledgeGrains: null,
    capacityBytes: null,
    takeGrains: 0n,
    close: false,
  }
  saveOffer(host, id, { ...offer, change: { ...before, ...wish } })
  schedule(host, id, host.block.height)
}
