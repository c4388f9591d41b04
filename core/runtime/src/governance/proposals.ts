import { ADDRESS_BYTES, MAX_SEATS } from '@smartshare/chain'
import { array, fixedBytes, type Infer, record, SmartshareError, text, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import { uintKey } from '../keys.ts'
import { type StateWriter, Table } from '../table.ts'
import { changesSchema, GOVERNANCE, versionSchema } from './rules.ts'

export const MAX_MEMO_BYTES = 256

/** What was decided about a proposal; undecided ones expire by the terms that pass. */
export const UNDECIDED = 0
export const PASSED = 1
export const REJECTED = 2

const address = fixedBytes(ADDRESS_BYTES)
const voters = array(address, MAX_SEATS)

const proposalSchema = record({
  proposer: address,
  version: versionSchema,
  changes: changesSchema,
  activationTerm: uint(),
  /** What it is about, or where that is written. */
  memo: text(MAX_MEMO_BYTES),
  decision: uint(REJECTED),
  /** Delegates for and against it; of those that lost their seat some may still stand here, but do not count. */
  approvals: voters,
  rejections: voters,
})

export type Proposal = Infer<typeof proposalSchema>

const proposals = new Table<Proposal>(GOVERNANCE, 2, proposalSchema)
const counts = new Table(GOVERNANCE, 3, uint())
/** The last proposal of each proposer. */
const lastOf = new Table(GOVERNANCE, 4, uint())

export type ProposalState = 'open' | 'expired' | 'scheduled' | 'active' | 'rejected'

/** How a proposal stands in `term`. Between its decision and its activation lie at least `delayTerms` whole terms. */
export function proposalState(proposal: Proposal, term: number, delayTerms: number): ProposalState {
  if (proposal.decision === REJECTED) return 'rejected'
  if (proposal.decision === PASSED) return term < proposal.activationTerm ? 'scheduled' : 'active'
  return term + delayTerms < proposal.activationTerm ? 'open' : 'expired'
}

/** Throws GOVERNANCE_UNKNOWN. */
export function getProposal(reader: Pick<StateReader, 'get'>, id: number): Proposal {
  const proposal = proposals.get(reader, uintKey(id))
  if (proposal === undefined) throw new SmartshareError('GOVERNANCE_UNKNOWN', `there is no proposal ${id}`)
  return proposal
}

export function setProposal(writer: StateWriter, id: number, proposal: Proposal): void {
  proposals.set(writer, proposal, uintKey(id))
}

/** Gives a new proposal the next number, from 1 on. */
export function addProposal(writer: StateWriter, proposal: Proposal): number {
  const id = proposalCount(writer) + 1
  counts.set(writer, id)
  lastOf.set(writer, id, proposal.proposer)
  setProposal(writer, id, proposal)
  return id
}

/** How many proposals there ever were. */
export function proposalCount(reader: Pick<StateReader, 'get'>): number {
  return counts.get(reader) ?? 0
}

/** Number of the last proposal that an account made. */
export function lastProposalOf(reader: Pick<StateReader, 'get'>, proposer: Uint8Array): number | undefined {
  return lastOf.get(reader, proposer)
}
