import { z } from 'zod'

// What an indexer answers (docs/spec/indexer.md). The server writes these, its OpenAPI document is made from them, and the
// client checks answers against them. Amounts travel as decimal text and become bigint; texts of people are data and stay
// as they are, whatever they hold.

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('32 bytes in lower-case hexadecimal')
const objectId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('16 bytes in lower-case hexadecimal')
const address = z.string().length(62).startsWith('ssp1').describe('address, bech32m')
const height = z.int().min(0)
const timeMs = z.int().min(0).describe('ms since the Unix epoch, UTC')
const count = z.int().min(0)
const token = z.string().max(62).describe('SSP, or the address of a token')
/** Sums of many amounts may be above 64 bits. */
const amount = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,38})$/)
  .describe('integer in the smallest unit as decimal text')
  .transform(BigInt)
const nullableAmount = amount.nullable()
const source = z.string().describe('name of the module, or address of the contract')

/** A page of a list. Pages follow each other by `cursor`, whatever is added meanwhile. */
function page<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('`cursor` of the page after this one; null: there is none'),
    height: height.describe('latest block that the answer takes into account'),
  })
}

export const status = z.object({
  chainId: hash,
  name: z.string().describe('name of the network'),
  state: z
    .enum(['starting', 'rebuilding', 'following', 'waiting'])
    .describe('rebuilding: far behind the node; waiting: `problem` keeps it from going on'),
  height: height.describe('latest block in the database'),
  timeMs: timeMs.describe('time of that block'),
  nodeHeight: height.nullable().describe('latest executed block of the node; null while it was not reached'),
  lag: count.nullable().describe('blocks that the database is behind the node'),
  percent: z.number().min(0).max(100).nullable().describe('how far the database has come'),
  database: z.enum(['pglite', 'postgres']),
  schema: z.int().describe('version of the tables'),
  transactions: count,
  events: count,
  problem: z.string().nullable().describe('why it does not go on; null if it does'),
  code: z.string().nullable(),
})

export const block = z.object({
  height,
  hash,
  parent: hash,
  term: count,
  slot: count,
  timeMs,
  leader: address,
  leaderName: z.string().nullable().describe('name of the delegate'),
  transactions: count,
  failed: count.describe('transactions that failed'),
  events: count,
  missed: count.describe('turns since the block before that brought no final block'),
  gas: count.describe('gas used'),
  feeGrains: amount,
  basePrice: amount.describe('grains per gas'),
  mode: z.enum(['calm', 'busy']),
  sizeBytes: count.describe('bytes of its transactions'),
})
export const blockPage = page(block)

const call = z.object({
  to: source,
  method: z.string(),
  arguments: z
    .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .nullable()
    .describe('of contracts a list; null if they are too long to be kept, or not understood'),
  argumentBytes: count,
  funds: z.array(z.object({ token, amount })),
})

export const transaction = z.object({
  id: hash,
  height,
  index: count.describe('place in the block'),
  timeMs,
  sender: address,
  payer: address.describe('who pays the fee'),
  lane: count,
  nonce: amount,
  status: z.enum(['done', 'failed']),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  gasUsed: count,
  feeGrains: amount,
  sizeBytes: count,
  events: count,
  calls: z.array(call),
})
export const transactionPage = page(transaction)

export const event = z.object({
  height,
  position: count.describe("place among the block's events"),
  timeMs,
  transaction: hash.nullable().describe('null: the block itself did it'),
  from: source,
  name: z.string(),
  data: z.record(z.string(), z.unknown()).nullable().describe('null if it is not understood'),
  encoded: z.string().nullable().describe('base64 of what is not understood'),
})
export const eventPage = page(event)

export const transfer = z.object({
  height,
  position: count,
  timeMs,
  transaction: hash.nullable(),
  kind: z.enum(['transfer', 'mint', 'burn']),
  token,
  from: address.nullable(),
  to: address.nullable(),
  amount,
})
export const transferPage = page(transfer)

export const account = z.object({
  address,
  name: z.string().nullable().describe('of a delegate, contract, token or pool of the system'),
  kind: z.enum(['account', 'delegate', 'contract', 'token', 'pool']),
  firstHeight: height.nullable(),
  lastHeight: height.nullable(),
  transactions: count,
})

export const tokenRow = z.object({
  token: address,
  issuer: address,
  name: z.string(),
  symbol: z.string(),
  decimals: count,
  cap: amount,
  supply: amount,
  issuedHeight: height,
  issuedMs: timeMs,
  holders: count,
  transfers: count,
})
export const tokenPage = page(tokenRow)

export const holder = z.object({
  account: address,
  name: z.string().nullable().describe('of a pool of the system'),
  units: amount.describe('sum of its events: for a balance to rely on ask a node for a proof'),
})
export const holderPage = page(holder)

export const contract = z.object({
  contract: address,
  publisher: address,
  name: z.string(),
  codeHash: hash,
  version: count,
  paused: z.boolean(),
  publishedHeight: height,
  publishedMs: timeMs,
  changedHeight: height,
  calls: count.describe('calls by transactions'),
  events: count,
})
export const contractPage = page(contract)

export const delegate = z.object({
  address,
  name: z.string(),
  bondGrains: amount.describe('what it registered with'),
  commissionThousandths: count,
  registeredHeight: height,
  standing: z.enum(['registered', 'retired', 'jailed', 'banned']),
  terms: count,
  blocks: count,
  missed: count.describe('turns that brought no final block'),
  paidGrains: amount.describe('its own part of its pay, paid at the ends of terms'),
  slashedGrains: amount,
})
export const delegatePage = page(delegate)

export const delegateTerm = z.object({
  term: count,
  seat: count,
  address,
  name: z.string().nullable(),
  startHeight: height,
  blocks: count,
  missed: count,
  paidGrains: amount,
})
export const delegateTermPage = page(delegateTerm)

export const term = z.object({
  term: count,
  startHeight: height,
  startMs: timeMs,
  seats: count,
  blocks: count,
  missed: count,
  paidGrains: amount,
})
export const termPage = page(term)

export const agreement = z.object({
  id: count,
  state: z.enum(['matched', 'active', 'ended', 'breached', 'cancelled']),
  tender: count,
  lot: count,
  buyer: address,
  provider: address,
  offer: count,
  object: objectId,
  sizeBytes: count,
  token,
  periodGrains: amount,
  pledgeGrains: amount,
  periods: count,
  collateralGrains: amount,
  matchedHeight: height,
  matchedMs: timeMs,
  startMs: timeMs.nullable(),
  closedHeight: height.nullable(),
  closedMs: timeMs.nullable(),
  readings: count.describe('inspections passed'),
  paidGrains: amount.describe('to the provider so far'),
  feeGrains: amount.describe('to the mining pool so far'),
  heldGrains: amount.describe('held back so far, for the end of the term'),
  refundGrains: nullableAmount,
  compensationGrains: nullableAmount,
  bountyGrains: nullableAmount,
  forfeitGrains: nullableAmount,
})
export const agreementPage = page(agreement)

export const object = z.object({
  object: objectId,
  buyer: address,
  sizeBytes: count.describe('of one copy as it is stored; 0 before any is matched'),
  copies: count,
  activeCopies: count,
  paidGrains: amount,
  token,
  postedHeight: height,
  postedMs: timeMs,
})
export const objectPage = page(object)

export const job = z.object({
  job: count,
  contract: address,
  caller: address,
  method: z.string(),
  state: z.enum(['ordered', 'running', 'done', 'frozen', 'expired']),
  lockedGrains: amount.describe('highest fee'),
  feeGrains: nullableAmount,
  term: count.nullable(),
  deadlineHeight: height.nullable(),
  resultHash: hash.nullable(),
  gasUsed: count.nullable(),
  error: z.string().nullable(),
  orderedHeight: height,
  orderedMs: timeMs,
  endHeight: height.nullable(),
})
export const jobPage = page(job)

export const chartPoint = z.object({
  startMs: timeMs,
  blocks: count,
  transactions: count,
  failed: count,
  gas: count,
  feeGrains: amount,
  transfers: count,
  movedGrains: amount.describe('SSP in transfers'),
  activeAccounts: count.describe('accounts that sent a transaction'),
  supply: z
    .record(z.string(), amount)
    .describe('grains in each pool of the system at the end; `circulating` is the rest'),
})
export const chart = z.object({ period: z.enum(['hour', 'day']), points: z.array(chartPoint), height })

export const found = z.object({
  kind: z.enum([
    ...(['block', 'transaction', 'account', 'token', 'contract', 'delegate'] as const),
    ...(['agreement', 'object', 'job', 'term'] as const),
  ]),
  id: z.string().describe('height, hash, address or number'),
  title: z.string().describe('name, where it has one'),
})
export const search = z.object({ items: z.array(found), height })

export const failure = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    cure: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
})
