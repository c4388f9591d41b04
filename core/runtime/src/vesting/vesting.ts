import { ADDRESS_BYTES } from '@smartshare/chain'
import { amount, bool, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { equalBytes, mulDiv } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { EventKind } from '../host.ts'
import { uintKey } from '../keys.ts'
import type { Method, Module } from '../module.ts'
import { type StateWriter, Table } from '../table.ts'
import { pools, release } from '../tokens/tokens.ts'

/** Module number of vesting. */
const VESTING = 3
const MAX_LOCKS_LISTED = 1000

const lockSchema = record({
  grains: amount,
  claimed: amount,
  startMs: uint(),
  endMs: uint(),
  /** All at the end (a grant), or evenly between start and end (the team). */
  cliff: bool,
})

/** An amount that is released to one account by time. */
export interface Lock {
  grains: bigint
  claimed: bigint
  startMs: number
  endMs: number
  cliff: boolean
}

const locks = new Table<Lock>(VESTING, 1, lockSchema)
/** Number of locks that an account ever had: the next lock's number. */
const counts = new Table(VESTING, 2, uint())
const granters = new Table(VESTING, 3, fixedBytes(ADDRESS_BYTES))

const lockedEvent = {
  target: VESTING,
  name: 'locked',
  schema: record({
    owner: fixedBytes(ADDRESS_BYTES),
    lock: uint(),
    grains: amount,
    startMs: uint(),
    endMs: uint(),
    cliff: bool,
  }),
} satisfies EventKind<unknown>

/** Grains of a lock that are free at a time, claimed or not. */
export function vestedGrains(lock: Lock, timeMs: number): bigint {
  if (timeMs >= lock.endMs) return lock.grains
  if (lock.cliff || timeMs <= lock.startMs) return 0n
  return mulDiv(lock.grains, BigInt(timeMs - lock.startMs), BigInt(lock.endMs - lock.startMs))
}

/** `vesting.claim`: moves what is free of one of the sender's locks into its balance. */
const claim: Method<{ lock: number }> = {
  id: 1,
  name: 'claim',
  arguments: record({ lock: uint() }),
  gas: 0,
  check: () => undefined,
  execute(host, args, sender) {
    const lock = locks.get(host, sender, uintKey(args.lock))
    if (lock === undefined) throw new SmartshareError('VESTING_UNKNOWN', `the account has no lock ${args.lock}`)
    const grains = vestedGrains(lock, host.block.timeMs) - lock.claimed
    if (grains === 0n) throw new SmartshareError('VESTING_LOCKED', 'nothing of this lock is free yet')
    release(host, pools.vesting, sender, grains)
    const claimed = lock.claimed + grains
    if (claimed === lock.grains) locks.delete(host, sender, uintKey(args.lock))
    else locks.set(host, { ...lock, claimed }, sender, uintKey(args.lock))
  },
}

/** `vesting.grant`: the foundation grants to a participant, locked for the network's grant time. */
const grant: Method<{ to: Uint8Array; amount: bigint }> = {
  id: 2,
  name: 'grant',
  arguments: record({ to: fixedBytes(ADDRESS_BYTES), amount }),
  gas: 0,
  check(args) {
    if (args.amount === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'a grant of nothing')
  },
  execute(host, args, sender) {
    const granter = granters.get(host)
    if (granter === undefined || !equalBytes(granter, sender)) {
      throw new SmartshareError('VESTING_GRANTER', 'only the foundation grants')
    }
    release(host, pools.foundation, pools.vesting, args.amount)
    const startMs = host.block.timeMs
    const lock = {
      grains: args.amount,
      claimed: 0n,
      startMs,
      endMs: startMs + host.parameters.grantLockMs,
      cliff: true,
    }
    const number = addLock(host, args.to, lock)
    host.emit(lockedEvent, {
      owner: args.to,
      lock: number,
      grains: lock.grains,
      startMs,
      endMs: lock.endMs,
      cliff: true,
    })
  },
}

export const vesting: Module = { id: VESTING, name: 'vesting', methods: [claim, grant], events: [lockedEvent] }

/** Adds a lock whose grains are in the vesting pool already; returns its number. */
export function addLock(writer: StateWriter, owner: Uint8Array, lock: Lock): number {
  const number = counts.get(writer, owner) ?? 0
  counts.set(writer, number + 1, owner)
  locks.set(writer, lock, owner, uintKey(number))
  return number
}

/** Names the account that may grant from the foundation's pool. */
export function setGranter(writer: StateWriter, address: Uint8Array): void {
  granters.set(writer, address)
}

/** The locks of an account that are not wholly claimed. */
export function locksOf(reader: StateReader, owner: Uint8Array): (Lock & { lock: number })[] {
  return [...locks.entries(reader, [owner], { limit: MAX_LOCKS_LISTED })].map(([key, lock]) => ({
    ...lock,
    lock: Number(new DataView(key.buffer, key.byteOffset + ADDRESS_BYTES, 8).getBigUint64(0)),
  }))
}
