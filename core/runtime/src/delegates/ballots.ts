import { ADDRESS_BYTES, HASH_BYTES } from '@smartshare/chain'
import { amount, array, bool, fixedBytes, record, uint } from '@smartshare/codec'
import { addAmount, concatBytes, hashTagged, subAmount } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { type StateWriter, Table } from '../table.ts'
import { DELEGATES, MAX_BALLOT, type Voter } from './registry.ts'

// Equal ballots of all voters as one, each with an index of who is named. While an election runs, a ballot that changes
// keeps the stake it had when votes were frozen (copy on write), so freezing a million ballots costs nothing.

/** Numbers of up to 128 bits: loads and times of the count. */
export const WIDE_BYTES = 16

const ballotSchema = record({
  names: array(fixedBytes(ADDRESS_BYTES), MAX_BALLOT, 1),
  /** Grains that vote so now. */
  stake: amount,
  /** The term for whose election `frozenStake` holds; for any other one it is `stake`. */
  frozenTerm: uint(),
  frozenStake: amount,
  /** What each grain paid so far in the election of `loadTerm`; nothing in any other one. */
  loadTerm: uint(),
  load: fixedBytes(WIDE_BYTES),
})

export interface MergedBallot {
  names: Uint8Array[]
  stake: bigint
  frozenTerm: number
  frozenStake: bigint
  loadTerm: number
  load: Uint8Array
}

const ballots = new Table<MergedBallot>(DELEGATES, 12, ballotSchema)
/** Ballots by a candidate that they name. */
const supporters = new Table(DELEGATES, 13, bool)
/** Whole stake of the ballots that name a candidate. */
const approvals = new Table(DELEGATES, 14, amount)
/** The term whose election is being counted. */
const frozen = new Table(DELEGATES, 15, uint())

/** The term whose election is being counted on frozen votes; 0 if none is. */
function frozenTerm(reader: Pick<StateReader, 'get'>): number {
  return frozen.get(reader) ?? 0
}

/** Freezes all ballots for the election of a term, or (0) ends that. */
export function setFrozenTerm(writer: StateWriter, term: number): void {
  if (term === 0) frozen.delete(writer)
  else frozen.set(writer, term)
}

/** Stake of all ballots that name the candidate, each counted whole. */
export function approvalOf(reader: Pick<StateReader, 'get'>, candidate: Uint8Array): bigint {
  return approvals.get(reader, candidate) ?? 0n
}

/** Takes a voter's stake out of one ballot and puts it into another; stakes below `leastGrains` do not count. */
export function moveBallot(writer: StateWriter, before: Voter, after: Voter, leastGrains: bigint): void {
  change(writer, before, leastGrains, subAmount)
  change(writer, after, leastGrains, addAmount)
}

function change(writer: StateWriter, voter: Voter, leastGrains: bigint, by: (a: bigint, b: bigint) => bigint): void {
  const { stake, ballot: names } = voter
  if (names.length === 0 || stake === 0n || stake < leastGrains) return
  const id = hashTagged('ballot', concatBytes(...names))
  const known = ballots.get(writer, id)
  if (known === undefined) for (const name of names) supporters.set(writer, true, name, id)
  const old = known ?? { ...EMPTY, names }
  const term = frozenTerm(writer)
  const kept = term === 0 || old.frozenTerm === term ? old : { ...old, frozenTerm: term, frozenStake: old.stake }
  const next = { ...kept, stake: by(old.stake, stake) }
  // While votes are frozen, even a ballot of nobody may have stake that counts.
  if (next.stake === 0n && term === 0) removeBallot(writer, id, next)
  else ballots.set(writer, next, id)
  for (const name of names) {
    const approval = by(approvalOf(writer, name), stake)
    if (approval === 0n) approvals.delete(writer, name)
    else approvals.set(writer, approval, name)
  }
}

const EMPTY = { stake: 0n, frozenTerm: 0, frozenStake: 0n, loadTerm: 0, load: new Uint8Array(WIDE_BYTES) }

/** Forgets a ballot of nobody. */
export function removeBallot(writer: StateWriter, id: Uint8Array, { names }: MergedBallot): void {
  ballots.delete(writer, id)
  for (const name of names) supporters.delete(writer, name, id)
}

export function getBallot(reader: Pick<StateReader, 'get'>, id: Uint8Array): MergedBallot | undefined {
  return ballots.get(reader, id)
}

export function setBallot(writer: StateWriter, id: Uint8Array, ballot: MergedBallot): void {
  ballots.set(writer, ballot, id)
}

/** Ids of ballots that name the candidate, after the one given, at most `limit`. */
export function ballotsNaming(
  reader: StateReader,
  candidate: Uint8Array,
  options: { limit: number; after: Uint8Array | null },
): Uint8Array[] {
  const after = options.after === null ? {} : { after: concatBytes(candidate, options.after) }
  const found = supporters.entries(reader, [candidate], { limit: options.limit, ...after })
  return [...found].map(([key]) => key.slice(ADDRESS_BYTES, ADDRESS_BYTES + HASH_BYTES))
}
