import { bls, compareBytes, sha256 } from '@smartshare/crypto'
import type { StateWriter } from '../table.ts'
import { addToBallot } from './ballots.ts'
import type { Ballot, Candidate } from './elimination.ts'
import { addDelegate } from './registry.ts'
import type { VoteAges } from './vote-ages.ts'

/** Registers candidates as delegates with keys of their own, as if votes were split evenly among them. */
export function writeCandidates(writer: StateWriter, candidates: readonly Candidate[], votes: bigint): void {
  for (const [i, { address, bond }] of candidates.entries()) {
    const key = bls.publicKey(bls.secretFromSeed(sha256(address)))
    addDelegate(writer, address, { name: `candidate-${i}`, key, bond, votes, registeredHeight: 0 })
  }
}

/** Puts ballots, renewed in term 0, where elections count them. */
export function writeBallots(writer: StateWriter, ballots: readonly Ballot[], ages: VoteAges): void {
  for (const { stake, names } of ballots) {
    addToBallot(writer, [...names].sort(compareBytes), [{ renewed: 0, delay: 0, grains: stake }], ages)
  }
}
