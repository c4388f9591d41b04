import { ADDRESS_BYTES } from '@smartshare/chain'
import { amount, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { mulDiv } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { EventKind, Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import { Table } from '../table.ts'
import { pools, release } from '../tokens/tokens.ts'
import { DELEGATES, getDelegate, setUnbonding, unbondingOf, updateDelegate } from './registry.ts'

// What happens to delegates who are convicted of contradicting themselves (docs/spec/chain.md, "Punishment").

const WHOLE = 1000

/** The term for which a delegate was convicted, and when. */
const bans = new Table(DELEGATES, 31, record({ term: uint(), timeMs: uint() }))
/** Offenders by term of the offence who have not lost all: the bond when they were convicted, and what was taken of it. */
const offences = new Table(DELEGATES, 32, record({ bond: amount, taken: amount }))
/** How many were convicted for a term. */
const offenders = new Table(DELEGATES, 33, uint())

const address = fixedBytes(ADDRESS_BYTES)

/** A delegate was convicted: its key never serves again. */
const bannedEvent = {
  target: DELEGATES,
  name: 'banned',
  schema: record({ delegate: address, term: uint(), bond: amount }),
} satisfies EventKind<unknown>

/** Grains taken of an offender's bond, at once or because others turn out to have offended together with it. */
const slashedEvent = {
  target: DELEGATES,
  name: 'slashed',
  schema: record({ delegate: address, amount, reporter: address }),
} satisfies EventKind<unknown>

export const punishmentEvents = [bannedEvent, slashedEvent]

/** The term for which a delegate was convicted and the time of its conviction; undefined for all others. */
export function banOf(reader: Pick<StateReader, 'get'>, of: Uint8Array): { term: number; timeMs: number } | undefined {
  return bans.get(reader, of)
}

/** Convicted delegates of one term. */
export interface Offence {
  readonly term: number
  /** Seats of that term's set. */
  readonly seats: number
  /** Addresses of members of the set who are not banned yet. */
  readonly convicted: readonly Uint8Array[]
}

/**
 * Bans the convicted and takes what they lose by now: a fixed part of the bond for one alone, rising evenly with every
 * other offender of `slashTerms` terms in a row, up to all of it for a third of the seats. Offenders who were convicted
 * before lose more with them. A part goes to the reporter, the rest to the mining pool.
 */
export function punish(host: Host, offence: Offence, reporter: Uint8Array): void {
  for (const of of offence.convicted) ban(host, of, offence.term)
  const taken = slash(host, offence, reporter)
  const reward = mulDiv(taken, BigInt(host.parameters.reporterShare), BigInt(WHOLE))
  release(host, pools.stakes, reporter, reward)
  release(host, pools.stakes, pools.mining, taken - reward)
}

/** All of the bond, also what is being withdrawn, stays locked anew: later convictions may show that it loses more. */
function ban(host: Host, of: Uint8Array, term: number): void {
  const delegate = getDelegate(host, of)
  if (delegate === undefined) throw new SmartshareError('STATE_DAMAGED', 'a member of a set is no delegate')
  const entries = unbondingOf(host, of)
  const bond = entries.reduce((sum, { isBond, grains }) => (isBond ? sum + grains : sum), delegate.bond)
  updateDelegate(host, of, delegate, { ...delegate, bond: 0n })
  setBond(host, of, bond, host.block.timeMs + host.parameters.unbondingMs)
  bans.set(host, { term, timeMs: host.block.timeMs }, of)
  offences.set(host, { bond, taken: 0n }, uintKey(term), of)
  offenders.set(host, countOf(host, term) + 1, uintKey(term))
  host.emit(bannedEvent, { delegate: of, term, bond })
}

function setBond(host: Host, of: Uint8Array, grains: bigint, freeMs: number): void {
  const others = unbondingOf(host, of).filter(({ isBond }) => !isBond)
  setUnbonding(host, of, grains === 0n ? others : [...others, { grains, freeMs, isBond: true }])
}

function countOf(reader: Pick<StateReader, 'get'>, term: number): number {
  return offenders.get(reader, uintKey(term)) ?? 0
}

/** Takes from all offenders near the term what they lose by now; gives the sum in grains. */
function slash(host: Host, { term, seats }: Offence, reporter: Uint8Array): bigint {
  const { slashTerms, slashShare } = host.parameters
  const first = Math.max(0, term - slashTerms + 1)
  const shares = sharesAround(host, { term, first, terms: slashTerms, third: thirdOf(seats), least: slashShare })
  let sum = 0n
  // Whoever lost all is in here no more, and a third within `slashTerms` terms loses all: fewer than 2 n / 3 are left.
  for (const [offset, share] of shares.entries()) {
    const at = uintKey(first + offset)
    for (const [key, offence] of [...offences.entries(host, [at], { limit: Number.MAX_SAFE_INTEGER })]) {
      const of = key.slice(at.length)
      const due = mulDiv(offence.bond, BigInt(share), BigInt(WHOLE))
      if (due <= offence.taken) continue
      sum += take(host, of, due - offence.taken, reporter)
      if (share === WHOLE) offences.delete(host, at, of)
      else offences.set(host, { ...offence, taken: due }, at, of)
    }
  }
  return sum
}

/**
 * For each term from `first` on that lies in one window of `terms` terms with the offence: the part of the bond that an
 * offender of that term loses, in thousandths, by the fullest such window.
 */
function sharesAround(
  reader: Pick<StateReader, 'get'>,
  options: { term: number; first: number; terms: number; third: number; least: number },
): number[] {
  const { term, first, terms, third, least } = options
  const length = term + terms - first
  const counts = Array.from({ length }, (_, offset) => countOf(reader, first + offset))
  const shares = counts.map(() => 0)
  for (let from = 0; from <= term - first; from++) {
    const count = counts.slice(from, from + terms).reduce((sum, n) => sum + n, 0)
    const share = slashedShare(count, third, least)
    for (let at = from; at < from + terms && at < length; at++) shares[at] = Math.max(shares[at]!, share)
  }
  return shares
}

/** Offenders that together lose everything: the least number that a quorum cannot bear. */
function thirdOf(seats: number): number {
  return Math.floor((seats - 1) / 3) + 1
}

/** Part of the bond that each of `count` offenders loses, in thousandths: `least` for one, all for a third. */
export function slashedShare(count: number, third: number, least: number): number {
  if (count >= third) return WHOLE
  return least + Math.floor(((WHOLE - least) * (count - 1)) / (third - 1))
}

/** Takes at most what is left of the bond; gives how much it was. */
function take(host: Host, of: Uint8Array, wanted: bigint, reporter: Uint8Array): bigint {
  const bond = unbondingOf(host, of).find(({ isBond }) => isBond)
  if (bond === undefined) return 0n
  const grains = wanted < bond.grains ? wanted : bond.grains
  setBond(host, of, bond.grains - grains, bond.freeMs)
  host.emit(slashedEvent, { delegate: of, amount: grains, reporter })
  return grains
}
