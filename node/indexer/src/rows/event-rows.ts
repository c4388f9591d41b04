import { toHex } from '@smartshare/crypto'
import type { EventFacts, ModuleRecord } from './event-facts.ts'
import type { Money } from './money.ts'
import type { Rows } from './rows.ts'
import { addressText, SSP, tokenText } from './texts.ts'

// What each event of the system modules says about things that change. The records are those of core/runtime.

interface Context {
  readonly rows: Rows
  readonly money: Money
  readonly event: EventFacts
}

type Reading = (record: ModuleRecord, context: Context) => void

const hex = (value: unknown) => toHex(value as Uint8Array)
const address = (value: unknown) => addressText(value as Uint8Array)
const number = (value: unknown) => value as number
const amount = (value: unknown) => value as bigint
const text = (value: unknown) => value as string

/** Standings and states as the chain numbers them (core/runtime/src/agreements/agreement.ts). */
const MATCHED = 0
const ACTIVE = 1

function name({ rows }: Context, kind: string, word: string, id: string): void {
  rows.change('names', { word: word.toLowerCase(), kind, id, title: word })
}

function move(kind: 'transfer' | 'mint' | 'burn', from: string | null, to: string | null): Reading {
  return (record, { rows, money, event: { height, position, index } }) => {
    const token = tokenText(record.token)
    const sender = from === null ? null : address(record[from])
    const receiver = to === null ? null : address(record[to])
    const units = amount(record.amount)
    rows.add('transfers', { height, position, tx_index: index, kind, token, sender, receiver, amount: units })
    money.move(token, sender, receiver, units)
    if (token === SSP) return
    const supply = kind === 'transfer' ? 0n : kind === 'mint' ? units : -units
    rows.change('tokens', { token, transfers: 1, supply })
  }
}

const standing =
  (word: string): Reading =>
  ({ delegate }, { rows }) =>
    rows.change('delegates', { address: address(delegate), standing: word })

const jobEnds =
  (state: string): Reading =>
  ({ job }, { rows, event: { height } }) =>
    rows.change('jobs', { job: number(job), state, end_height: height })

/** By module and name of the event. */
export const readings: Readonly<Record<string, Reading>> = {
  'tokens.transfer': move('transfer', 'from', 'to'),
  'tokens.minted': move('mint', null, 'to'),
  'tokens.burnt': move('burn', 'from', null),
  'tokens.issued'(record, context) {
    const { height, position, timeMs } = context.event
    const token = address(record.token)
    context.rows.change('tokens', {
      ...{ token, issuer: address(record.issuer), name: text(record.name), symbol: text(record.symbol) },
      ...{ decimals: number(record.decimals), cap: amount(record.cap), height, position, time_ms: timeMs },
    })
    name(context, 'token', text(record.symbol), token)
    name(context, 'token', text(record.name), token)
  },
  'contracts.published'(record, context) {
    const { height, position, timeMs } = context.event
    const contract = address(record.contract)
    context.rows.change('contracts', {
      ...{ contract, publisher: address(record.publisher), height, position, time_ms: timeMs },
      ...{ name: text(record.name), code_hash: hex(record.codeHash), version: number(record.version) },
      changed_height: height,
    })
    name(context, 'contract', text(record.name), contract)
  },
  'contracts.paused'({ contract, paused }, { rows, event: { height } }) {
    rows.change('contracts', { contract: address(contract), paused: paused === true, changed_height: height })
  },
  'contracts.jobOrdered'(record, { rows, event: { height, timeMs } }) {
    rows.change('jobs', {
      ...{ job: number(record.job), contract: address(record.contract), caller: address(record.caller) },
      ...{ method: text(record.method), locked: amount(record.feeGrains), state: 'ordered', height, time_ms: timeMs },
    })
  },
  'contracts.jobBegan'({ job, term, deadlineHeight }, { rows }) {
    rows.change('jobs', { job: number(job), state: 'running', term: number(term), deadline: number(deadlineHeight) })
  },
  'contracts.jobDone'(record, { rows, event: { height } }) {
    rows.change('jobs', {
      ...{ job: number(record.job), state: 'done', result_hash: hex(record.resultHash), gas: number(record.gasUsed) },
      ...{ fee: amount(record.feeGrains), error: record.error as string | null, end_height: height },
    })
  },
  'contracts.jobFrozen': jobEnds('frozen'),
  'contracts.jobExpired': jobEnds('expired'),
  'delegates.registered'(record, context) {
    const delegate = address(record.delegate)
    context.rows.change('delegates', {
      ...{ address: delegate, name: text(record.name), bond: amount(record.bond), height: context.event.height },
      ...{ standing: 'registered', commission: 1000 },
    })
    name(context, 'delegate', text(record.name), delegate)
  },
  'delegates.retired': standing('retired'),
  'delegates.jailed': standing('jailed'),
  'delegates.released': standing('registered'),
  'delegates.banned': standing('banned'),
  'delegates.commission'({ delegate, thousandths }, { rows }) {
    rows.change('delegates', { address: address(delegate), commission: number(thousandths) })
  },
  'delegates.slashed'(record, { rows }) {
    rows.change('delegates', { address: address(record.delegate), slashed: amount(record.amount) })
  },
  'delegates.fees'({ toDelegates, toMining }, { money }) {
    money.shareFees(amount(toDelegates), amount(toMining))
  },
  'tenders.posted'(record, { rows, event: { height, position, timeMs } }) {
    rows.change('objects', {
      ...{ object: hex(record.object), buyer: address(record.buyer), token: tokenText(record.token) },
      ...{ height, position, time_ms: timeMs },
    })
  },
  'agreements.matched'(record, { rows, event: { height, timeMs } }) {
    rows.change('agreements', {
      ...{ id: number(record.agreement), state: MATCHED, tender: number(record.tender), lot: number(record.lot) },
      ...{ buyer: address(record.buyer), provider: address(record.provider), offer: number(record.offer) },
      ...{ object: hex(record.object), size_bytes: number(record.sizeBytes), token: tokenText(record.token) },
      ...{ period_amount: amount(record.periodGrains), pledge: amount(record.pledgeGrains) },
      ...{ periods: number(record.periods), collateral: amount(record.collateralGrains), height, time_ms: timeMs },
    })
  },
  'agreements.active'({ agreement, startMs }, { rows }) {
    rows.change('agreements', { id: number(agreement), state: ACTIVE, start_ms: number(startMs) })
  },
  'agreements.passed'(record, { rows }) {
    rows.change('agreements', {
      ...{ id: number(record.agreement), readings: 1, paid: amount(record.paidGrains), fee: amount(record.feeGrains) },
      held: amount(record.heldGrains),
    })
  },
  'agreements.closed'(record, { rows, event: { height, timeMs } }) {
    rows.change('agreements', {
      ...{ id: number(record.agreement), state: number(record.state), closed_height: height, closed_ms: timeMs },
      ...{ paid: amount(record.providerGrains), fee: amount(record.poolGrains), refund: amount(record.refundGrains) },
      ...{ compensation: amount(record.compensationGrains), bounty: amount(record.bountyGrains) },
      forfeit: amount(record.forfeitGrains),
    })
  },
}
