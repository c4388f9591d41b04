import type { StateReader } from '@smartshare/state'
import { getVoter } from './registry.ts'
import { rewardsOf } from './rewards.ts'
import { powerOf, type VoteAges } from './vote-ages.ts'
import { partsOf } from './voting.ts'

/** A holder's votes as they stand in a term. Amounts are grains. */
export interface VoterView {
  readonly stake: bigint
  readonly ballot: readonly Uint8Array[]
  /** What would count if votes were frozen in this term. */
  readonly counted: bigint
  /** What is too new to count yet. */
  readonly maturing: bigint
  /** Term in which it last voted, the last one in which that counts in full, and the first in which it does not at all. */
  readonly renewedTerm: number
  readonly fullUntilTerm: number
  readonly endTerm: number
  /** What can be collected. */
  readonly rewards: bigint
}

/** A holder's votes in a term; all 0 for who never staked. */
export function voterView(reader: StateReader, address: Uint8Array, term: number, ages: VoteAges): VoterView {
  const voter = getVoter(reader, address)
  const parts = voter.ballot.length === 0 ? [] : partsOf(voter)
  const maturing = voter.fresh.reduce((sum, { matures, grains }) => (matures > term ? sum + grains : sum), 0n)
  return {
    stake: voter.stake,
    ballot: voter.ballot,
    counted: powerOf(parts, term, ages),
    maturing,
    renewedTerm: voter.renewedTerm,
    fullUntilTerm: voter.renewedTerm + ages.voteFullTerms,
    endTerm: voter.endTerm,
    rewards: rewardsOf(reader, voter, term),
  }
}
