import { ADDRESS_BYTES, BLS_KEY_BYTES, BLS_SIGNATURE_BYTES } from '@smartshare/chain'
import { amount, array, fixedBytes, record, SmartshareError, text, uint } from '@smartshare/codec'
import { addAmount, bls, compareBytes, equalBytes } from '@smartshare/crypto'
import type { EventKind, Host } from '../host.ts'
import type { Method, Module } from '../module.ts'
import { pools, release, spend } from '../tokens/tokens.ts'
import { runElection } from './election.ts'
import { jailEvents, releaseMethod } from './jail.ts'
import { pastSet } from './past-sets.ts'
import { banOf, punishmentEvents } from './punishment.ts'
import {
  addDelegate,
  addFreshBond,
  addUnbonding,
  DELEGATES,
  type Delegate,
  getDelegate,
  getVoter,
  MAX_BALLOT,
  MAX_NAME_BYTES,
  setUnbonding,
  setVoter,
  type Unbonding,
  unbondingOf,
  updateDelegate,
} from './registry.ts'
import { changeCommission, settled } from './rewards.ts'
import { lastTermServed } from './tenure.ts'
import { beginTerm, currentTerm, nextSet, termEvents } from './term.ts'
import { expireVotes } from './vote-weights.ts'
import { changeVoter, voteEvent } from './voting.ts'

const POSSESSION_GAS = 150_000
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

const address = fixedBytes(ADDRESS_BYTES)

const registeredEvent = {
  target: DELEGATES,
  name: 'registered',
  schema: record({ delegate: address, name: text(MAX_NAME_BYTES), bond: amount }),
} satisfies EventKind<unknown>

const retiredEvent = {
  target: DELEGATES,
  name: 'retired',
  schema: record({ delegate: address }),
} satisfies EventKind<unknown>

/** Thousandths of its pay that a delegate keeps from now on. */
const commissionEvent = {
  target: DELEGATES,
  name: 'commission',
  schema: record({ delegate: address, thousandths: uint(1000) }),
} satisfies EventKind<unknown>

/** `delegates.register`: stands for election with a bond and a BLS key of which it proves possession. */
const register: Method<{ name: string; key: Uint8Array; proof: Uint8Array; bond: bigint }> = {
  id: 1,
  name: 'register',
  arguments: record({
    name: text(MAX_NAME_BYTES, 1),
    key: fixedBytes(BLS_KEY_BYTES),
    proof: fixedBytes(BLS_SIGNATURE_BYTES),
    bond: amount,
  }),
  gas: POSSESSION_GAS,
  check({ name }) {
    if (!NAME.test(name)) {
      throw new SmartshareError('DELEGATE_NAME', 'a name has 1 … 32 lower-case letters, digits and inner hyphens')
    }
  },
  execute(host, { name, key, proof, bond }, sender) {
    if (bond < host.parameters.leastBondGrains) {
      throw new SmartshareError('DELEGATE_BOND', `the least bond is ${host.parameters.leastBondGrains} grains`)
    }
    if (!bls.verifyPossession(key, proof)) {
      throw new SmartshareError('DELEGATE_KEY', 'the proof of possession does not hold')
    }
    spend(host, sender, pools.stakes, bond)
    addDelegate(host, sender, { name, key, bond, votes: 0n, registeredHeight: host.block.height })
    addFreshBond(host, sender, bond, { term: host.block.term, ages: host.parameters })
    host.emit(registeredEvent, { delegate: sender, name, bond })
  },
}

/** `delegates.raiseBond`: a larger bond lets more backing count; a retired delegate stands again. */
const raiseBond: Method<{ amount: bigint }> = {
  id: 2,
  name: 'raiseBond',
  arguments: record({ amount }),
  gas: 0,
  check: checkPositive,
  execute(host, args, sender) {
    const delegate = known(host, sender)
    if (banOf(host, sender) !== undefined) throw new SmartshareError('DELEGATE_BANNED', 'the delegate is banned')
    const bond = addAmount(delegate.bond, args.amount)
    if (bond < host.parameters.leastBondGrains) {
      throw new SmartshareError('DELEGATE_BOND', `the least bond is ${host.parameters.leastBondGrains} grains`)
    }
    spend(host, sender, pools.stakes, args.amount)
    updateDelegate(host, sender, delegate, { ...delegate, bond })
    addFreshBond(host, sender, args.amount, { term: host.block.term, ages: host.parameters })
  },
}

/** `delegates.retire`: stands no more; the bond is free after the unbonding time. */
const retire: Method<Record<string, never>> = {
  id: 3,
  name: 'retire',
  arguments: record({}),
  gas: 0,
  check: () => undefined,
  execute(host, _, sender) {
    const delegate = known(host, sender)
    if (delegate.bond === 0n) throw new SmartshareError('DELEGATE_BOND', 'the delegate has retired already')
    // The record stays, so that votes for it can be taken back; without a bond it has no backing.
    updateDelegate(host, sender, delegate, { ...delegate, bond: 0n })
    startUnbonding(host, sender, delegate.bond, true)
    host.emit(retiredEvent, { delegate: sender })
  },
}

/** `delegates.stake`: locks grains that vote by the sender's ballot. */
const stake: Method<{ amount: bigint }> = {
  id: 4,
  name: 'stake',
  arguments: record({ amount }),
  gas: 0,
  check: checkPositive,
  execute(host, args, sender) {
    spend(host, sender, pools.stakes, args.amount)
    changeVoter(host, sender, { stake: addAmount(getVoter(host, sender).stake, args.amount) })
  },
}

/** `delegates.unstake`: the grains stop voting at once and are free after the unbonding time. */
const unstake: Method<{ amount: bigint }> = {
  id: 5,
  name: 'unstake',
  arguments: record({ amount }),
  gas: 0,
  check: checkPositive,
  execute(host, args, sender) {
    const voter = getVoter(host, sender)
    if (voter.stake < args.amount) {
      throw new SmartshareError('DELEGATE_STAKE', `the stake is ${voter.stake} grains`, { stake: voter.stake })
    }
    changeVoter(host, sender, { stake: voter.stake - args.amount })
    startUnbonding(host, sender, args.amount, false)
  },
}

/** `delegates.vote`: the sender's stake backs these delegates in equal parts; an empty ballot backs nobody. */
const vote: Method<{ ballot: Uint8Array[] }> = {
  id: 6,
  name: 'vote',
  arguments: record({ ballot: array(address, MAX_BALLOT) }),
  gas: 0,
  check({ ballot }) {
    for (let i = 1; i < ballot.length; i++) {
      if (compareBytes(ballot[i - 1]!, ballot[i]!) >= 0) {
        throw new SmartshareError('DELEGATE_BALLOT', 'a ballot names delegates in ascending order, each once')
      }
    }
  },
  execute(host, { ballot }, sender) {
    for (const candidate of ballot) known(host, candidate)
    changeVoter(host, sender, { ballot })
  },
}

/** `delegates.claim`: takes back stakes and bonds whose unbonding time is over. */
const claim: Method<Record<string, never>> = {
  id: 7,
  name: 'claim',
  arguments: record({}),
  gas: 0,
  check: () => undefined,
  execute(host, _, sender) {
    const entries = unbondingOf(host, sender)
    const { timeMs } = host.block
    const bondFreeMs = entries.some(({ isBond }) => isBond) ? bondLockedUntil(host, sender) : 0
    const isFree = (entry: Unbonding) => entry.freeMs <= timeMs && (!entry.isBond || bondFreeMs <= timeMs)
    const free = entries.filter(isFree)
    if (free.length === 0) throw new SmartshareError('DELEGATE_UNBONDING', 'nothing is free yet')
    const grains = free.reduce((sum, entry) => sum + entry.grains, 0n)
    release(host, pools.stakes, sender, grains)
    const locked = entries.filter((entry) => !isFree(entry))
    setUnbonding(host, sender, locked)
  },
}

/** `delegates.setCommission`: thousandths of its pay that the delegate keeps; the rest is its voters'. */
const setCommission: Method<{ thousandths: number }> = {
  id: 8,
  name: 'setCommission',
  arguments: record({ thousandths: uint(1000) }),
  gas: 0,
  check: () => undefined,
  execute(host, { thousandths }, sender) {
    known(host, sender)
    changeCommission(host, sender, thousandths)
    host.emit(commissionEvent, { delegate: sender, thousandths })
  },
}

/** `delegates.collect`: pays out what the sender's votes earned up to the last term that ended. */
const collect: Method<Record<string, never>> = {
  id: 9,
  name: 'collect',
  arguments: record({}),
  gas: 0,
  check: () => undefined,
  execute(host, _, sender) {
    const voter = settled(host, getVoter(host, sender))
    if (voter.dueGrains === 0n) throw new SmartshareError('DELEGATE_REWARDS', 'there is nothing to collect yet')
    setVoter(host, sender, { ...voter, dueGrains: 0n })
    release(host, pools.voterPay, sender, voter.dueGrains)
  },
}

export const delegates: Module = {
  id: DELEGATES,
  name: 'delegates',
  methods: [register, raiseBond, retire, stake, unstake, vote, claim, setCommission, collect, releaseMethod],
  events: [
    registeredEvent,
    retiredEvent,
    commissionEvent,
    voteEvent,
    ...termEvents,
    ...punishmentEvents,
    ...jailEvents,
  ],
  beginBlock: beginTerm,
  endBlock(host) {
    expireVotes(host)
    runElection(host)
  },
}

function checkPositive(args: { amount: bigint }): void {
  if (args.amount === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'an amount of nothing')
}

function known(host: Host, candidate: Uint8Array): Delegate {
  const delegate = getDelegate(host, candidate)
  if (delegate === undefined) throw new SmartshareError('DELEGATE_UNKNOWN', 'there is no such delegate')
  return delegate
}

function startUnbonding(host: Host, sender: Uint8Array, grains: bigint, isBond: boolean): void {
  if (grains === 0n) return
  const freeMs = host.block.timeMs + host.parameters.unbondingMs
  addUnbonding(host, sender, { grains, freeMs, isBond })
}

/** A bond answers for all that its delegate signs: it stays locked until the unbonding time after the last term served. */
function bondLockedUntil(host: Host, of: Uint8Array): number {
  const sets = [currentTerm(host).members, nextSet(host)?.members ?? []]
  if (sets.flat().some(({ address: member }) => equalBytes(member, of))) return Number.POSITIVE_INFINITY
  const last = lastTermServed(host, of)
  const past = last === undefined ? undefined : pastSet(host, last)
  return past === undefined ? 0 : past.endMs + host.parameters.unbondingMs
}
