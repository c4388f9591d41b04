import { ADDRESS_BYTES, HASH_BYTES } from '@smartshare/chain'
import { amount, array, bool, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { addAmount, concatBytes, subAmount } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import { MAX_END_TERMS, MAX_MATURITY_TERMS } from '../parameters.ts'
import { type StateWriter, Table } from '../table.ts'
import { ballotId } from './elimination.ts'
import { DELEGATES, MAX_BALLOT } from './registry.ts'
import { type Part, powerOf, type VoteAges } from './vote-ages.ts'

// Equal ballots of all voters as one, with an index of who is named. Their stakes lie in parts by the term of renewal,
// so that what votes weigh at their age is one sum over a bounded number of parts. While an election runs, a ballot that
// changes keeps what it weighed when votes were frozen (copy on write), so freezing a million ballots costs nothing.

const MAX_PARTS = (MAX_END_TERMS + 1) * (MAX_MATURITY_TERMS + 1)

const ballotSchema = record({
  names: array(fixedBytes(ADDRESS_BYTES), MAX_BALLOT, 1),
  /** Grains by the term in which their voters last voted, and by how many terms later they count. */
  parts: array(record({ renewed: uint(), delay: uint(), grains: amount }), MAX_PARTS),
  /** The term for whose election `frozenStake` and `given` hold. */
  frozenTerm: uint(),
  /** What the ballot weighs in that election, less what was passed on for good. */
  frozenStake: amount,
  /** What each name gets of it. */
  given: array(amount, MAX_BALLOT),
})

export interface MergedBallot {
  names: Uint8Array[]
  parts: Part[]
  frozenTerm: number
  frozenStake: bigint
  given: bigint[]
}

const ballots = new Table<MergedBallot>(DELEGATES, 12, ballotSchema)
/** Ballots by a candidate that they name. */
const supporters = new Table(DELEGATES, 13, bool)
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

/** A ballot as the election of a term counts it, frozen when the term before had begun. */
export function frozenFor(ballot: MergedBallot, term: number, ages: VoteAges): MergedBallot {
  if (ballot.frozenTerm === term) return ballot
  const frozenStake = powerOf(ballot.parts, term - 1, ages)
  return { ...ballot, frozenTerm: term, frozenStake, given: ballot.names.map(() => 0n) }
}

/** Puts parts of a voter's stake into the ballot with these names. */
export function addToBallot(writer: StateWriter, names: Uint8Array[], parts: readonly Part[], ages: VoteAges): void {
  change(writer, names, ages, (old) => {
    const next = old.map((part) => ({ ...part }))
    for (const { renewed, delay, grains } of parts) {
      const same = next.find((part) => part.renewed === renewed && part.delay === delay)
      if (same) same.grains = addAmount(same.grains, grains)
      else next.push({ renewed, delay, grains })
    }
    return next
  })
}

/** Takes parts of a voter's stake out again; those that were too old to count any more are gone already. */
export function takeFromBallot(writer: StateWriter, names: Uint8Array[], parts: readonly Part[], ages: VoteAges): void {
  change(writer, names, ages, (old) => {
    const next = old.map((part) => ({ ...part }))
    for (const { renewed, delay, grains } of parts) {
      const same = next.find((part) => part.renewed === renewed && part.delay === delay)
      if (same) same.grains = subAmount(same.grains, grains)
    }
    return next.filter((part) => part.grains > 0n)
  })
}

function change(writer: StateWriter, names: Uint8Array[], ages: VoteAges, by: (parts: Part[]) => Part[]): void {
  if (names.length === 0) return
  const id = ballotId(names)
  const term = frozenTerm(writer)
  const known = ballots.get(writer, id)
  const old = known ?? { names, parts: [], frozenTerm: 0, frozenStake: 0n, given: [] }
  const parts = by(old.parts)
  if (known === undefined && parts.length === 0) return
  // While votes are frozen, even a ballot of nobody may have stake that counts; the next election forgets it.
  if (parts.length === 0 && term === 0) {
    removeBallot(writer, id, old)
    return
  }
  if (known === undefined) for (const name of names) supporters.set(writer, true, name, id)
  ballots.set(writer, { ...(term === 0 ? old : frozenFor(old, term, ages)), parts }, id)
}

/** Forgets a ballot of nobody. */
export function removeBallot(writer: StateWriter, id: Uint8Array, { names }: Pick<MergedBallot, 'names'>): void {
  ballots.delete(writer, id)
  for (const name of names) supporters.delete(writer, name, id)
}

/** Throws STATE_DAMAGED if there is no such ballot. */
export function getBallot(reader: Pick<StateReader, 'get'>, id: Uint8Array): MergedBallot {
  const ballot = ballots.get(reader, id)
  if (ballot === undefined) throw new SmartshareError('STATE_DAMAGED', 'the index names a ballot that is not there')
  return ballot
}

export function setBallot(writer: StateWriter, id: Uint8Array, ballot: MergedBallot): void {
  ballots.set(writer, ballot, id)
}

interface PageOptions {
  readonly limit: number
  readonly after: Uint8Array | null
}

/** Ids of all ballots, after the one given, at most `limit`. */
export function allBallots(reader: StateReader, { limit, after }: PageOptions): Uint8Array[] {
  const found = ballots.entries(reader, [], { limit, ...(after === null ? {} : { after }) })
  return [...found].map(([key]) => key.slice(0, HASH_BYTES))
}

/** Ids of ballots that name the candidate, after the one given, at most `limit`. */
export function ballotsNaming(reader: StateReader, candidate: Uint8Array, { limit, after }: PageOptions): Uint8Array[] {
  const from = after === null ? {} : { after: concatBytes(candidate, after) }
  const found = supporters.entries(reader, [candidate], { limit, ...from })
  return [...found].map(([key]) => key.slice(ADDRESS_BYTES, ADDRESS_BYTES + HASH_BYTES))
}
