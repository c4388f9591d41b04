import { ADDRESS_BYTES, quorum } from '@smartshare/chain'
import { bool, fixedBytes, record, SmartshareError, text, uint } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { banOf } from '../delegates/punishment.ts'
import { currentTerm, type Term } from '../delegates/term.ts'
import type { EventKind, Host } from '../host.ts'
import { mapKey } from '../keys.ts'
import type { Method, Module } from '../module.ts'
import { checkChanges, checkTogether, mergeChanges, type ParameterChange, withChanges } from './changeable.ts'
import {
  addProposal,
  getProposal,
  lastProposalOf,
  MAX_MEMO_BYTES,
  PASSED,
  type Proposal,
  proposalState,
  REJECTED,
  setProposal,
  UNDECIDED,
} from './proposals.ts'
import { changesSchema, GOVERNANCE, setStoredRules, storedRules, versionSchema } from './rules.ts'

/** An activation lies at most so many terms after the first possible one. */
const MOST_TERMS_AHEAD = 100

const address = fixedBytes(ADDRESS_BYTES)

const proposedEvent = {
  target: GOVERNANCE,
  name: 'proposed',
  schema: record({ proposal: uint(), proposer: address, version: versionSchema, activationTerm: uint() }),
} satisfies EventKind<unknown>

/** How the delegates seated now stand to a proposal after this vote. */
const votedEvent = {
  target: GOVERNANCE,
  name: 'voted',
  schema: record({ proposal: uint(), delegate: address, approve: bool, approvals: uint(), rejections: uint() }),
} satisfies EventKind<unknown>

const scheduledEvent = {
  target: GOVERNANCE,
  name: 'scheduled',
  schema: record({ proposal: uint(), version: versionSchema, activationTerm: uint() }),
} satisfies EventKind<unknown>

const rejectedEvent = {
  target: GOVERNANCE,
  name: 'rejected',
  schema: record({ proposal: uint() }),
} satisfies EventKind<unknown>

/** From this block on. */
const activatedEvent = {
  target: GOVERNANCE,
  name: 'activated',
  schema: record({ proposal: uint(), version: versionSchema, changes: changesSchema }),
} satisfies EventKind<unknown>

interface Draft {
  version: number
  changes: ParameterChange[]
  activationTerm: number
  memo: string
}

/** `governance.propose`: a seated delegate proposes a version, changes of parameters or both, and votes for it thereby. */
const propose: Method<Draft> = {
  id: 1,
  name: 'propose',
  arguments: record({
    version: versionSchema,
    changes: changesSchema,
    activationTerm: uint(),
    memo: text(MAX_MEMO_BYTES),
  }),
  gas: 0,
  check: ({ changes }) => checkChanges(changes),
  execute(host, draft, sender) {
    const term = seatedIn(host, sender)
    const { upgradeDelayTerms } = host.parameters
    const { running, next } = storedRules(host)
    const before = next?.rules ?? running
    const least = term.term + upgradeDelayTerms + 1
    if (draft.activationTerm < least || draft.activationTerm > least + MOST_TERMS_AHEAD) {
      throw new SmartshareError(
        'GOVERNANCE_TERM',
        `it may begin with a term of ${least} … ${least + MOST_TERMS_AHEAD}`,
        { least },
      )
    }
    checkStep(host, before, draft)
    const last = lastProposalOf(host, sender)
    if (last !== undefined && proposalState(getProposal(host, last), term.term, upgradeDelayTerms) === 'open') {
      throw new SmartshareError('GOVERNANCE_OPEN', `proposal ${last} of this delegate is still open`)
    }
    const proposal = { ...draft, proposer: sender, decision: UNDECIDED, approvals: [], rejections: [] }
    const id = addProposal(host, proposal)
    const { version, activationTerm } = draft
    host.emit(proposedEvent, { proposal: id, proposer: sender, version, activationTerm })
    cast(host, term, id, proposal, sender, true)
  },
}

/**
 * `governance.vote`: a seated delegate is for or against a proposal, and may change its mind. A quorum for it decides it;
 * a quorum against it ends it, also when it is decided already, until the last term before its activation begins.
 */
const vote: Method<{ proposal: number; approve: boolean }> = {
  id: 2,
  name: 'vote',
  arguments: record({ proposal: uint(), approve: bool }),
  gas: 0,
  check: () => undefined,
  execute(host, { proposal: id, approve }, sender) {
    const term = seatedIn(host, sender)
    const proposal = getProposal(host, id)
    const state = proposalState(proposal, term.term, host.parameters.upgradeDelayTerms)
    const isFixed = term.term + 1 >= proposal.activationTerm
    if (state !== 'open' && !(state === 'scheduled' && !isFixed)) {
      throw new SmartshareError('GOVERNANCE_CLOSED', `proposal ${id} is ${state}`, { state })
    }
    cast(host, term, id, proposal, sender, approve)
  },
}

export const governance: Module = {
  id: GOVERNANCE,
  name: 'governance',
  methods: [propose, vote],
  events: [proposedEvent, votedEvent, scheduledEvent, rejectedEvent, activatedEvent],
  beginBlock: activate,
}

/** The first block of the activation term puts the decided rules in force; `rulesOf` gave them to this block already. */
function activate(host: Host): void {
  const { next } = storedRules(host)
  if (next === null || next.term > host.block.term) return
  setStoredRules(host, { running: next.rules, next: null })
  host.emit(activatedEvent, { proposal: next.proposal, ...next.rules })
}

/** The running term, in which the sender has a seat. A convicted delegate keeps its seat to the end, but decides nothing. */
function seatedIn(host: Host, sender: Uint8Array): Term {
  const term = currentTerm(host)
  const isMember = term.members.some((member) => equalBytes(member.address, sender))
  if (isMember && banOf(host, sender) === undefined) return term
  throw new SmartshareError('GOVERNANCE_SEAT', 'only delegates of the running term propose and vote')
}

/** A version never falls, something changes, and the parameters fit together. Throws GOVERNANCE_*. */
function checkStep(
  host: Host,
  before: { version: number; changes: readonly ParameterChange[] },
  { version, changes }: Pick<Proposal, 'version' | 'changes'>,
): void {
  if (version < before.version) {
    throw new SmartshareError('GOVERNANCE_VERSION', `version ${before.version} is in force or decided already`)
  }
  if (version === before.version && changes.length === 0) {
    throw new SmartshareError('GOVERNANCE_EMPTY', 'the proposal changes nothing')
  }
  // Whatever genesis says of a parameter that was changed, the changes say it anew.
  checkTogether(withChanges(host.parameters, mergeChanges(before.changes, changes)))
}

function cast(host: Host, term: Term, id: number, proposal: Proposal, voter: Uint8Array, approve: boolean): void {
  const isVoter = (other: Uint8Array) => equalBytes(other, voter)
  if ((approve ? proposal.approvals : proposal.rejections).some(isVoter)) {
    throw new SmartshareError('GOVERNANCE_VOTED', `this delegate is ${approve ? 'for' : 'against'} it already`)
  }
  const voters = term.members.filter((member) => banOf(host, member.address) === undefined)
  const seated = new Set(voters.map(({ address: of }) => mapKey(of)))
  const others = (list: readonly Uint8Array[]) => list.filter((one) => !isVoter(one) && seated.has(mapKey(one)))
  const approvals = [...others(proposal.approvals), ...(approve ? [voter] : [])]
  const rejections = [...others(proposal.rejections), ...(approve ? [] : [voter])]
  const counts = { approvals: approvals.length, rejections: rejections.length }
  host.emit(votedEvent, { proposal: id, delegate: voter, approve, ...counts })
  const enough = quorum(term.members.length)
  let { decision } = proposal
  if (decision === UNDECIDED && approvals.length >= enough) {
    schedule(host, id, proposal)
    decision = PASSED
  } else if (rejections.length >= enough) {
    if (decision === PASSED) setStoredRules(host, { ...storedRules(host), next: null })
    host.emit(rejectedEvent, { proposal: id })
    decision = REJECTED
  }
  setProposal(host, id, { ...proposal, approvals, rejections, decision })
}

function schedule(host: Host, id: number, proposal: Proposal): void {
  const { running, next } = storedRules(host)
  if (next !== null) {
    throw new SmartshareError('GOVERNANCE_BUSY', `proposal ${next.proposal} is decided and comes first`)
  }
  // Since it was proposed others may have come into force.
  checkStep(host, running, proposal)
  const { version, changes, activationTerm } = proposal
  const rules = { version, changes: mergeChanges(running.changes, changes) }
  setStoredRules(host, { running, next: { proposal: id, term: activationTerm, rules } })
  host.emit(scheduledEvent, { proposal: id, version, activationTerm })
}
