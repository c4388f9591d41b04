import { ADDRESS_BYTES, type Certificate, type DelegateSet, MAX_SEATS, seatsOf } from '@smartshare/chain'
import { amount, array, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { mulDiv } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { EventKind, Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import { type StateWriter, Table } from '../table.ts'
import { balanceOf, creditFee, pools, release } from '../tokens/tokens.ts'
import { isEligible, noteBlock } from './jail.ts'
import { keepPastSet } from './past-sets.ts'
import { DELEGATES } from './registry.ts'
import { shareWithVoters } from './rewards.ts'
import { membersSchema } from './set-schema.ts'
import { payForTerm } from './tenure.ts'

const EMISSION_UNIT = 10n ** 18n

const termSchema = record({
  term: uint(),
  startHeight: uint(),
  members: membersSchema,
  /** Grains that each seat earned in this term. */
  earned: array(amount, MAX_SEATS),
  /** Blocks that each seat made in this term. */
  made: array(uint(), MAX_SEATS),
  /** Since which term each seat's delegate has served without a break. */
  since: array(uint(), MAX_SEATS),
})

export interface Term {
  term: number
  startHeight: number
  members: DelegateSet['members']
  earned: bigint[]
  made: number[]
  since: number[]
}

const terms = new Table<Term>(DELEGATES, 10, termSchema)
const nextSets = new Table<DelegateSet>(DELEGATES, 11, record({ term: uint(), members: membersSchema }))

/** A new term begins; its seats in order. */
const termEvent = {
  target: DELEGATES,
  name: 'term',
  schema: record({ term: uint(), members: array(fixedBytes(ADDRESS_BYTES), MAX_SEATS) }),
} satisfies EventKind<unknown>

/** The next set is elected. */
const electedEvent = {
  target: DELEGATES,
  name: 'elected',
  schema: record({ term: uint(), members: array(fixedBytes(ADDRESS_BYTES), MAX_SEATS) }),
} satisfies EventKind<unknown>

/** Where the fees of a block went. */
const feesEvent = {
  target: DELEGATES,
  name: 'fees',
  schema: record({ toDelegates: amount, toMining: amount }),
} satisfies EventKind<unknown>

export const termEvents = [termEvent, electedEvent, feesEvent]

/** The term that runs at this state. */
export function currentTerm(reader: Pick<StateReader, 'get'>): Term {
  const term = terms.get(reader)
  if (term === undefined) throw new SmartshareError('STATE_DAMAGED', 'the state has no term')
  return term
}

/** The set of the next term, once it is elected. */
export function nextSet(reader: Pick<StateReader, 'get'>): DelegateSet | undefined {
  return nextSets.get(reader)
}

export function setFirstTerm(writer: StateWriter, set: DelegateSet): void {
  terms.set(writer, newTerm(set, 0))
}

function newTerm(set: DelegateSet, startHeight: number, before?: Term): Term {
  const seats = set.members.length
  const served = new Map(before?.members.map(({ address }, seat) => [mapKey(address), before.since[seat]!]))
  return {
    term: set.term,
    startHeight,
    members: set.members,
    earned: new Array<bigint>(seats).fill(0n),
    made: new Array<number>(seats).fill(0),
    since: set.members.map(({ address }) => served.get(mapKey(address)) ?? set.term),
  }
}

/** At the first block of a term: pays the old term out and seats the elected set. */
export function beginTerm(host: Host): void {
  const term = currentTerm(host)
  if (host.block.term === term.term) return
  const elected = nextSet(host)
  if (elected === undefined || elected.term !== host.block.term) {
    throw new SmartshareError('STATE_DAMAGED', `a block of term ${host.block.term} after term ${term.term}`)
  }
  for (const [seat, grains] of term.earned.entries()) {
    const { address } = term.members[seat]!
    const stepTerms = host.parameters.tenureStepTerms
    const earned = payForTerm(host, { address, term: term.term, earned: grains, stepTerms })
    const pay = isEligible(host, address) ? earned : 0n
    const shared = shareWithVoters(host, address, term.term, pay)
    release(host, pools.delegatePay, address, pay - shared)
    release(host, pools.delegatePay, pools.mining, grains - pay)
  }
  keepPastSet(host, term)
  terms.set(host, newTerm(elected, host.block.height, term))
  nextSets.delete(host)
  host.emit(termEvent, { term: elected.term, members: elected.members.map(({ address }) => address) })
}

/**
 * Pays for a final block: half of what it brings to its leader, half in equal parts to the votes that it carries
 * (the Final certificate of its named root). What nobody earned stays in the mining pool.
 */
export function payBlock(host: Host, feeGrains: bigint, rootCertificate: Certificate | null): void {
  const term = currentTerm(host)
  const seats = term.members.length
  const feeShare = mulDiv(feeGrains, BigInt(host.parameters.delegatesFeeShare), 1000n)
  const emission = mulDiv(balanceOf(host, pools.mining), host.parameters.blockEmission, EMISSION_UNIT)
  const leaderPart = (emission + feeShare) / 2n
  const votePart = leaderPart / BigInt(seats)
  const sameTerm = rootCertificate !== null && rootCertificate.term === term.term
  const voters = sameTerm ? (seatsOf(rootCertificate.bitmap, seats) ?? []) : []
  const earned = term.earned.slice()
  earned[host.block.leader]! += leaderPart
  for (const seat of voters) earned[seat]! += votePart
  const made = term.made.slice()
  made[host.block.leader]! += 1
  terms.set(host, { ...term, earned, made })
  noteBlock(host, term)

  const total = leaderPart + votePart * BigInt(voters.length)
  const fromFees = total < feeShare ? total : feeShare
  creditFee(host, pools.delegatePay, fromFees)
  creditFee(host, pools.mining, feeGrains - fromFees)
  release(host, pools.mining, pools.delegatePay, total - fromFees)
  host.emit(feesEvent, { toDelegates: fromFees, toMining: feeGrains - fromFees })
}

/** Names the set of the next term. */
export function setNextSet(host: Host, elected: DelegateSet['members']): void {
  const { term } = currentTerm(host)
  nextSets.set(host, { term: term + 1, members: elected })
  host.emit(electedEvent, { term: term + 1, members: elected.map(({ address }) => address) })
}
