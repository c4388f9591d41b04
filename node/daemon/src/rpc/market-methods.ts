import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import {
  agreementById,
  agreementsOfBuyer,
  agreementsOfProvider,
  ID_BYTES,
  MAX_AGREEMENTS_PER_PAGE,
  MAX_OFFERS_PER_PAGE,
  offerById,
  offerOfProvider,
  offersInBook,
  serviceTime,
  tenderById,
  type ViewTime,
} from '@smartshare/runtime'
import { z } from 'zod'
import type { NodeApi } from '../api.ts'
import { method, type RpcMethod, wrongParams } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf, tokenOf } from './texts.ts'
import { recordView } from './views.ts'

const id = z.int().min(0)
const objectId = shapes.hex.length(2 * ID_BYTES).describe('id of an object, 16 bytes in hexadecimal')
const cursor = shapes.hex.max(510).describe('the `next` of the page before')

const offerShape = z.object({
  offer: id,
  kind: z.literal('storage'),
  state: z.enum(['maturing', 'listed', 'full', 'withdrawn']),
  provider: shapes.address,
  token: shapes.token,
  priceGrains: shapes.units.describe('per GiB and period, in smallest units of the token'),
  pledgeGrains: shapes.grains.describe('what the provider answers for in SSP, per GiB and period'),
  capacityBytes: z.int(),
  usedBytes: z.int(),
  agreements: z.int(),
  sinceHeight: shapes.height,
  freeGrains: shapes.grains.describe('collateral that no agreement locks'),
  lockedGrains: shapes.grains,
  change: z
    .object({
      priceGrains: shapes.units.nullable(),
      pledgeGrains: shapes.grains.nullable(),
      capacityBytes: z.int().nullable(),
      takeGrains: shapes.grains,
      close: z.boolean(),
    })
    .nullable()
    .describe('what comes true at the end of the block'),
  region: z.string(),
  peer: z.string().describe('libp2p peer id'),
  addresses: z.array(z.string()).describe('multiaddresses'),
})

const tenderShape = z.object({
  tender: id,
  buyer: shapes.address,
  object: objectId,
  lots: z.array(z.object({ copyId: shapes.hex, sizeBytes: z.int() })),
  token: shapes.token,
  maxPriceGrains: shapes.units,
  leastPledgeGrains: shapes.grains,
  periods: z.int(),
  memo: shapes.hex.describe('sealed by its owner'),
  state: z.enum(['waiting', 'matched']),
  lockedGrains: shapes.units,
  agreements: z.array(id.nullable()).describe('of each lot; null: no offer was found'),
})

const agreementShape = z.object({
  agreement: id,
  kind: z.literal('storage'),
  state: z.enum(['matched', 'active', 'ended', 'breached', 'cancelled']),
  settled: z.boolean().describe('false: `settle` would change the record'),
  tender: id,
  lot: z.int(),
  buyer: shapes.address,
  provider: shapes.address,
  offer: id,
  object: objectId,
  copyId: shapes.hex,
  sizeBytes: z.int(),
  token: shapes.token.describe('what it is paid with: all amounts but pledge and collateral'),
  periodGrains: shapes.units,
  pledgeGrains: shapes.grains.describe('what the provider answers for in SSP for a period'),
  periods: z.int(),
  segments: z.int(),
  root: shapes.hash.nullable(),
  passed: z.int(),
  missed: z.int(),
  readings: z.int(),
  escrowGrains: shapes.grains,
  heldGrains: shapes.grains,
  collateralGrains: shapes.grains,
  paidGrains: shapes.grains,
  feeGrains: shapes.grains,
  expectedGrains: shapes.grains,
  nextInspection: z
    .object({ inspection: z.int(), fromMs: shapes.timeMs, untilMs: shapes.timeMs, seed: shapes.hash.nullable() })
    .nullable(),
  activateUntilMs: shapes.timeMs.nullable(),
})

function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: shapes.hex.nullable(), height: shapes.height })
}

/** A page of records as JSON. `recordView` gives exactly what the shapes say; tests hold the two together. */
function pageView<T extends object, V>(page: { items: T[]; next: Uint8Array | null }, height: number) {
  return {
    items: page.items.map((item) => recordView(item) as V),
    next: page.next === null ? null : toHex(page.next),
    height,
  }
}

function pageOptions(limit: number, after: string | undefined): { limit: number; after?: Uint8Array } {
  return { limit, ...(after === undefined ? {} : { after: fromHex(after) }) }
}

const offers = method({
  name: 'market_offers',
  summary: 'Offers for a token in the order in which matching walks them, the cheapest first',
  params: {
    token: shapes.token.default('SSP'),
    limit: z.int().min(1).max(MAX_OFFERS_PER_PAGE).default(50),
    after: cursor.optional(),
  },
  result: pageOf(offerShape),
  weight: 10,
  handle(node, { token, limit, after }) {
    const { reader, height } = node.state()
    return pageView(offersInBook(reader, { token: tokenOf(token), ...pageOptions(limit, after) }), height)
  },
})

const offer = method({
  name: 'market_offer',
  summary: 'An offer by its id, or the open offer of a provider',
  params: { offer: id.optional(), provider: shapes.address.optional() },
  result: offerShape,
  handle(node, params) {
    const { reader } = node.state()
    if ((params.offer === undefined) === (params.provider === undefined)) {
      throw wrongParams('either `offer` or `provider`')
    }
    const found =
      params.offer !== undefined
        ? offerById(reader, params.offer)
        : offerOfProvider(reader, addressOf(params.provider!))
    if (found === undefined) throw new SmartshareError('RPC_NOT_FOUND', 'there is no such offer')
    return recordView(found) as z.output<typeof offerShape>
  },
})

const tender = method({
  name: 'market_tender',
  summary: 'A tender by its id, and what became of its lots',
  params: { tender: id },
  result: tenderShape,
  handle(node, params) {
    const found = tenderById(node.state().reader, params.tender)
    if (found === undefined) throw new SmartshareError('RPC_NOT_FOUND', `there is no tender ${params.tender}`)
    return recordView(found) as z.output<typeof tenderShape>
  },
})

function viewTime(node: NodeApi): ViewTime {
  return { timeMs: node.state().timeMs, activationMs: node.genesis.record.parameters.activationMs }
}

const agreement = method({
  name: 'storage_agreement',
  summary: 'An agreement by its id, as it stands at the time of the latest block',
  params: { agreement: id },
  result: agreementShape,
  handle(node, params) {
    const found = agreementById(node.state().reader, params.agreement, viewTime(node))
    if (found === undefined) throw new SmartshareError('RPC_NOT_FOUND', `there is no agreement ${params.agreement}`)
    return recordView(found) as z.output<typeof agreementShape>
  },
})

const agreements = method({
  name: 'storage_agreements',
  summary: 'Agreements of a buyer (all, or of one object) or of a provider',
  params: {
    buyer: shapes.address.optional(),
    provider: shapes.address.optional(),
    object: objectId.optional().describe('with `buyer`'),
    limit: z.int().min(1).max(MAX_AGREEMENTS_PER_PAGE).default(50),
    after: cursor.optional(),
  },
  result: pageOf(agreementShape),
  weight: 10,
  handle(node, { buyer, provider, object, limit, after }) {
    const { reader, height } = node.state()
    const options = pageOptions(limit, after)
    if (buyer !== undefined && provider === undefined) {
      const narrowed = object === undefined ? options : { ...options, object: fromHex(object) }
      return pageView(agreementsOfBuyer(reader, addressOf(buyer), viewTime(node), narrowed), height)
    }
    if (provider !== undefined && buyer === undefined && object === undefined) {
      return pageView(agreementsOfProvider(reader, addressOf(provider), viewTime(node), options), height)
    }
    throw wrongParams('either `buyer`, perhaps with `object`, or `provider`')
  },
})

const time = method({
  name: 'storage_time',
  summary: 'Service time at a wall-clock time: the time of blocks without the gaps in which the chain stood still',
  params: { timeMs: shapes.timeMs },
  result: z.object({ serviceMs: shapes.timeMs, height: shapes.height }),
  handle(node, { timeMs }) {
    const { reader, height } = node.state()
    return { serviceMs: serviceTime(reader, timeMs), height }
  },
})

export const marketMethods: readonly RpcMethod[] = [offers, offer, tender, agreement, agreements, time]
