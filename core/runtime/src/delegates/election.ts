import { ADDRESS_BYTES, HASH_BYTES, MAX_SEATS, quorum } from '@smartshare/chain'
import { amount, array, bool, fixedBytes, optional, record, SmartshareError, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import { type StateWriter, Table } from '../table.ts'
import {
  allBallots,
  ballotsNaming,
  frozenFor,
  getBallot,
  type MergedBallot,
  removeBallot,
  setBallot,
  setFrozenTerm,
} from './ballots.ts'
import {
  balance,
  countedSupport,
  isLast,
  leastOf,
  leave,
  type Purse,
  passAnew,
  quotaOf,
  type Runner,
  rankedSeats,
  runnersOf,
  type Seat,
  settleOut,
  takeOut,
} from './elimination.ts'
import { isEligible, jailAbsent } from './jail.ts'
import { banOf } from './punishment.ts'
import { DELEGATES, getDelegate, getVoter, MAX_BALLOT, matureBond, ranked } from './registry.ts'
import { currentTerm, nextSet, setNextSet } from './term.ts'

// The election of the next term, counted in steps over many blocks: see elimination.ts for the rule and
// docs/spec/chain.md for the schedule. A step is one candidate looked at, or one candidate or ballot changed.

/** Candidates of one election: those with the largest backing when votes are frozen. */
const MAX_CANDIDATES = 1024
const VISIT_STEPS = 1 + MAX_BALLOT

const address = fixedBytes(ADDRESS_BYTES)

/** What is done next: every ballot is balanced once, then again and again one candidate is checked and taken out. */
const PHASES = ['tally', 'check', 'remove', 'done'] as const
type Phase = (typeof PHASES)[number]

const electionSchema = record({
  term: uint(),
  phase: uint(PHASES.length - 1),
  /** All grains that vote. */
  total: amount,
  /** Who is checked or taken out, and how many were checked since the last one was. */
  last: optional(address),
  chances: uint(),
  /** The last ballot that was gone through in this phase. */
  after: optional(fixedBytes(HASH_BYTES)),
  /** Who was taken out of the last places, in that order; all seats in order of election once the count is done. */
  seats: array(record({ address, backing: amount }), MAX_SEATS),
})

interface Election {
  term: number
  phase: number
  total: bigint
  last: Uint8Array | null
  chances: number
  after: Uint8Array | null
  seats: Seat[]
}

const elections = new Table<Election>(DELEGATES, 16, electionSchema)
/** Candidates in the order of their addresses; alternates by their places in that order. */
const candidates = new Table(
  DELEGATES,
  17,
  record({
    cap: amount,
    isRunning: bool,
    own: amount,
    support: amount,
    passed: amount,
    alternates: array(uint(MAX_CANDIDATES - 1), MAX_BALLOT),
    given: array(amount, MAX_BALLOT),
  }),
)

/** Result of the last election, or how far the one that runs is. */
export interface ElectionView {
  readonly term: number
  readonly isDone: boolean
  /** In order of election, once all are known; `backing` is the grains that count behind the seat. */
  readonly seats: readonly Seat[]
}

/** The election that was counted last; undefined before the first one of a network. */
export function lastElection(reader: Pick<StateReader, 'get'>): ElectionView | undefined {
  const election = elections.get(reader)
  if (election === undefined) return undefined
  const isDone = phaseOf(election) === 'done'
  return { term: election.term, isDone, seats: isDone ? election.seats : [] }
}

/** Candidates that are left at the end of a count: from who was taken out before, prices of up to 2q - n seats follow. */
export function leastLeft(seats: number): number {
  return seats - (2 * quorum(seats) - seats)
}

/** At the end of every block: freezes votes when it is time, counts a bounded number of steps, seats the next set. */
export function runElection(host: Host): void {
  if (nextSet(host) !== undefined) return
  const term = currentTerm(host)
  const { freezeBlock, electionBlock, leastSeats } = host.parameters
  const age = host.block.height - term.startHeight
  if (age < Math.min(freezeBlock, electionBlock)) return
  let election = elections.get(host)
  if (election?.term !== term.term + 1) election = freeze(host, term.term + 1)
  if (phaseOf(election) !== 'done') {
    election = new Count(host, election).run(host.parameters.electionSteps)
    elections.set(host, election)
  }
  if (age < electionBlock || phaseOf(election) !== 'done') return
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

function phaseOf({ phase }: Election): Phase {
  return PHASES[phase]!
}

function freeze(host: Host, term: number): Election {
  setFrozenTerm(host, term)
  const standing = ranked(host, MAX_CANDIDATES).filter(({ address: of }) => isEligible(host, of))
  const runners = runnersOf(
    standing.map((delegate) => ({
      address: delegate.address,
      bond: matureBond(host, delegate.address, delegate, term - 1),
      alternates: getVoter(host, delegate.address).ballot,
    })),
  )
  const places = new Map(runners.map((runner, place) => [runner, place]))
  for (const runner of runners) setRunner(host, runner, places)
  const total = runners.reduce((sum, { own }) => sum + own, 0n)
  return { term, phase: PHASES.indexOf('tally'), total, last: null, chances: 0, after: null, seats: [] }
}

function setRunner(writer: StateWriter, runner: Runner, places: ReadonlyMap<Runner, number>): void {
  const { cap, isRunning, own, support, passed } = runner
  const alternates = passed.names.map((name) => places.get(name)!)
  const record = { cap, isRunning, own, support, passed: passed.stake, alternates, given: passed.given }
  candidates.set(writer, record, runner.address)
}

function readRunners(reader: StateReader): Runner[] {
  const found = [...candidates.entries(reader, [], { limit: MAX_CANDIDATES })]
  const runners = found.map(([key, { cap, isRunning, own, support, passed, given }]): Runner => {
    return { address: key.slice(), cap, isRunning, own, support, passed: { stake: passed, names: [], given } }
  })
  for (const [i, [, { alternates }]] of found.entries()) {
    runners[i]!.passed.names.push(...alternates.map((place) => runners[place]!))
  }
  return runners
}

/** A count in one block: candidates are read once, changed, and written back at the end. */
class Count {
  private readonly host: Host
  private election: Election
  private readonly runners: Runner[]
  private readonly before: readonly string[]
  private readonly byAddress: ReadonlyMap<string, Runner>
  private steps = 0

  constructor(host: Host, election: Election) {
    this.host = host
    this.election = election
    this.runners = readRunners(host)
    this.before = this.runners.map(fingerprint)
    this.byAddress = new Map(this.runners.map((runner) => [mapKey(runner.address), runner]))
  }

  run(steps: number): Election {
    this.steps = steps - this.runners.length
    do {
      const phase = phaseOf(this.election)
      if (phase === 'tally') this.tally()
      else if (phase === 'check') this.check()
      else this.remove()
    } while (this.steps > 0 && phaseOf(this.election) !== 'done')
    if (phaseOf(this.election) === 'done') for (const { address: of } of this.runners) candidates.delete(this.host, of)
    else this.write()
    return this.election
  }

  /** Weighs every ballot once as votes were frozen, and spreads it over its names. */
  private tally(): void {
    const { term, after, total } = this.election
    const limit = this.visits()
    const ids = allBallots(this.host, { limit, after })
    let more = 0n
    for (const id of ids) {
      const found = getBallot(this.host, id)
      const ballot = frozenFor(found, term, this.host.parameters)
      const parts = found.parts.filter(({ renewed }) => term - 1 - renewed < this.host.parameters.voteEndTerms)
      if (parts.length === 0 && ballot.frozenStake === 0n) {
        removeBallot(this.host, id, ballot)
        continue
      }
      const purse = this.purseOf(ballot)
      if (purse.names.length > 0) more += purse.stake
      balance(purse)
      this.keep(id, { ...ballot, parts }, purse)
    }
    this.advance(ids, limit, { ...this.election, total: total + more }, 'check')
  }

  /** Balances anew the ballots of who has least; who still has least then is taken out. */
  private check(): void {
    if (this.election.last === null && !this.chooseLast()) return
    const last = this.last()
    const limit = this.visits()
    const ids = ballotsNaming(this.host, last.address, { limit, after: this.election.after })
    for (const id of ids) this.visit(id, balance)
    if (ids.length === limit) {
      this.advance(ids, limit, this.election, 'check')
      return
    }
    const quota = this.quota()
    this.steps -= ids.length * VISIT_STEPS + passAnew(this.runners, quota, last) * VISIT_STEPS + this.runners.length
    const chances = this.election.chances + 1
    const isOut = this.isGone(last) || isLast(this.runners, last, quota, chances)
    if (!isOut) {
      this.election = { ...this.election, last: null, chances, after: null }
      return
    }
    const seat = { address: last.address, backing: countedSupport(last) }
    const isSeat = this.running() <= this.host.parameters.seats && !this.isGone(last)
    const seats = isSeat ? [...this.election.seats, seat] : this.election.seats
    takeOut(this.runners, last)
    this.election = { ...this.election, phase: PHASES.indexOf('remove'), chances: 0, after: null, seats }
  }

  /** Takes all ballots from who is out, and lets it pass on what names nobody else. */
  private remove(): void {
    const last = this.last()
    const limit = this.visits()
    const ids = ballotsNaming(this.host, last.address, { limit, after: this.election.after })
    for (const id of ids) this.visit(id, (purse) => leave(purse, last))
    this.advance(ids, limit, this.election, 'remove')
    if (ids.length === limit) return
    settleOut(this.runners, last, this.quota())
    this.election = { ...this.election, phase: PHASES.indexOf('check'), last: null, after: null }
  }

  /** Names who has least, or who stands no more; false if enough are out and the count is done. */
  private chooseLast(): boolean {
    const { seats } = this.host.parameters
    if (this.running() <= leastLeft(seats)) {
      const ranking = rankedSeats(this.runners, this.election.seats)
      this.election = { ...this.election, phase: PHASES.indexOf('done'), seats: ranking.slice(0, seats) }
      setFrozenTerm(this.host, 0)
      return false
    }
    const quota = this.quota()
    if (this.election.chances === 0) this.steps -= passAnew(this.runners, quota) * VISIT_STEPS
    const gone = this.runners.find((runner) => runner.isRunning && this.isGone(runner))
    this.steps -= this.runners.length
    this.election = { ...this.election, last: (gone ?? leastOf(this.runners)!).address, after: null }
    return true
  }

  private visit(id: Uint8Array, act: (purse: Purse) => void): void {
    const ballot = getBallot(this.host, id)
    // A ballot that came after votes were frozen, or whose voters' stake was passed on.
    if (ballot.frozenTerm !== this.election.term || ballot.frozenStake === 0n) return
    const purse = this.purseOf(ballot)
    act(purse)
    this.keep(id, ballot, purse)
  }

  /** What of a ballot names candidates. */
  private purseOf(ballot: MergedBallot): Purse {
    const names: Runner[] = []
    const given: bigint[] = []
    for (const [i, name] of ballot.names.entries()) {
      const runner = this.byAddress.get(mapKey(name))
      if (runner === undefined) continue
      names.push(runner)
      given.push(ballot.given[i]!)
    }
    return { stake: ballot.frozenStake, names, given }
  }

  private keep(id: Uint8Array, ballot: MergedBallot, purse: Purse): void {
    let at = 0
    const given = ballot.names.map((name) => (this.byAddress.has(mapKey(name)) ? purse.given[at++]! : 0n))
    setBallot(this.host, id, { ...ballot, frozenStake: purse.stake, given })
  }

  /** After a page of ballots: on with the next one, or to the next phase. */
  private advance(ids: readonly Uint8Array[], limit: number, election: Election, next: Phase): void {
    this.steps -= 1 + ids.length * VISIT_STEPS
    const isOver = ids.length < limit
    const phase = isOver ? PHASES.indexOf(next) : election.phase
    this.election = { ...election, phase, after: isOver ? null : ids.at(-1)! }
  }

  private visits(): number {
    return Math.max(1, Math.floor(this.steps / VISIT_STEPS))
  }

  private running(): number {
    return this.runners.reduce((sum, { isRunning }) => sum + (isRunning ? 1 : 0), 0)
  }

  /** What nobody needs more of, as it was when who is taken out now still ran. */
  private quota(): bigint {
    const out = phaseOf(this.election) === 'remove' ? 1 : 0
    return quotaOf(this.election.total, this.running() + out, this.host.parameters.seats)
  }

  private last(): Runner {
    const { last } = this.election
    const runner = last === null ? undefined : this.byAddress.get(mapKey(last))
    if (runner === undefined) throw new SmartshareError('STATE_DAMAGED', 'who is to be taken out is no candidate')
    return runner
  }

  /** True for who has retired, was jailed or banned since votes were frozen. */
  private isGone({ address: of }: Runner): boolean {
    return !stands(this.host, of)
  }

  private write(): void {
    const places = new Map(this.runners.map((runner, place) => [runner, place]))
    for (const [i, runner] of this.runners.entries()) {
      if (fingerprint(runner) !== this.before[i]) setRunner(this.host, runner, places)
    }
  }
}

/** What of a runner changes while votes are counted. */
function fingerprint({ isRunning, own, support, passed }: Runner): string {
  return `${isRunning} ${own} ${support} ${passed.stake} ${passed.given}`
}
