import { ADDRESS_BYTES, HASH_BYTES, MAX_SEATS } from '@smartshare/chain'
import { amount, array, bool, fixedBytes, optional, record, SmartshareError, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { Table } from '../table.ts'
import { approvalOf, ballotsNaming, getBallot, removeBallot, setBallot, setFrozenTerm, WIDE_BYTES } from './ballots.ts'
import { isEligible, jailAbsent } from './jail.ts'
import { backingAt, loadAfter, type Standing, savedAt, timeOf } from './phragmen.ts'
import { banOf } from './punishment.ts'
import { DELEGATES, getDelegate, MAX_BALLOT, ranked } from './registry.ts'
import { currentTerm, nextSet, setNextSet } from './term.ts'

// The election of the next term, counted in steps over many blocks: see phragmen.ts for the rule and docs/spec/chain.md
// for the schedule. A step is one candidate looked at, or one candidate or ballot changed.

/** Candidates of one election: those with the largest backing when votes are frozen. */
const MAX_CANDIDATES = 1024
const VISIT_STEPS = 1 + MAX_BALLOT

const wide = fixedBytes(WIDE_BYTES)
const address = fixedBytes(ADDRESS_BYTES)

const electionSchema = record({
  term: uint(),
  isDone: bool,
  /** In order of election, with the time at which each seat was paid. */
  seats: array(record({ address, time: wide }), MAX_SEATS),
  /** The last seat, while its voters are being charged: its standing when it was elected, and the last ballot charged. */
  charging: optional(record({ approval: amount, paid: wide, after: optional(fixedBytes(HASH_BYTES)) })),
})

interface Election {
  term: number
  isDone: boolean
  seats: { address: Uint8Array; time: Uint8Array }[]
  charging: { approval: bigint; paid: Uint8Array; after: Uint8Array | null } | null
}

const elections = new Table<Election>(DELEGATES, 16, electionSchema)
const candidates = new Table(DELEGATES, 17, record({ bond: amount, approval: amount, paid: wide }))

/** Result of the last election, or how far the one that runs is. */
export interface ElectionView {
  readonly term: number
  readonly isDone: boolean
  /** In order of election; `backing` is the grains that count behind the seat. */
  readonly seats: readonly { readonly address: Uint8Array; readonly backing: bigint }[]
}

/** The election that was counted last; undefined before the first one of a network. */
export function lastElection(reader: Pick<StateReader, 'get'>): ElectionView | undefined {
  const election = elections.get(reader)
  if (election === undefined) return undefined
  const seats = election.seats.map((seat) => ({ address: seat.address, backing: backingAt(numberOf(seat.time)) }))
  return { term: election.term, isDone: election.isDone, seats }
}

/** At the end of every block: freezes votes when it is time, counts a bounded number of steps, seats the next set. */
export function runElection(host: Host): void {
  const term = currentTerm(host)
  if (nextSet(host) !== undefined) return
  const { freezeBlock, electionBlock, leastSeats } = host.parameters
  const age = host.block.height - term.startHeight
  if (age < Math.min(freezeBlock, electionBlock)) return
  let election = elections.get(host)
  if (election?.term !== term.term + 1) election = freeze(host, term.term + 1)
  if (!election.isDone) {
    election = count(host, election)
    elections.set(host, election)
  }
  if (age < electionBlock || !election.isDone) return
  jailAbsent(host, term)
  const winners = election.seats.flatMap((seat) => {
    const delegate = getDelegate(host, seat.address)
    return delegate !== undefined && stands(host, seat.address) ? [{ address: seat.address, key: delegate.key }] : []
  })
  // With too few candidates the old set stays: a network never runs on a set that is too small. Only the banned go.
  const faithful = term.members.filter((member) => banOf(host, member.address) === undefined)
  const old = faithful.length > 0 ? faithful : term.members
  setNextSet(host, winners.length < leastSeats ? old : winners)
}

/** False for a delegate that has retired, is in jail or is banned. */
function stands(host: Host, of: Uint8Array): boolean {
  return getDelegate(host, of)?.bond !== 0n && isEligible(host, of)
}

function freeze(host: Host, term: number): Election {
  setFrozenTerm(host, term)
  for (const { address: of, bond } of ranked(host, MAX_CANDIDATES)) {
    if (!isEligible(host, of)) continue
    candidates.set(host, { bond, approval: bond + approvalOf(host, of), paid: wideOf(0n) }, of)
  }
  return { term, isDone: false, seats: [], charging: null }
}

function count(host: Host, begun: Election): Election {
  let election = begun
  let steps = host.parameters.electionSteps
  while (steps > 0 && !election.isDone) {
    const done = election.charging === null ? seatNext(host, election) : charge(host, election, steps)
    election = done.election
    steps -= done.steps
  }
  return election
}

interface Progress {
  election: Election
  steps: number
}

/** Seats the candidate whose voters saved its price first; of equals the one with the lower address. */
function seatNext(host: Host, election: Election): Progress {
  const open = [...candidates.entries(host, [], { limit: MAX_CANDIDATES })]
  let best: { address: Uint8Array; time: bigint; standing: Standing } | undefined
  for (const [key, { bond, approval, paid }] of open) {
    const standing = { bond, approval, paid: numberOf(paid) }
    const time = timeOf(standing)
    if (best === undefined || time < best.time) best = { address: key.slice(), time, standing }
  }
  const steps = open.length + 1
  if (best === undefined || election.seats.length === host.parameters.seats) {
    for (const [key] of open) candidates.delete(host, key)
    setFrozenTerm(host, 0)
    return { election: { ...election, isDone: true }, steps }
  }
  candidates.delete(host, best.address)
  // Who has retired or was banned since votes were frozen is passed over.
  if (!stands(host, best.address)) return { election, steps }
  const seats = [...election.seats, { address: best.address, time: wideOf(best.time) }]
  const charging = { approval: best.standing.approval, paid: wideOf(best.standing.paid), after: null }
  return { election: { ...election, seats, charging }, steps }
}

/** Charges the next ballots that name the last seat. */
function charge(host: Host, election: Election, steps: number): Progress {
  const { charging } = election
  const seat = election.seats.at(-1)
  if (charging === null || seat === undefined) throw new SmartshareError('STATE_DAMAGED', 'there is no seat to charge')
  const time = numberOf(seat.time)
  const saved = savedAt({ bond: 0n, approval: charging.approval, paid: numberOf(charging.paid) }, time)
  const limit = Math.max(1, Math.floor(steps / VISIT_STEPS))
  const ids = ballotsNaming(host, seat.address, { limit, after: charging.after })
  for (const id of ids) chargeBallot(host, election.term, id, time, saved)
  const isOver = ids.length < limit
  const next = isOver ? null : { ...charging, after: ids.at(-1)! }
  return { election: { ...election, charging: next }, steps: 1 + ids.length * VISIT_STEPS }
}

function chargeBallot(host: Host, term: number, id: Uint8Array, time: bigint, saved: bigint): void {
  const ballot = getBallot(host, id)
  if (ballot === undefined) throw new SmartshareError('STATE_DAMAGED', 'the index names a ballot that is not there')
  const stake = ballot.frozenTerm === term ? ballot.frozenStake : ballot.stake
  if (stake === 0n) {
    if (ballot.stake === 0n) removeBallot(host, id, ballot)
    return
  }
  const load = ballot.loadTerm === term ? numberOf(ballot.load) : 0n
  const next = loadAfter(load, time, saved)
  setBallot(host, id, { ...ballot, loadTerm: term, load: wideOf(next) })
  for (const name of ballot.names) {
    const standing = candidates.get(host, name)
    if (standing === undefined) continue
    candidates.set(host, { ...standing, paid: wideOf(numberOf(standing.paid) + stake * (next - load)) }, name)
  }
}

function wideOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(WIDE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, value >> 64n)
  view.setBigUint64(8, value & 0xffff_ffff_ffff_ffffn)
  return bytes
}

function numberOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
}
