import { z } from 'zod'
import { DEFAULT_PAGE, MAX_PAGE, MAX_TRANSACTION_TEXT } from './limits.ts'

// The words of the RPC: what parameters and results are made of.

const DECIMAL = /^(0|[1-9][0-9]{0,19})$/

export const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('32 bytes in lower-case hexadecimal')
export const hex = z.string().regex(/^([0-9a-f]{2})*$/)
export const address = z.string().length(62).startsWith('ssp1').describe('address, bech32m')
export const decimal = z.string().regex(DECIMAL).describe('integer as decimal text')
export const signedDecimal = z
  .string()
  .regex(/^(0|-?[1-9][0-9]{0,19})$/)
  .describe('integer with a sign as decimal text')
export const grains = z.string().regex(DECIMAL).describe('grains (1 SSP = 10^8 grains) as decimal text')
export const token = z.string().max(62).describe('SSP, or the address of a token')
export const units = z.string().regex(DECIMAL).describe('smallest units of the token as decimal text')
export const height = z.int().min(0)
export const timeMs = z.int().min(0).describe('ms since the Unix epoch, UTC')
export const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)
export const wire = base64.max(MAX_TRANSACTION_TEXT).describe('a transaction as it travels (bytes.md §5), base64')
export const limit = z.int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE)

export const certificate = z.object({
  term: z.int(),
  slot: z.int(),
  kind: z.int().describe('0 Notar, 1 Skip, 2 Final'),
  value: hash,
  bitmap: hex,
  signature: hex,
  encoded: base64.describe('the certificate of bytes.md §8'),
})

export const header = z.object({
  height,
  hash,
  parent: hash,
  term: z.int(),
  slot: z.int(),
  timeMs,
  leader: z.int().describe('seat in the set of the term'),
  rootHeight: z.int(),
  stateRoot: hash,
  rangeRoot: hash,
  transactionsRoot: hash,
  transactionCount: z.int(),
  gas: z.int(),
  basePrice: decimal,
  mode: z.enum(['calm', 'busy']),
  nextSet: hash.nullable(),
  encoded: base64.describe('the header of bytes.md §8'),
})

export const event = z.object({
  from: z.string().describe('name of the module, or address of the contract'),
  name: z.string(),
  data: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('the record, if this node knows the kind of event; of contracts by the ABI that they have now'),
  encoded: base64,
})

export const receipt = z.object({
  transaction: hash,
  status: z.enum(['done', 'failed']),
  gasUsed: z.int(),
  feeGrains: grains,
  payer: address,
  verification: z
    .enum(['executed', 'sampled', 'followed'])
    .describe(
      'how this node came to it: by executing the block, or while the chain is busy by what peers gave, held against the certified roots, and executed as a sample or not',
    ),
  events: z.array(event),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
