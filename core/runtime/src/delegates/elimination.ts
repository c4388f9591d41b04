import { compareBytes, concatBytes, hashTagged } from '@smartshare/crypto'
import { mapKey } from '../keys.ts'

// Seats go by elimination with balanced support: every ballot gives its stake to those of its names who have least, and
// whoever has least of all is taken out, until no more run than there are seats. Stake is thus never left with somebody
// who is not elected. Balancing one ballot at a time is the "star balancing" of A. Cevallos and A. Stewart
// (arXiv:2004.12990); quota, transfer of surplus and elimination are those of the single transferable vote.
// docs/spec/chain.md ("Elections") is normative.

/** Support counts at most this many times a candidate's own bond. */
export const BACKING_PER_BOND = 10n
/** Who has least is taken out when, its ballots balanced anew, it has at most 17/16 of what the next one has. */
const NEAR = 16n
/** Candidates whose ballots are balanced anew before one is taken out, at most. */
const MAX_CHANCES = 8
/** How often those who have something to pass on are gone through. */
const PASSING_ROUNDS = 4

export interface Candidate {
  readonly address: Uint8Array
  /** Grains that it locks; they vote for it. Without a bond it cannot be elected. */
  readonly bond: bigint
  /** Whom it names itself: what it cannot use goes to them. */
  readonly alternates: readonly Uint8Array[]
}

export interface Ballot {
  /** Grains that vote. */
  readonly stake: bigint
  /** Addresses of candidates, in any order; those of nobody who stands are passed over. */
  readonly names: readonly Uint8Array[]
}

export interface Seat {
  readonly address: Uint8Array
  /** Grains of support that it had when it was taken out, or at the end. */
  readonly backing: bigint
}

/** Stake, and how much of it each name gets. */
export interface Purse {
  stake: bigint
  readonly names: Runner[]
  readonly given: bigint[]
}

/** A candidate while votes are counted. Amounts are grains. */
export interface Runner {
  readonly address: Uint8Array
  /** Most support that counts: ten times its bond. */
  readonly cap: bigint
  isRunning: boolean
  /** What votes for it alone: its bond and, once it is out, ballots that name nobody who runs. */
  own: bigint
  /** Own grains and what others give, less what it passes on; 0 once it is out. */
  support: bigint
  /** What it passes on to its alternates: what it has above the quota or its cap, or all its own once it is out. */
  readonly passed: Purse
}

/** Support as far as it counts. */
export function countedSupport({ support, cap }: Runner): bigint {
  return support < cap ? support : cap
}

/**
 * What a candidate needs at most while `running` candidates are left: with more than an even part among seats and one,
 * nobody is ever last. Below the number of seats (when only prices of seats are still counted), an even part.
 */
export function quotaOf(total: bigint, running: number, seats: number): bigint {
  return total / BigInt(Math.min(running, seats + 1))
}

/** Takes back what a purse gave. */
function takeBack({ names, given }: Purse): void {
  for (const [i, runner] of names.entries()) {
    runner.support -= given[i]!
    given[i] = 0n
  }
}

/** Gives grains to the names with least support, so that they come level; returns how many. Fewer than the names stay. */
function pour({ names, given }: Purse, grains: bigint, most: (runner: Runner) => bigint | undefined): bigint {
  const open = names.flatMap((runner, i) => (runner.isRunning ? [{ runner, i, most: most(runner) }] : []))
  const level = levelOf(open, grains)
  let poured = 0n
  for (const { runner, i, most: limit } of open) {
    const top = limit !== undefined && limit < level ? limit : level
    if (top <= runner.support) continue
    poured += top - runner.support
    given[i]! += top - runner.support
    runner.support = top
  }
  return poured
}

interface Open {
  readonly runner: Runner
  readonly most: bigint | undefined
}

/** The highest level to which these grains raise all whose support is below it, each to its own limit at most. */
function levelOf(open: readonly Open[], grains: bigint): bigint {
  let level = open.reduce((least, { runner }) => (runner.support < least ? runner.support : least), 0n)
  let left = grains
  for (;;) {
    let rising = 0n
    let next: bigint | undefined
    for (const { runner, most } of open) {
      const edge = runner.support > level ? runner.support : most
      const isFull = most !== undefined && most <= (runner.support > level ? runner.support : level)
      if (isFull) continue
      if (runner.support <= level) rising++
      if (edge !== undefined && (next === undefined || edge < next)) next = edge
    }
    if (rising === 0n && next === undefined) return level
    if (next === undefined || (next - level) * rising > left) return level + left / rising
    left -= (next - level) * rising
    level = next
  }
}

/**
 * Balances a ballot anew. What no name can count goes to them all the same: they may pass it on. Support is never
 * negative after it: what a name passes on, beyond what others give it, this ballot gave and gives first.
 */
export function balance(ballot: Purse): void {
  takeBack(ballot)
  const poured = pour(ballot, ballot.stake, ({ cap }) => cap)
  if (poured < ballot.stake) pour(ballot, ballot.stake - poured, () => undefined)
}

/** Takes back what those who run pass on; all at once, for what one got of another it may have passed on in turn. */
function reclaimAll(runners: readonly Runner[]): void {
  for (const runner of runners) {
    const { isRunning, passed } = runner
    if (!isRunning || passed.stake === 0n) continue
    takeBack(passed)
    runner.support += passed.stake
    passed.stake = 0n
  }
}

/**
 * All who run pass on anew what they have above quota and cap: to alternates who have less and, except in the last
 * round, what is left to any of them, who pass it on in turn. Before that, those who are out and name `to` balance what
 * is their own. Returns how many purses were changed.
 */
export function passAnew(runners: readonly Runner[], quota: bigint, to?: Runner): number {
  reclaimAll(runners)
  const own = runners.filter((one) => !one.isRunning && one.own > 0n && to && one.passed.names.includes(to))
  for (const { passed } of own) balance(passed)
  const keptBy = ({ cap }: Runner) => (cap < quota ? cap : quota)
  let changed = own.length
  for (let round = 1; round <= PASSING_ROUNDS; round++) {
    for (const runner of runners) {
      const excess = runner.support - keptBy(runner)
      if (!runner.isRunning || excess <= 0n || runner.passed.names.length === 0) continue
      let poured = pour(runner.passed, excess, keptBy)
      if (poured < excess && round < PASSING_ROUNDS) poured += pour(runner.passed, excess - poured, () => undefined)
      runner.passed.stake += poured
      runner.support -= poured
      changed++
    }
  }
  return changed
}

/** Who has least; of equals the one with the higher address. Runners stand in the order of their addresses. */
export function leastOf(runners: readonly Runner[]): Runner | undefined {
  let least: Runner | undefined
  for (const runner of runners) {
    if (runner.isRunning && (least === undefined || countedSupport(runner) <= countedSupport(least))) least = runner
  }
  return least
}

/** True if who had least, and whose ballots are balanced anew now, is to be taken out. */
export function isLast(runners: readonly Runner[], runner: Runner, quota: bigint, chances: number): boolean {
  const others = leastOf(runners.filter((one) => one !== runner))
  if (others === undefined || chances >= MAX_CHANCES) return true
  const support = countedSupport(runner)
  return support <= quota && support * NEAR <= countedSupport(others) * (NEAR + 1n)
}

/** A runner is out. Nobody passes on anything until all ballots have left it. */
export function takeOut(runners: readonly Runner[], out: Runner): void {
  reclaimAll(runners)
  out.isRunning = false
}

/** A ballot leaves a runner that is out: for its other names or, where none of them runs, to be passed on. */
export function leave(ballot: Purse, out: Runner): void {
  if (ballot.names.some(({ isRunning }) => isRunning)) {
    balance(ballot)
    return
  }
  takeBack(ballot)
  out.own += ballot.stake
  ballot.stake = 0n
}

/** After all ballots left a runner that is out: what is its own goes to its alternates, and nobody's goes to it. */
export function settleOut(runners: readonly Runner[], out: Runner, quota: bigint): void {
  for (const runner of runners) {
    const { passed } = runner
    if (runner === out || runner.isRunning || !passed.names.includes(out)) continue
    if (passed.names.some(({ isRunning }) => isRunning)) continue
    takeBack(passed)
    passed.stake = 0n
    out.own += runner.own
    runner.own = 0n
  }
  passAnew(runners, quota, out)
  out.support = 0n
  out.passed.stake = out.own
  balance(out.passed)
}

/** Runners in the order of their addresses, as a count begins. */
export function runnersOf(candidates: readonly Candidate[]): Runner[] {
  const standing = candidates.filter(({ bond }) => bond > 0n).sort((a, b) => compareBytes(a.address, b.address))
  const runners = new Map<string, Runner>()
  for (const { address, bond } of standing) {
    const passed = { stake: 0n, names: [], given: [] }
    const cap = bond * BACKING_PER_BOND
    runners.set(mapKey(address), { address, cap, isRunning: true, own: bond, support: bond, passed })
  }
  for (const { address, alternates } of standing) {
    const { passed } = runners.get(mapKey(address))!
    for (const name of alternates) {
      const alternate = runners.get(mapKey(name))
      if (alternate === undefined || compareBytes(name, address) === 0) continue
      passed.names.push(alternate)
      passed.given.push(0n)
    }
  }
  return [...runners.values()]
}

/** The id under which ballots with these names, in ascending order, are one. */
export function ballotId(names: readonly Uint8Array[]): Uint8Array {
  return hashTagged('ballot', concatBytes(...names))
}

/** Seats in order: who is left by support, the largest first, before those who were taken out, the last one first. */
export function rankedSeats(runners: readonly Runner[], out: readonly Seat[]): Seat[] {
  const left = runners
    .filter(({ isRunning }) => isRunning)
    .map((runner) => ({ address: runner.address, backing: countedSupport(runner) }))
    .sort((a, b) => (a.backing === b.backing ? compareBytes(a.address, b.address) : a.backing < b.backing ? 1 : -1))
  return [...left, ...out.toReversed()]
}

/**
 * Elects up to `seats` of the candidates, in order; the count goes on until `least` are left, which tells what backs
 * the seats before. The result depends neither on the order of candidates and ballots nor on how equal ballots are cut.
 */
export function elect(
  candidates: readonly Candidate[],
  ballots: readonly Ballot[],
  seats: number,
  least: number = 0,
): Seat[] {
  const runners = runnersOf(candidates)
  const purses = merged(ballots, runners)
  const naming = new Map<Runner, Purse[]>(runners.map((runner) => [runner, []]))
  let total = runners.reduce((sum, { own }) => sum + own, 0n)
  for (const purse of purses) {
    total += purse.stake
    balance(purse)
    for (const runner of purse.names) naming.get(runner)!.push(purse)
  }
  const out: Seat[] = []
  for (let running = runners.length; running > least; running--) {
    const quota = quotaOf(total, running, seats)
    passAnew(runners, quota)
    let last: Runner
    let chances = 0
    do {
      last = leastOf(runners)!
      for (const purse of naming.get(last)!) balance(purse)
      passAnew(runners, quota, last)
      chances++
    } while (!isLast(runners, last, quota, chances))
    if (running <= seats) out.push({ address: last.address, backing: countedSupport(last) })
    takeOut(runners, last)
    for (const purse of naming.get(last)!) if (purse.stake > 0n) leave(purse, last)
    settleOut(runners, last, quota)
  }
  return rankedSeats(runners, out)
}

/** Ballots with the same names as one, in the order of their ids. */
function merged(ballots: readonly Ballot[], runners: readonly Runner[]): Purse[] {
  const running = new Map(runners.map((runner) => [mapKey(runner.address), runner]))
  const all = new Map<string, { id: Uint8Array; purse: Purse }>()
  for (const { stake, names } of ballots) {
    const sorted = [...new Map(names.map((name) => [mapKey(name), name])).values()].sort(compareBytes)
    const standing = sorted.flatMap((name) => running.get(mapKey(name)) ?? [])
    if (stake === 0n || standing.length === 0) continue
    const id = ballotId(sorted)
    const known = all.get(mapKey(id))
    if (known) known.purse.stake += stake
    else all.set(mapKey(id), { id, purse: { stake, names: standing, given: standing.map(() => 0n) } })
  }
  return [...all.values()].sort((a, b) => compareBytes(a.id, b.id)).map(({ purse }) => purse)
}
