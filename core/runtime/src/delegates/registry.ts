import { ADDRESS_BYTES, BLS_KEY_BYTES } from '@smartshare/chain'
import { amount, array, bool, fixedBytes, optional, record, SmartshareError, text, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import { descendingKey } from '../keys.ts'
import { MAX_MATURITY_TERMS } from '../parameters.ts'
import { type StateWriter, Table } from '../table.ts'
import { BACKING_PER_BOND } from './elimination.ts'
import { type FreshStake, type VoteAges, withFresh } from './vote-ages.ts'

/** Module number of delegates. */
export const DELEGATES = 4
export const MAX_BALLOT = 10
export const MAX_NAME_BYTES = 32
/** Withdrawals at a time; a ban adds one. */
const MAX_UNBONDING = 16

const delegateSchema = record({
  name: text(MAX_NAME_BYTES, 1),
  key: fixedBytes(BLS_KEY_BYTES),
  bond: amount,
  /** Grains of stake that vote for it, each voter's cut evenly among its names; gone when a vote is too old. */
  votes: amount,
  registeredHeight: uint(),
})

export interface Delegate {
  name: string
  key: Uint8Array
  bond: bigint
  votes: bigint
  registeredHeight: number
}

const freshSchema = array(record({ term: uint(), matures: uint(), grains: amount }), MAX_MATURITY_TERMS + 1)
const voterSchema = record({
  stake: amount,
  ballot: array(fixedBytes(ADDRESS_BYTES), MAX_BALLOT),
  /** Term in which it last voted, staked or unstaked. */
  renewedTerm: uint(),
  /** First term in which that is too long ago. */
  endTerm: uint(),
  /** What of its stake is new, the oldest first. */
  fresh: freshSchema,
  /** Whether it was enough to count in elections. */
  isCounted: bool,
  /** First term of whose pay it still has to get its share. */
  earnsFrom: uint(),
  /** Its share of the terms before, not collected yet. */
  dueGrains: amount,
})
const unbondingSchema = array(record({ grains: amount, freeMs: uint(), isBond: bool }), MAX_UNBONDING + 1)

const delegates = new Table<Delegate>(DELEGATES, 1, delegateSchema)
/** Delegates by backing, the largest first. */
const ranking = new Table(DELEGATES, 2, bool)
const voters = new Table(DELEGATES, 3, voterSchema)
const unbonding = new Table(DELEGATES, 4, unbondingSchema)
/** What of a delegate's bond is new. */
const freshBonds = new Table<FreshStake[]>(DELEGATES, 19, freshSchema)
const names = new Table(DELEGATES, 5, fixedBytes(ADDRESS_BYTES))
const keys = new Table(DELEGATES, 6, optional(fixedBytes(ADDRESS_BYTES)))

/** What the list of delegates goes by, and who stands if too many want to: own bond and votes, at most ten times the bond. */
export function backing(delegate: Pick<Delegate, 'bond' | 'votes'>): bigint {
  const most = delegate.bond * BACKING_PER_BOND
  const all = delegate.bond + delegate.votes
  return all < most ? all : most
}

export function getDelegate(reader: Pick<StateReader, 'get'>, address: Uint8Array): Delegate | undefined {
  return delegates.get(reader, address)
}

/** Address of the delegate with this name. */
export function delegateByName(reader: Pick<StateReader, 'get'>, name: string): Uint8Array | undefined {
  return names.get(reader, new TextEncoder().encode(name))
}

/** Adds a new delegate; a name and a key are given once and for ever. Throws DELEGATE_*. */
export function addDelegate(writer: StateWriter, address: Uint8Array, delegate: Delegate): void {
  if (getDelegate(writer, address)) throw new SmartshareError('DELEGATE_EXISTS', 'the account is a delegate already')
  const nameKey = new TextEncoder().encode(delegate.name)
  if (names.get(writer, nameKey)) throw new SmartshareError('DELEGATE_NAME', `the name ${delegate.name} is taken`)
  if (keys.get(writer, delegate.key) !== undefined) {
    throw new SmartshareError('DELEGATE_KEY', 'the key is or was in use')
  }
  names.set(writer, address, nameKey)
  keys.set(writer, address, delegate.key)
  delegates.set(writer, delegate, address)
  ranking.set(writer, true, descendingKey(backing(delegate)), address)
}

/** Stores a changed delegate and its new place in the ranking. */
export function updateDelegate(writer: StateWriter, address: Uint8Array, before: Delegate, after: Delegate): void {
  ranking.delete(writer, descendingKey(backing(before)), address)
  ranking.set(writer, true, descendingKey(backing(after)), address)
  delegates.set(writer, after, address)
}

/** The delegates with the largest backing, at most `most`; one without a bond (retired) has none. */
export function ranked(reader: StateReader, most: number): (Delegate & { address: Uint8Array })[] {
  return [...ranking.entries(reader, [], { limit: most })]
    .map(([key]) => {
      const address = key.slice(8)
      return { ...getDelegate(reader, address)!, address }
    })
    .filter((delegate) => delegate.bond > 0n)
}

export interface Voter {
  stake: bigint
  ballot: Uint8Array[]
  renewedTerm: number
  endTerm: number
  fresh: FreshStake[]
  isCounted: boolean
  earnsFrom: number
  dueGrains: bigint
}

const NOBODY: Voter = {
  ...{ stake: 0n, ballot: [], renewedTerm: 0, endTerm: 0 },
  ...{ fresh: [], isCounted: false, earnsFrom: 0, dueGrains: 0n },
}

export function getVoter(reader: Pick<StateReader, 'get'>, address: Uint8Array): Voter {
  return voters.get(reader, address) ?? NOBODY
}

export function setVoter(writer: StateWriter, address: Uint8Array, voter: Voter): void {
  const { stake, ballot, dueGrains } = voter
  if (stake === 0n && ballot.length === 0 && dueGrains === 0n) voters.delete(writer, address)
  else voters.set(writer, voter, address)
}

/** Grains of a bond that are mature when votes are frozen in a term. */
export function matureBond(
  reader: Pick<StateReader, 'get'>,
  address: Uint8Array,
  { bond }: Pick<Delegate, 'bond'>,
  term: number,
): bigint {
  let mature = bond
  for (const fresh of freshBonds.get(reader, address) ?? []) {
    if (fresh.matures > term) mature -= fresh.grains
  }
  return mature > 0n ? mature : 0n
}

/** Notes that a bond grew in a term; what is mature by then is forgotten. */
export function addFreshBond(
  writer: StateWriter,
  address: Uint8Array,
  grains: bigint,
  { term, ages }: { term: number; ages: VoteAges },
): void {
  freshBonds.set(writer, withFresh(freshBonds.get(writer, address) ?? [], grains, { term, ages }), address)
}

export interface Unbonding {
  grains: bigint
  freeMs: number
  /** A bond, not a stake: it can still be slashed. */
  isBond: boolean
}

export function unbondingOf(reader: Pick<StateReader, 'get'>, address: Uint8Array): Unbonding[] {
  return unbonding.get(reader, address) ?? []
}

/** Adds a withdrawal. Throws DELEGATE_UNBONDING when too many are under way. */
export function addUnbonding(writer: StateWriter, address: Uint8Array, entry: Unbonding): void {
  const entries = unbondingOf(writer, address)
  if (entries.length >= MAX_UNBONDING) {
    throw new SmartshareError('DELEGATE_UNBONDING', `at most ${MAX_UNBONDING} withdrawals at a time: claim first`)
  }
  setUnbonding(writer, address, [...entries, entry])
}

/** Replaces all withdrawals. */
export function setUnbonding(writer: StateWriter, address: Uint8Array, entries: Unbonding[]): void {
  if (entries.length === 0) unbonding.delete(writer, address)
  else unbonding.set(writer, entries, address)
}
