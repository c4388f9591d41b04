import { ADDRESS_BYTES } from '@smartshare/chain'
import { amount, record, uint } from '@smartshare/codec'
import { addAmount, equalBytes, subAmount } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import { type StateWriter, Table } from '../table.ts'
import { DELEGATES, getDelegate, updateDelegate, type Voter } from './registry.ts'
import { type VoteAges, withFresh, withoutFresh } from './vote-ages.ts'

// What voters weigh when a delegate's pay is shared: each voter's stake cut evenly among its names. It is the sum that
// the list of delegates goes by, too. Nobody goes through voters: a vote enters the bucket of the term in which it
// becomes too old, and buckets of terms that came are emptied a few delegates in a block.

/** Delegates whose votes are taken away in one block because they are too old. */
const EXPIRED_PER_BLOCK = 32

/** Votes by the term in which they are too old, and the delegate. */
const expiring = new Table(DELEGATES, 20, amount)
/** Votes for a delegate that do not share in the pay of the term in which they entered. */
const entering = new Table<{ term: number; grains: bigint }>(DELEGATES, 21, record({ term: uint(), grains: amount }))

/** Stake of a voter that weighs as one, and from which term on it shares in pay. */
interface WeighedPart {
  readonly weight: bigint
  readonly earnsFrom: number
}

/** What a voter weighs for each of its names: its older stake, and each addition for itself. */
export function weightsOf({ stake, ballot, fresh, earnsFrom }: Voter): WeighedPart[] {
  if (ballot.length === 0) return []
  const cut = (grains: bigint) => grains / BigInt(ballot.length)
  const older = fresh.reduce((rest, { grains }) => rest - grains, stake)
  return [
    { weight: cut(older), earnsFrom },
    ...fresh.map(({ term, grains }) => ({ weight: cut(grains), earnsFrom: Math.max(earnsFrom, term + 1) })),
  ].filter(({ weight }) => weight > 0n)
}

/** Weight of a delegate's voters who share in the pay of a term. */
export function sharingWeight(reader: Pick<StateReader, 'get'>, delegate: Uint8Array, term: number): bigint {
  const votes = getDelegate(reader, delegate)?.votes ?? 0n
  const late = entering.get(reader, delegate)
  return late?.term === term ? votes - late.grains : votes
}

/** Adds a voter's weight to its names, or takes it away again; votes that are too old are gone already. */
export function shiftWeights(writer: StateWriter, voter: Voter, sign: 1 | -1, term: number): void {
  const parts = weightsOf(voter)
  const all = parts.reduce((sum, { weight }) => sum + weight, 0n)
  if (all === 0n) return
  const late = parts.reduce((sum, { weight, earnsFrom }) => (earnsFrom > term ? sum + weight : sum), 0n)
  const by = sign === 1 ? addAmount : subAmount
  const end = uintKey(voter.endTerm)
  for (const name of voter.ballot) {
    const delegate = getDelegate(writer, name)
    const bucket = expiring.get(writer, end, name)
    if (delegate === undefined || (bucket === undefined && sign === -1)) continue
    updateDelegate(writer, name, delegate, { ...delegate, votes: by(delegate.votes, all) })
    const left = by(bucket ?? 0n, all)
    if (left === 0n) expiring.delete(writer, end, name)
    else expiring.set(writer, left, end, name)
    if (late === 0n) continue
    const known = entering.get(writer, name)
    const before = known?.term === term ? known.grains : 0n
    entering.set(writer, { term, grains: by(before, late) }, name)
  }
}

/** At the end of every block: takes away votes that are too old, for a few delegates at a time. */
export function expireVotes(host: Host): void {
  const old = [...expiring.entries(host, [], { limit: EXPIRED_PER_BLOCK })]
  for (const [key, grains] of old) {
    const end = key.slice(0, key.length - ADDRESS_BYTES)
    const name = key.slice(key.length - ADDRESS_BYTES)
    if (new DataView(end.buffer, end.byteOffset).getBigUint64(0) > BigInt(host.block.term)) return
    expiring.delete(host, end, name)
    const delegate = getDelegate(host, name)
    if (delegate) updateDelegate(host, name, delegate, { ...delegate, votes: subAmount(delegate.votes, grains) })
  }
}

/** A voter after it added or took away stake, or changed its ballot, in a term; that renews all of its votes. */
export function renewed(
  before: Voter,
  { stake = before.stake, ballot = before.ballot }: { stake?: bigint; ballot?: Uint8Array[] },
  term: number,
  ages: VoteAges,
): Voter {
  const isSame =
    ballot.length === before.ballot.length && ballot.every((name, i) => equalBytes(name, before.ballot[i]!))
  const kept = withFresh(before.fresh, stake > before.stake ? stake - before.stake : 0n, { term, ages })
  const fresh = stake < before.stake ? withoutFresh(kept, before.stake - stake) : kept
  // Who changes whom it votes for shares in the pay of those from the next term on.
  const earnsFrom = isSame && before.stake > 0n ? Math.max(before.earnsFrom, term) : term + 1
  return { ...before, stake, ballot, renewedTerm: term, endTerm: term + ages.voteEndTerms, fresh, earnsFrom }
}
