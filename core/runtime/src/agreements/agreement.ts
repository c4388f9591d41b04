import { ADDRESS_BYTES, HASH_BYTES, tokenSchema } from '@smartshare/chain'
import { amount, bool, fixedBytes, type Infer, optional, record, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import { serviceTime } from '../beacon/beacon.ts'
import type { EventKind, Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import { Table } from '../table.ts'
import {
  forgetTender,
  getTender,
  ID_BYTES,
  MAX_LOT_BYTES,
  MAX_LOTS,
  MAX_PERIODS,
  saveTender,
} from '../tenders/tender.ts'

/** Module number of agreements. */
export const AGREEMENTS = 7
/** Records of closed agreements are kept this long, for the parties to look them up. */
const CLOSED_KEPT_MS = 30 * 24 * 60 * 60 * 1000
/** Closed agreements forgotten per block. */
const MAX_FORGOTTEN_PER_BLOCK = 64

/** Waits for the data and the buyer's activation. */
export const MATCHED = 0
/** Runs: inspected and paid period by period. */
export const ACTIVE = 1
/** Came to the end of its term, or was ended early by the buyer. */
export const ENDED = 2
/** The provider failed. */
export const BREACHED = 3
/** Never became active. */
export const CANCELLED = 4

const address = fixedBytes(ADDRESS_BYTES)

const agreementSchema = record({
  tender: uint(),
  lot: uint(MAX_LOTS - 1),
  buyer: address,
  provider: address,
  offer: uint(),
  object: fixedBytes(ID_BYTES),
  copyId: fixedBytes(ID_BYTES),
  sizeBytes: uint(MAX_LOT_BYTES, 1),
  /** What it is paid with: all amounts below but pledge and collateral, which are in SSP. */
  token: tokenSchema,
  periodGrains: amount,
  /** What the provider answers for in SSP for a period. */
  pledgeGrains: amount,
  periods: uint(MAX_PERIODS, 1),
  /** Terms of inspection as they were at matching; times here and below are service times (see beacon). */
  periodMs: uint(),
  windowMs: uint(),
  segments: uint(256, 1),
  state: uint(CANCELLED),
  root: optional(fixedBytes(HASH_BYTES)),
  matchedMs: uint(),
  /** Activation; 0 before. */
  startMs: uint(),
  /** The next inspection: all before it were passed or missed. */
  next: uint(MAX_PERIODS + 1),
  passed: uint(MAX_PERIODS + 1),
  missed: uint(MAX_PERIODS + 1),
  /** Locked for periods that are not paid. */
  escrowGrains: amount,
  /** Earned, but paid only at the end. */
  heldGrains: amount,
  /** Of the provider, locked until the agreement closes. */
  collateralGrains: amount,
  /** What the provider got so far, and the protocol's fee on it. */
  paidGrains: amount,
  feeGrains: amount,
})

/** One copy with one provider. */
export type Agreement = Infer<typeof agreementSchema>

const agreements = new Table<Agreement>(AGREEMENTS, 1, agreementSchema)
/** Number of agreements there ever were: the next one's id. */
const counts = new Table(AGREEMENTS, 2, uint())
/** By buyer, object and id. */
const ofBuyers = new Table(AGREEMENTS, 3, uint())
/** By provider and id. */
const ofProviders = new Table(AGREEMENTS, 4, uint())
/** Closed ones by the time at which they are forgotten. */
const closed = new Table(AGREEMENTS, 5, record({ dueMs: uint(), agreement: uint() }))

const matchedEvent = {
  target: AGREEMENTS,
  name: 'matched',
  schema: record({
    agreement: uint(),
    tender: uint(),
    lot: uint(),
    buyer: address,
    provider: address,
    offer: uint(),
    object: fixedBytes(ID_BYTES),
    sizeBytes: uint(),
    token: tokenSchema,
    periodGrains: amount,
    pledgeGrains: amount,
    periods: uint(),
    collateralGrains: amount,
  }),
} satisfies EventKind<unknown>

/** The agreement closed; where its money went is in the record of amounts. */
const closedEvent = {
  target: AGREEMENTS,
  name: 'closed',
  schema: record({
    agreement: uint(),
    state: uint(CANCELLED),
    /** What it was paid with: refund, provider, pool. */
    token: tokenSchema,
    /** Unused escrow that returned to the buyer. */
    refundGrains: amount,
    /** To the provider now, without the fee. */
    providerGrains: amount,
    /** To the mining pool: fee, what was held back. */
    poolGrains: amount,
    /** From the collateral, in SSP: to the buyer, to who made the breach visible, and the rest to the mining pool. */
    compensationGrains: amount,
    bountyGrains: amount,
    forfeitGrains: amount,
    /** Whether the collateral returned to the provider's offer. */
    collateralFree: bool,
  }),
} satisfies EventKind<unknown>

export const recordEvents = [matchedEvent, closedEvent]
export type Closing = Omit<Infer<typeof closedEvent.schema>, 'agreement' | 'state' | 'token' | 'collateralFree'>

export function getAgreement(reader: Pick<StateReader, 'get'>, id: number): Agreement | undefined {
  return agreements.get(reader, uintKey(id))
}

export function saveAgreement(host: Host, id: number, agreement: Agreement): void {
  agreements.set(host, agreement, uintKey(id))
}

/** What matching decides about a new agreement. */
export type NewAgreement = Pick<
  Agreement,
  | 'tender'
  | 'lot'
  | 'buyer'
  | 'provider'
  | 'offer'
  | 'object'
  | 'copyId'
  | 'sizeBytes'
  | 'token'
  | 'periodGrains'
  | 'pledgeGrains'
  | 'periods'
  | 'escrowGrains'
  | 'collateralGrains'
>

/** Stores new agreements with consecutive ids, of which the first is returned. */
export function addAgreements(host: Host, matched: readonly NewAgreement[]): number {
  const first = counts.get(host) ?? 0
  counts.set(host, first + matched.length)
  const { storagePeriodMs: periodMs, inspectionWindowMs, inspectionSegments: segments } = host.parameters
  const common = {
    periodMs,
    // A window that reached into the next period would let two inspections be open at a time.
    windowMs: Math.min(inspectionWindowMs, periodMs),
    segments,
    state: MATCHED,
    root: null,
    matchedMs: serviceTime(host, host.block.timeMs),
    startMs: 0,
    next: 0,
    passed: 0,
    missed: 0,
    heldGrains: 0n,
    paidGrains: 0n,
    feeGrains: 0n,
  }
  for (const [i, terms] of matched.entries()) {
    const id = first + i
    const agreement = { agreement: id, ...common, ...terms }
    saveAgreement(host, id, agreement)
    ofBuyers.set(host, id, terms.buyer, terms.object, uintKey(id))
    ofProviders.set(host, id, terms.provider, uintKey(id))
    host.emit(matchedEvent, agreement)
  }
  return first
}

/** Stores the last state of an agreement, which holds no money any more, and tells where the money went. */
export function closeAgreement(host: Host, id: number, agreement: Agreement, state: number, flows: Closing): void {
  const ended = { ...agreement, state, escrowGrains: 0n, heldGrains: 0n, collateralGrains: 0n }
  saveAgreement(host, id, ended)
  const dueMs = host.block.timeMs + CLOSED_KEPT_MS
  closed.set(host, { dueMs, agreement: id }, uintKey(dueMs), uintKey(id))
  const { token } = agreement
  host.emit(closedEvent, { agreement: id, state, token, ...flows, collateralFree: state !== BREACHED })
}

/** At the end of a block: records of agreements that closed long ago go, at most a set number. */
export function forgetClosed(host: Host): void {
  for (const [key, { dueMs, agreement: id }] of [...closed.entries(host, [], { limit: MAX_FORGOTTEN_PER_BLOCK })]) {
    if (dueMs > host.block.timeMs) break
    closed.delete(host, key)
    const { buyer, provider, object, tender: tenderId } = getAgreement(host, id)!
    agreements.delete(host, uintKey(id))
    ofBuyers.delete(host, buyer, object, uintKey(id))
    ofProviders.delete(host, provider, uintKey(id))
    const tender = getTender(host, tenderId)!
    if (tender.references === 1) forgetTender(host, tenderId)
    else saveTender(host, tenderId, { ...tender, references: tender.references - 1 })
  }
}

/** Ids of the agreements of a buyer, or of a buyer and object (`prefix`: one or both). Keys serve as `after`. */
export function idsOfBuyer(
  reader: StateReader,
  prefix: Uint8Array,
  options: { limit: number; after?: Uint8Array },
): Generator<[Uint8Array, number]> {
  return ofBuyers.entries(reader, [prefix], options)
}

/** Ids of a provider's agreements, oldest first. Keys serve as `after`. */
export function idsOfProvider(
  reader: StateReader,
  provider: Uint8Array,
  options: { limit: number; after?: Uint8Array },
): Generator<[Uint8Array, number]> {
  return ofProviders.entries(reader, [provider], options)
}

/** Every agreement; for audits, not for blocks. */
export function* allAgreements(reader: StateReader): Generator<Agreement> {
  for (const [, agreement] of agreements.entries(reader, [], { limit: Number.MAX_SAFE_INTEGER })) yield agreement
}
