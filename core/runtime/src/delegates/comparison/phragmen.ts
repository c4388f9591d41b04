import { compareBytes } from '@smartshare/crypto'
import { mapKey } from '../../keys.ts'
import { BACKING_PER_BOND, type Ballot } from '../elimination.ts'

// Sequential Phragmén (E. Phragmén 1894; S. Janson, arXiv:1611.08826), in the form with loads: every seat costs 1, which
// its voters pay. A ballot of stake s that has paid s · load saves s per unit of time; the next seat goes to the
// candidate whose voters have saved 1 first. What the chain's own way of counting is held against (decision 010).

/** One unit of cost and time. Loads are below 2^120: at most 256 seats are paid, by at least one grain. */
export const UNIT = 1n << 112n
export interface Candidate {
  readonly address: Uint8Array
  /** Grains that it locks; they vote for it alone. Without a bond it cannot be elected. */
  readonly bond: bigint
}

export interface Seat {
  readonly address: Uint8Array
  /** Time at which the seat was paid, in UNIT per grain. */
  readonly time: bigint
}

/** What the next seat of a candidate depends on. */
interface Standing {
  readonly bond: bigint
  /** Stake of all ballots that name it, and its own bond. */
  readonly approval: bigint
  /** Sum of stake × load over these ballots. */
  readonly paid: bigint
}

/**
 * When the candidate can be seated: once its voters have saved one unit, but not before ten times its bond would have
 * saved it. So what a seat is backed with, UNIT / time, is never above ten times the bond. Rounded down.
 */
function timeOf({ bond, approval, paid }: Standing): bigint {
  const saved = (UNIT + paid) / approval
  const capped = UNIT / (bond * BACKING_PER_BOND)
  return saved > capped ? saved : capped
}

/** What a candidate that is seated at `time` finds saved by its voters: one unit, or more if its bond held it back. */
function savedAt({ approval, paid }: Standing, time: bigint): bigint {
  return time * approval - paid
}

/** Load of a ballot after it paid its part of a seat: all it saved, or in proportion when more than a unit is there. */
function loadAfter(load: bigint, time: bigint, saved: bigint): bigint {
  return saved <= UNIT ? time : load + ((time - load) * UNIT) / saved
}

/** Grains that count behind a seat paid at `time`; zero times do not occur as stakes are finite. */
export function backingAt(time: bigint): bigint {
  return UNIT / time
}

/**
 * Elects up to `seats` of the candidates, in order. The result depends neither on the order of candidates and ballots
 * nor on how equal ballots are put together; of equals the lower address comes first.
 */
export function elect(candidates: readonly Candidate[], ballots: readonly Ballot[], seats: number): Seat[] {
  const running = new Map<string, Runner>()
  for (const { address, bond } of candidates) {
    if (bond > 0n) running.set(mapKey(address), { address, bond, approval: bond, paid: 0n, ballots: [] })
  }
  for (const { stake, runners } of merged(ballots, running)) {
    const purse: Purse = { stake, load: 0n, runners }
    for (const runner of runners) {
      runner.approval += stake
      runner.ballots.push(purse)
    }
  }
  const elected: Seat[] = []
  while (elected.length < seats && running.size > 0) {
    const { winner, time } = next(running.values())
    running.delete(mapKey(winner.address))
    elected.push({ address: winner.address, time })
    const saved = savedAt(winner, time)
    for (const purse of winner.ballots) {
      const load = loadAfter(purse.load, time, saved)
      for (const runner of purse.runners) runner.paid += purse.stake * (load - purse.load)
      purse.load = load
    }
  }
  return elected
}

interface Runner extends Candidate {
  approval: bigint
  paid: bigint
  readonly ballots: Purse[]
}

interface Purse {
  readonly stake: bigint
  load: bigint
  readonly runners: readonly Runner[]
}

/** True if a candidate with this time goes before another one. */
function isBefore(time: bigint, address: Uint8Array, other: { time: bigint; address: Uint8Array }): boolean {
  return time === other.time ? compareBytes(address, other.address) < 0 : time < other.time
}

function next(runners: Iterable<Runner>): { winner: Runner; time: bigint } {
  let best: { winner: Runner; time: bigint; address: Uint8Array } | undefined
  for (const winner of runners) {
    const time = timeOf(winner)
    if (best === undefined || isBefore(time, winner.address, best)) best = { winner, time, address: winner.address }
  }
  return best!
}

/** Ballots that name the same candidates as one: without this, rounding would depend on how stake is cut. */
function merged(
  ballots: readonly Ballot[],
  running: ReadonlyMap<string, Runner>,
): Iterable<{ stake: bigint; runners: Runner[] }> {
  const all = new Map<string, { stake: bigint; runners: Runner[] }>()
  for (const { stake, names } of ballots) {
    const keys = [...new Set(names.map(mapKey))].filter((key) => running.has(key)).sort()
    if (stake === 0n || keys.length === 0) continue
    const id = keys.join('')
    const known = all.get(id)
    if (known) known.stake += stake
    else all.set(id, { stake, runners: keys.map((key) => running.get(key)!) })
  }
  return all.values()
}
