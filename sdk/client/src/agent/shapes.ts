import { z } from 'zod'

// What the owner's agent answers (docs/spec/agent-api.md). Amounts are decimal text in JSON and bigint here.

/** Highest that any amount of the chain is, in decimal figures. */
const MAX_FIGURES = 40
const count = z.int().min(0)
const timeMs = z.int().min(0)
const amount = z.string().regex(/^\d+$/).max(MAX_FIGURES).transform(BigInt)
const address = z.string().length(62).startsWith('ssp1')
const token = z.union([z.literal('SSP'), address])
/** Names of objects and uploads: 16 bytes in lower-case hexadecimal. */
export const agentId = z.string().regex(/^[0-9a-f]{32}$/)

const agentFailure = z.object({ code: z.string(), message: z.string(), cure: z.string() })

export const agentStatus = z.object({
  version: z.string(),
  chainId: z.string(),
  wallet: z.string(),
  account: address,
  balanceGrains: amount,
  height: count,
  /** Length of a period, for which is paid and after which is inspected. */
  periodMs: timeMs,
  /** Providers that sell for SSP now, as far as they are counted: no object can have more copies. */
  providers: count,
  /** What all objects may take together, and take now, uploads under way included; null: as much as there is money for. */
  quotaBytes: count.nullable(),
  usedBytes: count,
  /** Where uploads are sealed before they leave. */
  freeDiskBytes: count,
  maxObjectBytes: count,
})

export const agentQuote = z.object({
  sizeBytes: count,
  copies: count,
  periods: count,
  /** Providers that take part at the highest price. */
  providers: count,
  /** Highest price per GiB and period. */
  priceGrains: amount,
  /** Locked at first, at that price; what it is below, returns at once. */
  lockedGrains: amount,
  balanceGrains: amount,
  /** What an upload on these terms would be refused with. */
  problem: agentFailure.nullable(),
})

export const agentUpload = z.object({
  upload: agentId,
  name: z.string(),
  sizeBytes: count,
  copies: count,
  state: z.enum(['receiving', 'storing', 'done', 'failed', 'cancelled']),
  /** Bytes that have come from the app. */
  receivedBytes: count,
  /** Bytes that providers have confirmed, of so many in all copies. */
  storedBytes: count,
  totalBytes: count,
  /** Copies with a provider's receipt. */
  ready: count,
  object: agentId.nullable(),
  error: agentFailure.nullable(),
  startedMs: timeMs,
})
export const agentUploads = z.object({ items: z.array(agentUpload) })

const agentAgreement = z.object({
  agreement: count,
  state: z.enum(['matched', 'active', 'ended', 'breached', 'cancelled']),
  provider: address,
  offer: count,
  sizeBytes: count,
  token,
  periodGrains: amount,
  periods: count,
  passed: count,
  missed: count,
  /** The inspection that is open or comes next; of active agreements alone. */
  nextInspection: z.object({ inspection: count, fromMs: timeMs, untilMs: timeMs }).nullable(),
  startMs: timeMs.nullable(),
  endsMs: timeMs.nullable(),
  escrowGrains: amount,
  heldGrains: amount,
  collateralGrains: amount,
  paidGrains: amount,
  feeGrains: amount,
  expectedGrains: amount,
  /** What ending it now would still cost, and give back; null if it is over. */
  ending: z.object({ costGrains: amount, returnedGrains: amount }).nullable(),
})

const agentObject = z.object({
  object: agentId,
  /** Null: another wallet sealed it, or the memo is gone. */
  name: z.string().nullable(),
  mediaType: z.string().nullable(),
  storedMs: timeMs.nullable(),
  sizeBytes: count,
  /** Copies that are kept now. */
  copies: count,
  /** The first of its agreements ends then. */
  endsMs: timeMs.nullable(),
  token,
  /** Over all agreements: paid out (fees included), locked, and what it comes to if all goes well. */
  paidGrains: amount,
  lockedGrains: amount,
  expectedGrains: amount,
  agreements: z.array(agentAgreement),
})
export const agentObjects = z.object({ items: z.array(agentObject), isWhole: z.boolean() })

/** Where a provider that keeps a copy is; empty texts if its offer is gone. */
const agentPlace = z.object({
  agreement: count,
  region: z.string(),
  peer: z.string(),
  addresses: z.array(z.string()),
})
/** An object with all its agreements, those that are over too, and where copies lie. */
export const agentObjectDetail = agentObject.extend({ places: z.array(agentPlace) })

export const agentRemoval = z.object({ object: agentId, ended: z.array(count), cancelled: z.array(count) })
export const agentTicket = z.object({ path: z.string(), untilMs: timeMs })
export const agentRefusal = z.object({ error: agentFailure })

export type AgentStatusAnswer = z.output<typeof agentStatus>
export type AgentQuote = z.output<typeof agentQuote>
export type AgentUpload = z.output<typeof agentUpload>
export type AgentAgreement = z.output<typeof agentAgreement>
export type AgentObject = z.output<typeof agentObject>
export type AgentObjectDetail = z.output<typeof agentObjectDetail>
export type AgentPlace = z.output<typeof agentPlace>
export type AgentRemoval = z.output<typeof agentRemoval>
export type AgentTicket = z.output<typeof agentTicket>
export type AgentFailure = z.output<typeof agentFailure>
