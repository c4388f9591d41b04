import {
  type ChainEvent,
  decodeHeader,
  decodeReceipt,
  type Header,
  MODE_CALM,
  type ParsedTransaction,
  parseTransaction,
  type Receipt,
  STATUS_DONE,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, toHex } from '@smartshare/crypto'
import type { AbiOf } from '@smartshare/daemon/views'
import { pools } from '@smartshare/runtime'
import { callView } from './calls.ts'
import { type EventFacts, eventFacts, type ModuleRecord, subjectsOf } from './event-facts.ts'
import { readings } from './event-rows.ts'
import type { Money } from './money.ts'
import type { Rows } from './rows.ts'
import { addressText } from './texts.ts'
import type { Turns } from './turns.ts'

/** A block as the node stores it, decoded. */
export interface FinalBlock {
  readonly hash: string
  readonly header: Header
  readonly transactions: readonly ParsedTransaction[]
  /** In the order of the transactions; the block's own is the last. */
  readonly receipts: readonly Receipt[]
}

/** Throws CODEC_*, TX_*, or INDEX_BLOCK for parts that do not belong together. */
export function decodeFinalBlock(
  chainId: Uint8Array,
  block: { hash: string; header: Uint8Array; transactions: readonly Uint8Array[]; receipts: readonly Uint8Array[] },
): FinalBlock {
  const header = decodeHeader(block.header)
  const transactions = block.transactions.map((wire) => parseTransaction(wire, chainId))
  const receipts = block.receipts.map(decodeReceipt)
  const fits =
    receipts.length === transactions.length + 1 &&
    transactions.every(({ id }, i) => equalBytes(id, receipts[i]!.transactionId)) &&
    toHex(receipts.at(-1)!.transactionId) === block.hash
  if (!fits) {
    throw new SmartshareError('INDEX_BLOCK', 'a block and its receipts do not belong together', {
      height: header.height,
    })
  }
  return { hash: block.hash, header, transactions, receipts }
}

export const PERIODS = { hour: 3_600_000, day: 86_400_000 } as const
/** Addresses of one transaction in whose histories it stands. */
const MAX_ACCOUNTS_PER_TRANSACTION = 256
const DELEGATE_PAY = addressText(pools.delegatePay)

/** Everything that `addBlock` fills. */
export interface Target {
  readonly rows: Rows
  readonly money: Money
  readonly turns: Turns
  /** Who was active in which period, as `period start address`. */
  readonly active: Map<string, { period: string; startMs: number; address: string }>
}

/** What one block says, as rows. Pure but for `target`: the same blocks give the same rows, wherever batches begin. */
export function addBlock(to: Target, block: FinalBlock, abiOf: AbiOf): void {
  const { rows, money } = to
  const { header, hash, transactions } = block
  const { height, timeMs, term } = header
  const own = block.receipts.at(-1)!
  const feesAt = own.events.findIndex(({ target, name }) => typeof target === 'number' && name === 'fees')
  let position = 0
  const take = (events: readonly ChainEvent[], index: number | null) =>
    events.map((event) => {
      const facts = eventFacts(event, { height, timeMs, position: position++, index }, abiOf)
      addEvent(to, facts)
      return facts
    })

  // What the block did before its transactions comes first: it may pay those who pay fees. The numbers of the block's own events follow theirs.
  position = block.receipts.slice(0, -1).reduce((sum, { events }) => sum + events.length, 0)
  const before = take(own.events.slice(0, Math.max(0, feesAt)), null)
  beginTerm(to, header, before)
  const ownPosition = position
  position = 0
  let failed = 0
  for (const [index, tx] of transactions.entries()) {
    const receipt = block.receipts[index]!
    const events = take(receipt.events, index)
    money.takeFee(addressText(tx.payer), receipt.feeGrains)
    addTransaction(to, block, index, events, abiOf)
    if (receipt.status !== STATUS_DONE) failed += 1
  }
  const ofTransactions = position
  position = ownPosition
  take(own.events.slice(Math.max(0, feesAt)), null)

  const missed = to.turns.next(header)
  const leader = addTurns(to, header, missed)
  rows.add('blocks', {
    ...{ height, hash, parent: toHex(header.parent), term, slot: header.slot, time_ms: timeMs, leader },
    ...{ transactions: transactions.length, failed, events: ofTransactions + own.events.length, missed: missed.length },
    ...{ gas: own.gasUsed, fee: own.feeGrains, base_price: header.basePrice },
    mode: header.mode === MODE_CALM ? 'calm' : 'busy',
    size_bytes: transactions.reduce((sum, { wire }) => sum + wire.length, 0),
  })
  for (const [period, start_ms] of periodsOf(timeMs)) {
    rows.change('charts', {
      ...{
        period,
        start_ms,
        blocks: 1,
        transactions: transactions.length,
        failed,
        gas: own.gasUsed,
        fee: own.feeGrains,
      },
    })
  }
}

/** The hour and the day of a moment, by their first moments. */
export function periodsOf(timeMs: number): [period: keyof typeof PERIODS, startMs: number][] {
  return [
    ['hour', timeMs - (timeMs % PERIODS.hour)],
    ['day', timeMs - (timeMs % PERIODS.day)],
  ]
}

function addEvent({ rows, money }: Target, event: EventFacts): void {
  const { height, position, index, source, isContract, name, record, data, encoded } = event
  rows.add('events', { height, position, tx_index: index, source, name, data, encoded })
  if (record === undefined) {
    if (isContract) rows.change('contracts', { contract: source, events: 1 })
    return
  }
  for (const { kind, id } of subjectsOf(record)) rows.add('subjects', { kind, id, height, position })
  const reading = readings[`${source}.${name}`]
  reading?.(record, { rows, money, event })
  if (source !== 'tokens' || name !== 'transfer') return
  const isSsp = !(record.token instanceof Uint8Array)
  for (const [period, start_ms] of periodsOf(event.timeMs)) {
    rows.change('charts', { period, start_ms, transfers: 1, moved: isSsp ? (record.amount as bigint) : 0n })
  }
  for (const side of ['from', 'to'] as const) {
    rows.change('accounts', {
      address: addressText(record[side] as Uint8Array),
      first_height: height,
      last_height: height,
    })
  }
}

/** The first block of a term pays the term before out and seats the new set. */
function beginTerm({ rows, turns }: Target, header: Header, before: readonly EventFacts[]): void {
  const event = before.find(({ source, name }) => source === 'delegates' && name === 'term')
  if (event?.record === undefined) return
  const old = turns.members.map(addressText)
  for (const { record, source, name } of before) {
    if (source !== 'tokens' || name !== 'transfer' || record === undefined || record.token !== 0) continue
    if (addressText(record.from as Uint8Array) !== DELEGATE_PAY) continue
    const address = addressText(record.to as Uint8Array)
    const seat = old.indexOf(address)
    if (seat < 0) continue
    const paid = record.amount as bigint
    rows.change('seats', { term: turns.term, seat, paid })
    rows.change('terms', { term: turns.term, paid })
    rows.change('delegates', { address, paid })
  }
  seatTerm(rows, event.record.term as number, event.record.members as readonly Uint8Array[], header)
  turns.begin(event.record.term as number, event.record.members as readonly Uint8Array[])
}

/** Enters a term and its seats. */
export function seatTerm(
  rows: Rows,
  term: number,
  members: readonly Uint8Array[],
  { height, timeMs }: Pick<Header, 'height' | 'timeMs'>,
): void {
  rows.change('terms', { term, height, time_ms: timeMs, seats: members.length })
  for (const [seat, member] of members.entries()) {
    const address = addressText(member)
    rows.change('seats', { term, seat, address, start_height: height })
    rows.change('delegates', { address, terms: 1 })
  }
}

function addTurns({ rows, turns }: Target, { leader, term }: Header, missed: readonly number[]): string {
  const of = (seat: number) => addressText(turns.members[seat]!)
  rows.change('seats', { term, seat: leader, blocks: 1 })
  rows.change('delegates', { address: of(leader), blocks: 1 })
  rows.change('terms', { term, blocks: 1, missed: missed.length })
  for (const seat of missed) {
    rows.change('seats', { term, seat, missed: 1 })
    rows.change('delegates', { address: of(seat), missed: 1 })
  }
  return of(leader)
}

function addTransaction(
  { rows, active }: Target,
  { header: { height, timeMs }, transactions, receipts }: FinalBlock,
  index: number,
  events: readonly EventFacts[],
  abiOf: AbiOf,
): void {
  const tx = transactions[index]!
  const receipt = receipts[index]!
  const sender = addressText(tx.from)
  const payer = addressText(tx.payer)
  const calls = tx.body.calls.map((call) => callView(call, abiOf))
  rows.add('transactions', {
    ...{ height, index, id: toHex(tx.id), time_ms: timeMs, sender, payer, lane: tx.body.lane, nonce: tx.body.nonce },
    ...{ failed: receipt.status !== STATUS_DONE, gas: receipt.gasUsed, fee: receipt.feeGrains },
    ...{ error_code: receipt.error?.code ?? null, error_message: receipt.error?.message ?? null },
    ...{ size_bytes: tx.wire.length, events: events.length, calls: JSON.stringify(calls) },
  })
  const called = tx.body.calls.flatMap(({ target }) => (typeof target === 'number' ? [] : [addressText(target)]))
  for (const contract of called) rows.change('contracts', { contract, calls: 1 })
  const named = events.flatMap(({ record }) => (record === undefined ? [] : addressesIn(record)))
  const accounts = [...new Set([sender, payer, ...called, ...named])].slice(0, MAX_ACCOUNTS_PER_TRANSACTION)
  for (const address of accounts) {
    rows.add('account_transactions', { address, height, index })
    rows.change('accounts', { address, first_height: height, last_height: height, transactions: 1 })
  }
  for (const [period, startMs] of periodsOf(timeMs)) {
    active.set(`${period} ${startMs} ${sender}`, { period, startMs, address: sender })
  }
}

/** Fields of records that hold an address of somebody whose history this belongs to. */
const PARTIES = [
  ...['from', 'to', 'account', 'owner', 'voter', 'delegate', 'buyer', 'provider', 'reporter', 'proposer'],
  ...['contract', 'publisher', 'issuer', 'spender', 'caller', 'token'],
] as const

function addressesIn(record: ModuleRecord): string[] {
  return PARTIES.flatMap((field) => {
    const value = record[field]
    return value instanceof Uint8Array && value.length === 32 ? [addressText(value)] : []
  })
}
