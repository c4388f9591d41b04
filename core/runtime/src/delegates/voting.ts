import { ADDRESS_BYTES } from '@smartshare/chain'
import { amount, array, fixedBytes, record } from '@smartshare/codec'
import type { EventKind, Host } from '../host.ts'
import { addToBallot, takeFromBallot } from './ballots.ts'
import { DELEGATES, getVoter, MAX_BALLOT, setVoter, type Voter } from './registry.ts'
import { settled } from './rewards.ts'
import type { Part } from './vote-ages.ts'
import { renewed, shiftWeights } from './vote-weights.ts'

const address = fixedBytes(ADDRESS_BYTES)

/** A voter's stake and ballot as they are now. */
export const voteEvent = {
  target: DELEGATES,
  name: 'vote',
  schema: record({ voter: address, stake: amount, ballot: array(address, MAX_BALLOT) }),
} satisfies EventKind<unknown>

/**
 * Changes a voter's stake or ballot, or neither; all its votes are then renewed. What it earned so far becomes due,
 * its weight moves, and so do its parts of the ballots that elections count.
 */
export function changeVoter(host: Host, sender: Uint8Array, change: { stake?: bigint; ballot?: Uint8Array[] }): void {
  const { term } = host.block
  const ages = host.parameters
  const before = getVoter(host, sender)
  const changed = renewed(settled(host, before), change, term, ages)
  const after = { ...changed, isCounted: changed.stake >= host.parameters.leastVoteGrains }
  shiftWeights(host, before, -1, term)
  shiftWeights(host, after, 1, term)
  takeFromBallot(host, before.ballot, partsOf(before), ages)
  addToBallot(host, after.ballot, partsOf(after), ages)
  setVoter(host, sender, after)
  host.emit(voteEvent, { voter: sender, stake: after.stake, ballot: after.ballot })
}

/** A voter's stake by when it counts, as it lies in its ballot. */
export function partsOf({ stake, isCounted, renewedTerm, fresh }: Voter): Part[] {
  if (!isCounted) return []
  const older = fresh.reduce((rest, { grains }) => rest - grains, stake)
  return [
    { renewed: renewedTerm, delay: 0, grains: older },
    ...fresh.map(({ matures, grains }) => ({
      renewed: renewedTerm,
      delay: Math.max(0, matures - renewedTerm),
      grains,
    })),
  ].filter(({ grains }) => grains > 0n)
}
