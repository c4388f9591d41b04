import { fixedBytes, record, SmartshareError, u64, uint } from '@smartshare/codec'
import { mulDiv } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { descendingKey } from '../keys.ts'
import { type StateWriter, Table } from '../table.ts'
import { pools, release } from '../tokens/tokens.ts'
import { DELEGATES, type Voter } from './registry.ts'
import { sharingWeight, weightsOf } from './vote-weights.ts'
import { numberOf, WIDE_BYTES, wideOf } from './wide.ts'

// A delegate keeps its commission and shares the rest of its pay among its voters, in proportion to the stake with which
// each votes for it. Nobody goes through voters: for every delegate and term a running sum says what one grain of weight
// got so far, in units of 2^-64 grain; a voter's share is its weight times the difference of two such sums. What divisions
// leave is counted in the same units, and goes to the mining pool as soon as it makes a grain: not one is lost.

/** Thousandths of pay that a delegate keeps until it says otherwise. */
const WHOLE = 1000
/** Most thousandths by which a commission may rise at a time. */
const MOST_RAISE = 50
const UNIT_BITS = 64n
const BELOW_GRAIN = (1n << UNIT_BITS) - 1n

interface Commission {
  thousandths: number
  /** Before this time it may not rise again. */
  raiseFromMs: number
}

const commissions = new Table<Commission>(DELEGATES, 22, record({ thousandths: uint(WHOLE), raiseFromMs: uint() }))
/** By delegate and term, the latest first: what one grain of weight got up to that term. */
const sums = new Table(DELEGATES, 23, fixedBytes(WIDE_BYTES))
/** What divisions left, in 2^-64 grain; below one grain. */
const dust = new Table(DELEGATES, 24, u64)

/** Thousandths of its pay that a delegate keeps. */
export function commissionOf(reader: Pick<StateReader, 'get'>, delegate: Uint8Array): number {
  return commissions.get(reader, delegate)?.thousandths ?? WHOLE
}

/** A lower commission holds at once; a higher one by at most five points, and the next raise has to wait. */
export function changeCommission(host: Host, delegate: Uint8Array, thousandths: number): void {
  const { thousandths: now, raiseFromMs } = commissions.get(host, delegate) ?? { thousandths: WHOLE, raiseFromMs: 0 }
  if (thousandths <= now) {
    commissions.set(host, { thousandths, raiseFromMs }, delegate)
    return
  }
  if (thousandths > now + MOST_RAISE || host.block.timeMs < raiseFromMs) {
    throw new SmartshareError(
      'DELEGATE_COMMISSION',
      `a commission of ${now} ‰ rises by at most ${MOST_RAISE} ‰ at a time, and not before its waiting time is over`,
      { now, raiseFromMs },
    )
  }
  const next = host.block.timeMs + host.parameters.commissionRaiseMs
  commissions.set(host, { thousandths, raiseFromMs: next }, delegate)
}

/** Shares out what is not the delegate's of its pay for a term, if anybody shares in it. Returns the grains that are. */
export function shareWithVoters(host: Host, delegate: Uint8Array, term: number, pay: bigint): bigint {
  const weight = sharingWeight(host, delegate, term)
  const grains = mulDiv(pay, BigInt(WHOLE - commissionOf(host, delegate)), BigInt(WHOLE))
  if (weight === 0n || grains === 0n) return 0n
  release(host, pools.delegatePay, pools.voterPay, grains)
  const perGrain = (grains << UNIT_BITS) / weight
  const sum = sumBefore(host, delegate, term) + perGrain
  sums.set(host, wideOf(sum), delegate, descendingKey(BigInt(term)))
  addDust(host, (grains << UNIT_BITS) - perGrain * weight)
  return grains
}

/** What one grain of weight for a delegate got for the terms before this one. */
function sumBefore(reader: StateReader, delegate: Uint8Array, term: number): bigint {
  const after = new Uint8Array([...delegate, ...descendingKey(BigInt(term))])
  for (const [, sum] of sums.entries(reader, [delegate], { limit: 1, after })) return numberOf(sum)
  return 0n
}

/** A voter's share of the pay that was shared out before a term and that it was not given yet, in 2^-64 grain. */
function shareOf(reader: StateReader, voter: Voter, term: number): bigint {
  const end = Math.min(term, voter.endTerm)
  let share = 0n
  for (const { weight, earnsFrom } of weightsOf(voter)) {
    if (earnsFrom >= end) continue
    for (const name of voter.ballot) {
      share += weight * (sumBefore(reader, name, end) - sumBefore(reader, name, earnsFrom))
    }
  }
  return share
}

/** Grains that a voter can collect in a term. */
export function rewardsOf(reader: StateReader, voter: Voter, term: number): bigint {
  return voter.dueGrains + (shareOf(reader, voter, term) >> UNIT_BITS)
}

/** A voter with its share of all terms before this one as grains that are due. */
export function settled(host: Host, voter: Voter): Voter {
  const { term } = host.block
  const share = shareOf(host, voter, term)
  addDust(host, share & BELOW_GRAIN)
  const earnsFrom = Math.max(voter.earnsFrom, term)
  return { ...voter, earnsFrom, dueGrains: voter.dueGrains + (share >> UNIT_BITS) }
}

function addDust(host: Host, units: bigint): void {
  const all = (dust.get(host) ?? 0n) + units
  const grains = all >> UNIT_BITS
  release(host, pools.voterPay, pools.mining, grains)
  setDust(host, all & BELOW_GRAIN)
}

function setDust(writer: StateWriter, units: bigint): void {
  if (units === 0n) dust.delete(writer)
  else dust.set(writer, units)
}
