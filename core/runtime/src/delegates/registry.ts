import { ADDRESS_BYTES, BLS_KEY_BYTES } from '@smartshare/chain'
import { amount, array, bool, fixedBytes, optional, record, SmartshareError, text, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import { descendingKey } from '../keys.ts'
import { type StateWriter, Table } from '../table.ts'
import { BACKING_PER_BOND } from './phragmen.ts'

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
  /** Grains of stake that vote for it. */
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

const voterSchema = record({ stake: amount, ballot: array(fixedBytes(ADDRESS_BYTES), MAX_BALLOT) })
const unbondingSchema = array(record({ grains: amount, freeMs: uint(), isBond: bool }), MAX_UNBONDING + 1)

const delegates = new Table<Delegate>(DELEGATES, 1, delegateSchema)
/** Delegates by backing, the largest first. */
const ranking = new Table(DELEGATES, 2, bool)
const voters = new Table(DELEGATES, 3, voterSchema)
const unbonding = new Table(DELEGATES, 4, unbondingSchema)
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
}

export function getVoter(reader: Pick<StateReader, 'get'>, address: Uint8Array): Voter {
  return voters.get(reader, address) ?? { stake: 0n, ballot: [] }
}

/** Replaces a voter's stake and ballot and moves its votes: the stake is split evenly, never multiplied. */
export function setVoter(writer: StateWriter, address: Uint8Array, before: Voter, after: Voter): void {
  shiftVotes(writer, before, -1n)
  shiftVotes(writer, after, 1n)
  if (after.stake === 0n && after.ballot.length === 0) voters.delete(writer, address)
  else voters.set(writer, after, address)
}

function shiftVotes(writer: StateWriter, voter: Voter, sign: bigint): void {
  if (voter.ballot.length === 0) return
  const share = (voter.stake / BigInt(voter.ballot.length)) * sign
  if (share === 0n) return
  for (const address of voter.ballot) {
    const delegate = getDelegate(writer, address)
    if (delegate) updateDelegate(writer, address, delegate, { ...delegate, votes: delegate.votes + share })
  }
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
