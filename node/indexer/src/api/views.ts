import type { indexerShapes as shapes } from '@smartshare/client'
import type { z } from 'zod'
import type { Row } from '../database/database.ts'
import { poolNames } from '../rows/money.ts'

// Rows as the shapes of the API.

type Shape<N extends keyof typeof shapes> = z.input<(typeof shapes)[N]>

/** Undefined: a column that the row does not have. */
type Value = Row[string] | undefined

const text = (value: Value) => `${value ?? ''}`
const number = (value: Value) => Number(value ?? 0)
const textOrNull = (value: Value) => (value === null || value === undefined ? null : `${value}`)
const numberOrNull = (value: Value) => (value === null || value === undefined ? null : Number(value))
const amount = (value: Value) => `${value ?? 0}`

/** Columns of a block, with the name of its leader. */
export const BLOCKS = `SELECT b.*, d.name AS leader_name FROM blocks b LEFT JOIN delegates d ON d.address = b.leader`

export function blockView(row: Row): Shape<'block'> {
  return {
    height: number(row.height),
    hash: text(row.hash),
    parent: text(row.parent),
    term: number(row.term),
    slot: number(row.slot),
    timeMs: number(row.time_ms),
    leader: text(row.leader),
    leaderName: textOrNull(row.leader_name),
    transactions: number(row.transactions),
    failed: number(row.failed),
    events: number(row.events),
    missed: number(row.missed),
    gas: number(row.gas),
    feeGrains: amount(row.fee),
    basePrice: amount(row.base_price),
    mode: row.mode === 'busy' ? 'busy' : 'calm',
    sizeBytes: number(row.size_bytes),
  }
}

export function transactionView(row: Row): Shape<'transaction'> {
  return {
    id: text(row.id),
    height: number(row.height),
    index: number(row.index),
    timeMs: number(row.time_ms),
    sender: text(row.sender),
    payer: text(row.payer),
    lane: number(row.lane),
    nonce: amount(row.nonce),
    status: row.failed === true ? 'failed' : 'done',
    error: row.error_code === null ? null : { code: text(row.error_code), message: text(row.error_message) },
    gasUsed: number(row.gas),
    feeGrains: amount(row.fee),
    sizeBytes: number(row.size_bytes),
    events: number(row.events),
    calls: JSON.parse(text(row.calls)),
  }
}

/** Columns of an event, with the id of its transaction and the time of its block. */
export const EVENTS = `SELECT e.*, t.id, b.time_ms FROM events e JOIN blocks b ON b.height = e.height
LEFT JOIN transactions t ON t.height = e.height AND t.index = e.tx_index`

export function eventView(row: Row): Shape<'event'> {
  return {
    height: number(row.height),
    position: number(row.position),
    timeMs: number(row.time_ms),
    transaction: textOrNull(row.id),
    from: text(row.source),
    name: text(row.name),
    data: row.data === null ? null : JSON.parse(text(row.data)),
    encoded: textOrNull(row.encoded),
  }
}

export function transferView(row: Row): Shape<'transfer'> {
  return {
    height: number(row.height),
    position: number(row.position),
    timeMs: number(row.time_ms),
    transaction: textOrNull(row.id),
    kind: row.kind as 'transfer' | 'mint' | 'burn',
    token: text(row.token),
    from: textOrNull(row.sender),
    to: textOrNull(row.receiver),
    amount: amount(row.amount),
  }
}

export function tokenView(row: Row): Shape<'tokenRow'> {
  return {
    token: text(row.token),
    issuer: text(row.issuer),
    name: text(row.name),
    symbol: text(row.symbol),
    decimals: number(row.decimals),
    cap: amount(row.cap),
    supply: amount(row.supply),
    issuedHeight: number(row.height),
    issuedMs: number(row.time_ms),
    holders: number(row.holders),
    transfers: number(row.transfers),
  }
}

export function holderView(row: Row): Shape<'holder'> {
  const account = text(row.account)
  return { account, name: poolNames.get(account) ?? null, units: amount(row.units) }
}

export function contractView(row: Row): Shape<'contract'> {
  return {
    contract: text(row.contract),
    publisher: text(row.publisher),
    name: text(row.name),
    codeHash: text(row.code_hash),
    version: number(row.version),
    paused: row.paused === true,
    publishedHeight: number(row.height),
    publishedMs: number(row.time_ms),
    changedHeight: number(row.changed_height),
    calls: number(row.calls),
    events: number(row.events),
  }
}

export function delegateView(row: Row): Shape<'delegate'> {
  return {
    address: text(row.address),
    name: text(row.name),
    bondGrains: amount(row.bond),
    commissionThousandths: number(row.commission),
    registeredHeight: number(row.height),
    standing: row.standing as Shape<'delegate'>['standing'],
    terms: number(row.terms),
    blocks: number(row.blocks),
    missed: number(row.missed),
    paidGrains: amount(row.paid),
    slashedGrains: amount(row.slashed),
  }
}

/** Columns of a seat, with the name of its delegate. */
export const SEATS = `SELECT s.*, d.name FROM seats s LEFT JOIN delegates d ON d.address = s.address`

export function seatView(row: Row): Shape<'delegateTerm'> {
  return {
    term: number(row.term),
    seat: number(row.seat),
    address: text(row.address),
    name: textOrNull(row.name),
    startHeight: number(row.start_height),
    blocks: number(row.blocks),
    missed: number(row.missed),
    paidGrains: amount(row.paid),
  }
}

export function termView(row: Row): Shape<'term'> {
  return {
    term: number(row.term),
    startHeight: number(row.height),
    startMs: number(row.time_ms),
    seats: number(row.seats),
    blocks: number(row.blocks),
    missed: number(row.missed),
    paidGrains: amount(row.paid),
  }
}

/** In the order of the chain's numbers. */
const STATES = ['matched', 'active', 'ended', 'breached', 'cancelled'] as const

export function agreementView(row: Row): Shape<'agreement'> {
  return {
    id: number(row.id),
    state: STATES[number(row.state)] ?? 'matched',
    tender: number(row.tender),
    lot: number(row.lot),
    buyer: text(row.buyer),
    provider: text(row.provider),
    offer: number(row.offer),
    object: text(row.object),
    sizeBytes: number(row.size_bytes),
    token: text(row.token),
    periodGrains: amount(row.period_amount),
    pledgeGrains: amount(row.pledge),
    periods: number(row.periods),
    collateralGrains: amount(row.collateral),
    matchedHeight: number(row.height),
    matchedMs: number(row.time_ms),
    startMs: numberOrNull(row.start_ms),
    closedHeight: numberOrNull(row.closed_height),
    closedMs: numberOrNull(row.closed_ms),
    readings: number(row.readings),
    paidGrains: amount(row.paid),
    feeGrains: amount(row.fee),
    heldGrains: amount(row.held),
    refundGrains: textOrNull(row.refund),
    compensationGrains: textOrNull(row.compensation),
    bountyGrains: textOrNull(row.bounty),
    forfeitGrains: textOrNull(row.forfeit),
  }
}

/** Columns of an object, with the sums of its agreements. */
export const OBJECTS = `SELECT o.*, a.size_bytes, a.copies, a.active, a.paid FROM objects o CROSS JOIN LATERAL (
  SELECT coalesce(max(size_bytes), 0)::bigint AS size_bytes, count(*) AS copies,
    count(*) FILTER (WHERE state = 1) AS active, coalesce(sum(paid), 0) AS paid
  FROM agreements WHERE agreements.object = o.object
) a`

export function objectView(row: Row): Shape<'object'> {
  return {
    object: text(row.object),
    buyer: text(row.buyer),
    sizeBytes: number(row.size_bytes),
    copies: number(row.copies),
    activeCopies: number(row.active),
    paidGrains: amount(row.paid),
    token: text(row.token),
    postedHeight: number(row.height),
    postedMs: number(row.time_ms),
  }
}

export function jobView(row: Row): Shape<'job'> {
  return {
    job: number(row.job),
    contract: text(row.contract),
    caller: text(row.caller),
    method: text(row.method),
    state: row.state as Shape<'job'>['state'],
    lockedGrains: amount(row.locked),
    feeGrains: textOrNull(row.fee),
    term: numberOrNull(row.term),
    deadlineHeight: numberOrNull(row.deadline),
    resultHash: textOrNull(row.result_hash),
    gasUsed: numberOrNull(row.gas),
    error: textOrNull(row.error),
    orderedHeight: number(row.height),
    orderedMs: number(row.time_ms),
    endHeight: numberOrNull(row.end_height),
  }
}
