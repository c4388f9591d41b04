import { decodeReceipt, encodeHeader } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { cureOf } from '@smartshare/codec/errors'
import { toHex } from '@smartshare/crypto'
import { chainIdOf } from '@smartshare/runtime'
import { z } from 'zod'
import { MAX_SUBMIT, type SubmitOutcome } from '../api.ts'
import { abisOf } from './contract-abis.ts'
import { estimate } from './estimate.ts'
import {
  DEFAULT_PAGE,
  MAX_EVENT_BLOCKS,
  MAX_HISTORY_BLOCKS,
  MAX_HISTORY_BYTES,
  MAX_PAGE,
  MAX_TRANSACTION_TEXT,
} from './limits.ts'
import { method, type RpcMethod, wrongParams } from './method.ts'
import { jsonDetails, shortText } from './rpc-failure.ts'
import * as shapes from './shapes.ts'
import { addressOf, bytesOfBase64, hashOf, holdsBytes } from './texts.ts'
import {
  base64,
  certificateView,
  eventView,
  headerView,
  modeName,
  receiptView,
  recordView,
  sourceName,
} from './views.ts'

const status = method({
  name: 'chain_status',
  summary: 'Where the chain and this node stand',
  params: {},
  result: z.object({
    chainId: shapes.hash,
    node: z.string(),
    version: z.string(),
    height: shapes.height.describe('latest executed block'),
    final: shapes.height.describe('latest final block'),
    hash: shapes.hash.describe('hash of the latest executed block'),
    stateRoot: shapes.hash,
    timeMs: shapes.timeMs,
    term: z.int(),
    slot: z.int(),
    mode: z.enum(['calm', 'busy']),
    load: z
      .object({ gas: z.int(), missed: z.int(), backlog: z.int() })
      .describe('of the last round, in thousandths: gas, missed slots, heavy calls that wait'),
    following: z
      .object({
        follows: z.boolean().describe('false: the node executes every block'),
        followed: z.int().describe('blocks taken over from peers since the start'),
        sampled: z.int().describe('of those, executed at once as samples'),
        executed: z.int().describe('of those, executed when the chain was calm'),
        waiting: z.int().describe('of those, yet to be executed'),
        missed: z.int().describe('of those, never to be executed: too much time went by'),
        lies: z.int().describe('wrong differences that peers gave'),
      })
      .describe('what the node does while the chain is busy'),
    basePrice: shapes.decimal.describe('grains per gas in the next block'),
    supplyGrains: shapes.grains,
    protocol: z.object({
      version: z.int().describe('version of the protocol in force'),
      latest: z.int().describe('newest version that this node knows'),
      next: z.object({ version: z.int(), term: z.int() }).nullable().describe('a decided version and its first term'),
    }),
    txPerSecond: z.number(),
    mempoolTransactions: z.int(),
    peers: z.int(),
    healthy: z.boolean(),
    problem: z.string().nullable(),
  }),
  handle(node) {
    const now = node.status()
    const state = node.state()
    return {
      chainId: toHex(node.chainId),
      node: now.name,
      version: now.version,
      height: state.height,
      final: Math.max(now.finalHeight, state.height),
      hash: toHex(state.hash),
      stateRoot: toHex(state.stateRoot),
      timeMs: state.timeMs,
      term: now.term,
      slot: now.slot,
      mode: modeName(now.mode),
      load: now.load,
      following: now.following,
      basePrice: `${state.basePrice}`,
      supplyGrains: `${now.supplyGrains}`,
      protocol: now.protocol,
      txPerSecond: now.txPerSecond,
      mempoolTransactions: now.mempoolTransactions,
      peers: now.peers,
      healthy: now.healthy,
      problem: now.problem ?? null,
    }
  },
})

const peers = method({
  name: 'chain_peers',
  summary: 'The nodes to which this one is linked',
  params: {},
  result: z.object({ peers: z.array(z.object({ id: z.string(), address: z.string(), seat: z.int().nullable() })) }),
  handle: (node) => ({
    peers: node
      .peers()
      .slice(0, MAX_PAGE)
      .map(({ id, address, seat }) => ({ id, address, seat: seat ?? null })),
  }),
})

const genesis = method({
  name: 'chain_genesis',
  summary: 'The genesis record, whose hash is the chain id, and its parameters',
  params: {},
  result: z.object({
    chainId: shapes.hash,
    name: z.string(),
    preset: z.string(),
    timeMs: shapes.timeMs,
    parameters: z.record(z.string(), z.unknown()),
    delegates: z.int(),
    encoded: shapes.base64.describe('the genesis record of bytes.md §10'),
  }),
  weight: 5,
  handle: ({ genesis: { encoded, record } }) => ({
    chainId: toHex(chainIdOf(record)),
    name: record.name,
    preset: record.preset,
    timeMs: record.timeMs,
    parameters: recordView(record.parameters),
    delegates: record.delegates.length,
    encoded: base64(encoded),
  }),
})

const block = method({
  name: 'chain_block',
  summary: 'A final block: header, certificate and a page of its transactions',
  params: {
    height: shapes.height.min(1),
    skip: z.int().min(0).default(0).describe('transactions to leave out at the front'),
    limit: z.int().min(0).max(MAX_PAGE).default(DEFAULT_PAGE),
  },
  result: z.object({
    header: shapes.header,
    certificate: shapes.certificate.nullable().describe('null: the block is final by a descendant'),
    transactions: z.array(shapes.wire),
  }),
  weight: 5,
  async handle(node, { height, skip, limit }) {
    const found = await node.block(height)
    if (found === undefined) throw unknownBlock(height)
    return {
      header: headerView(found.header, found.hash),
      certificate: found.certificate === undefined ? null : certificateView(found.certificate),
      transactions: found.transactions.slice(skip, skip + limit).map(base64),
    }
  },
})

const blocks = method({
  name: 'chain_blocks',
  summary: 'Headers of final blocks in the order of heights; `next` is where the next page begins',
  params: { from: shapes.height, limit: z.int().min(1).max(DEFAULT_PAGE).default(20) },
  result: z.object({ headers: z.array(shapes.header), next: shapes.height }),
  weight: 10,
  async handle(node, { from, limit }) {
    const headers: z.output<typeof shapes.header>[] = []
    let next = Math.max(from, 1)
    while (headers.length < limit) {
      const found = await node.block(next)
      if (found === undefined) break
      headers.push(headerView(found.header, found.hash))
      next += 1
    }
    return { headers, next }
  },
})

const transaction = method({
  name: 'chain_transaction',
  summary: 'Where a transaction is, and its receipt once it is executed',
  params: { id: shapes.hash },
  result: z.object({
    state: z.enum(['unknown', 'pending', 'executed']),
    height: shapes.height.nullable(),
    index: z.int().nullable(),
    receipt: shapes.receipt.nullable(),
  }),
  async handle(node, { id }) {
    const place = await node.transaction(hashOf(id))
    if (place?.state !== 'executed') {
      return { state: place?.state ?? ('unknown' as const), height: null, index: null, receipt: null }
    }
    const receipts = await node.receipts(place.height)
    const receipt = receipts?.[place.index]
    return {
      state: 'executed' as const,
      height: place.height,
      index: place.index,
      receipt: receipt === undefined ? null : receiptView(receipt, abisOf(node), node.verification(place.height)),
    }
  },
})

const receipts = method({
  name: 'chain_receipts',
  summary: "Receipts of an executed block, the block's own last",
  params: { height: shapes.height.min(1), skip: z.int().min(0).default(0), limit: shapes.limit },
  result: z.object({ receipts: z.array(shapes.receipt), total: z.int() }),
  weight: 5,
  async handle(node, { height, skip, limit }) {
    const found = await node.receipts(height)
    if (found === undefined) throw unknownBlock(height)
    const page = found.slice(skip, skip + limit)
    const verification = node.verification(height)
    return { receipts: page.map((receipt) => receiptView(receipt, abisOf(node), verification)), total: found.length }
  },
})

const historyPlace = z.object({
  height: shapes.height,
  skip: z.int().min(0).describe('receipts of that block to leave out'),
})

const historyBlock = z.object({
  height: shapes.height,
  hash: shapes.hash,
  header: shapes.base64.describe('the header of bytes.md §8'),
  skip: z.int().describe('receipts that came before, on another page'),
  transactions: z.array(shapes.wire),
  receipts: z.array(shapes.base64).describe("receipts of these transactions; at the end of a block the block's own"),
  whole: z.boolean().describe('false if more of the block follows on the next page'),
})

const history = method({
  name: 'chain_history',
  summary: 'Executed blocks with transactions and receipts, from a place in the chain on; `next` is where to go on',
  params: {
    height: shapes.height.min(1).describe('first block'),
    skip: z.int().min(0).default(0).describe('receipts of that block to leave out'),
    limit: z.int().min(1).max(MAX_HISTORY_BLOCKS).default(DEFAULT_PAGE).describe('blocks'),
  },
  result: z.object({
    blocks: z.array(historyBlock),
    next: historyPlace,
    height: shapes.height.describe('latest executed block'),
  }),
  weight: 50,
  async handle(node, { height: first, skip: firstSkip, limit }) {
    const { height: latest } = node.state()
    const blocks: z.output<typeof historyBlock>[] = []
    let sizeBytes = 0
    let skip = firstSkip
    for (let height = first; ; height += 1) {
      if (height > latest || blocks.length === limit || sizeBytes >= MAX_HISTORY_BYTES) {
        return { blocks, next: { height, skip: 0 }, height: latest }
      }
      const [found, receipts] = [await node.block(height), await node.receipts(height)]
      if (found === undefined || receipts === undefined) throw unknownBlock(height)
      let end = Math.min(skip, receipts.length)
      const begin = end
      while (end < receipts.length && (end === begin || sizeBytes < MAX_HISTORY_BYTES)) {
        sizeBytes += receipts[end]!.length + (found.transactions[end]?.length ?? 0)
        end += 1
      }
      const whole = end === receipts.length
      blocks.push({
        ...{ height, hash: toHex(found.hash), header: base64(encodeHeader(found.header)), skip: begin, whole },
        transactions: found.transactions.slice(begin, end).map(base64),
        receipts: receipts.slice(begin, end).map(base64),
      })
      if (!whole) return { blocks, next: { height, skip: end }, height: latest }
      skip = 0
    }
  },
})

const place = z.object({ height: shapes.height, skip: z.int().min(0).describe('events of that block to leave out') })
const placedEvent = shapes.event.extend({
  height: shapes.height,
  transaction: shapes.hash,
  after: place.describe('where to go on after this event'),
})

const events = method({
  name: 'chain_events',
  summary: 'Events from a place in the chain on; `next` is where to go on, also when nothing was found',
  params: {
    height: shapes.height.describe('first block to look at'),
    skip: z.int().min(0).default(0).describe('events of that block to leave out'),
    limit: shapes.limit,
    from: z.string().max(64).optional().describe('only of this module or contract'),
    name: z.string().max(64).optional().describe('only of this name'),
    address: shapes.address.optional().describe('only those in which this address stands'),
  },
  result: z.object({
    events: z.array(placedEvent),
    next: place,
  }),
  weight: 20,
  async handle(node, { height: first, skip: firstSkip, limit, from, name, address }) {
    const found: z.output<typeof placedEvent>[] = []
    const wanted = address === undefined ? undefined : addressOf(address)
    let height = Math.max(first, 1)
    let skip = height === first ? firstSkip : 0
    const last = Math.min(node.state().height, height + MAX_EVENT_BLOCKS - 1)
    for (; height <= last; height += 1) {
      const encoded = await node.receipts(height)
      if (encoded === undefined) throw unknownBlock(height)
      let position = 0
      for (const receipt of encoded.map(decodeReceipt)) {
        for (const event of receipt.events) {
          position += 1
          if (position <= skip || (name !== undefined && event.name !== name)) continue
          if (wanted !== undefined && !holdsBytes(event.data, wanted)) continue
          if (from !== undefined && sourceName(event.target) !== from) continue
          if (found.length === limit) return { events: found, next: { height, skip: position - 1 } }
          const after = { height, skip: position }
          const view = eventView(event, abisOf(node))
          found.push({ ...view, height, transaction: toHex(receipt.transactionId), after })
        }
      }
      skip = 0
    }
    return { events: found, next: { height, skip } }
  },
})

const submitOutcome = z.union([
  z.object({ id: shapes.hash }),
  z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      cure: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
])

const submit = method({
  name: 'chain_submit',
  summary: 'Hands transactions over; each is answered with its id once it is admitted. The same bytes may come again',
  params: { transactions: z.array(shapes.wire).min(1).max(MAX_SUBMIT) },
  result: z.object({
    results: z.array(submitOutcome),
  }),
  weight: 10,
  // By hand: zod would cost more than all the rest of handing a transaction over.
  parse(params) {
    const list = (params as { transactions?: unknown } | null)?.transactions
    if (!Array.isArray(list) || Object.keys(params as object).length !== 1) {
      throw wrongParams('one array `transactions`')
    }
    if (list.length === 0 || list.length > MAX_SUBMIT) throw wrongParams(`transactions: 1 … ${MAX_SUBMIT} of them`)
    for (const text of list) {
      if (typeof text !== 'string' || text.length > MAX_TRANSACTION_TEXT) {
        throw wrongParams('transactions: texts of base64, none larger than a transaction may be')
      }
    }
    return { transactions: list as string[] }
  },
  async handle(node, { transactions }) {
    const outcomes = await node.submit(transactions.map(bytesOfBase64))
    return { results: outcomes.map(outcomeView) }
  },
})

function outcomeView(outcome: SubmitOutcome): z.output<typeof submitOutcome> {
  if ('id' in outcome) return { id: toHex(outcome.id) }
  const { code, message } = outcome.error
  const details = jsonDetails(outcome.error.details)
  return { error: { code, message: shortText(message), cure: cureOf(code), ...(details && { details }) } }
}

const estimateFee = method({
  name: 'chain_estimate',
  summary: 'What a transaction would cost if it were executed now: runs its calls on a copy of the state',
  params: { transaction: shapes.wire.describe('its signatures and nonce are not looked at: zeros will do') },
  result: z.object({
    gas: z.int().describe('gas that it uses'),
    gasLimit: z.int().describe('limit to set: leaves room for a state that has moved on'),
    basePrice: shapes.decimal,
    maxGasPrice: shapes.decimal.describe('price to set: leaves room for some full blocks'),
    feeGrains: shapes.grains.describe('fee at the base price and this limit'),
    highestFeeGrains: shapes.grains,
    depositGrains: shapes.signedDecimal.describe('locked for stored bytes; negative: given back for freed ones'),
  }),
  // Its calls may be of contracts, which may take as long as a transaction may.
  weight: 50,
  handle(node, params) {
    const found = estimate(node, bytesOfBase64(params.transaction))
    return {
      gas: found.gas,
      gasLimit: found.gasLimit,
      basePrice: `${found.basePrice}`,
      maxGasPrice: `${found.maxGasPrice}`,
      feeGrains: `${found.feeGrains}`,
      highestFeeGrains: `${found.highestFeeGrains}`,
      depositGrains: `${found.depositGrains}`,
    }
  },
})

function unknownBlock(height: number): SmartshareError {
  return new SmartshareError('RPC_NOT_FOUND', `there is no final block of height ${height} here`, { height })
}

export const chainMethods: readonly RpcMethod[] = [
  ...[status, peers, genesis, block, blocks, transaction, receipts, history, events, submit, estimateFee],
]
