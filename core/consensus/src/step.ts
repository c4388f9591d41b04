import { NO_VALUE, PROPOSE, SKIP, type Vote } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { answerAsk, answerOldTerm, askIfNeeded, noteHint, rebroadcast, takePage } from './catch-up.ts'
import { publishNews, receiveCertificate } from './certificates.ts'
import {
  type ConsensusConfig,
  MAX_PAGE_CERTIFICATES,
  MAX_PEERS,
  MAX_PROPOSAL_CERTIFICATES,
  MAX_VOTE_SLOTS_AHEAD,
  MAX_VOTE_SLOTS_BEHIND,
  MAX_VOTES_PER_MESSAGE,
  MAX_WANTED,
} from './config.ts'
import type { Effect, Event, Link, Message } from './events.ts'
import { finalize } from './finality.ts'
import { takeBuilt, takeSignatures, takeTurn } from './leading.ts'
import { acknowledge, emit, flush, reportPeer, sendVotes } from './outbox.ts'
import { considerProposals, receiveProposal, receiveReproposal, retryLater, takeVerdict } from './proposals.ts'
import { recover } from './recovery.ts'
import { ALL_RULES, type SafetyRules } from './rules.ts'
import { advance, checkDeadlines, countVotes, deferRebroadcast, nextWakeMs, signFinals } from './slots.ts'
import type { Instance, State } from './state.ts'
import { addVote } from './tally.ts'
import { endTerm } from './terms.ts'

/** A consensus that waits for its `start` event. */
export function createConsensus(config: ConsensusConfig): State {
  return createWithRules(config, ALL_RULES)
}

/** For the simulator only: with safety rules switched off. */
export function createWithRules(config: ConsensusConfig, rules: SafetyRules): State {
  return {
    config,
    rules,
    publicKey: config.secretKey === null ? (config.publicKey ?? null) : config.scheme.publicKey(config.secretKey),
    nowMs: 0,
    instance: null,
    executedHeight: 0,
    reported: new Map(),
    nextSet: null,
    floor: { term: 0, slot: 0, silentUntilMs: 0 },
    oldVotes: [],
    finalCertificates: new Map(),
    checkedCertificates: new Set(),
    cut: new Map(),
    answered: new Map(),
    nextTicket: 0,
    outbox: [],
    timerAtMs: Number.POSITIVE_INFINITY,
    signed: [],
    votes: [],
    records: [],
    durable: [],
    effects: [],
  }
}

/**
 * The whole of consensus: takes what happened, changes `state`, and returns what is to be done, in order. It reads no
 * clock and does no input or output, so that equal events make equal effects.
 * Throws CONSENSUS_NOT_STARTED, CONSENSUS_TICKET or CONSENSUS_BUILD when the node breaks the protocol between them;
 * nothing that a peer sends makes it throw.
 */
export function step(state: State, event: Event): Effect[] {
  state.nowMs = Math.max(state.nowMs, event.nowMs)
  if (event.type === 'start') recover(state, event)
  const { instance } = state
  if (instance === null) throw new SmartshareError('CONSENSUS_NOT_STARTED', 'consensus was used before its start')
  apply(state, instance, event)
  settle(state)
  return finish(state)
}

function apply(state: State, instance: Instance, event: Event): void {
  switch (event.type) {
    case 'message':
      receive(state, instance, event.link, event.message)
      return
    case 'validated':
      takeVerdict(instance, event.hash, event.verdict)
      return
    case 'proposalReady':
      takeBuilt(state, instance, event)
      return
    case 'signed':
      state.signed.push({ request: event.request, signature: event.signature })
      return
    case 'persisted':
      acknowledge(state, event.ticket)
      return
    case 'executed':
      if (event.height > state.executedHeight) {
        state.executedHeight = event.height
        retryLater(instance)
      }
      return
    case 'elected':
      if (event.set.term === instance.term + 1) state.nextSet = event.set
      return
    case 'tick':
      // The timer is used up, even if it went off early.
      state.timerAtMs = Number.POSITIVE_INFINITY
      return
    default:
  }
}

function receive(state: State, instance: Instance, link: Link, message: Message): void {
  const cut = state.cut.get(link.peer)
  if (cut !== undefined) {
    if (cut.term === instance.term && cut.slot > instance.slot) return
    state.cut.delete(link.peer)
  }
  const seat = link.delegate === null ? undefined : instance.seatOf.get(link.delegate)
  if (seat !== undefined) instance.heardSlot[seat] = instance.slot
  switch (message.type) {
    case 'votes':
      receiveVotes(state, instance, link, message.votes, message.executedHeight)
      return
    case 'certificates':
      for (const certificate of message.certificates.slice(0, MAX_PAGE_CERTIFICATES)) {
        if (!isOfTerm(state, instance, link, certificate.term, certificate.slot)) return
        receiveCertificate(state, instance, certificate, link.peer)
      }
      return
    case 'proposal': {
      const { header } = message.block
      if (!isOfTerm(state, instance, link, header.term, header.slot)) return
      for (const certificate of message.certificates.slice(0, MAX_PROPOSAL_CERTIFICATES + 1)) {
        if (certificate.term === instance.term) receiveCertificate(state, instance, certificate, link.peer)
      }
      // Certificates that came along may show that the slot has come.
      while (advance(state, instance)) finalize(state, instance)
      receiveProposal(state, instance, link, message.block)
      return
    }
    case 'ask':
      if (message.ask.term > instance.term) noteHint(instance, link.peer, message.ask.term, 0)
      else if (message.ask.wanted.length <= MAX_WANTED) answerAsk(state, instance, link.peer, message.ask)
      return
    case 'page':
      if (message.page.term === instance.term) takePage(state, instance, link.peer, message.page)
      return
    default:
  }
}

/** True if the message belongs to this term. An older one is answered, a newer one shows that this node is behind. */
function isOfTerm(state: State, instance: Instance, link: Link, term: number, slot: number): boolean {
  if (term < instance.term) answerOldTerm(state, instance, link.peer, term)
  else if (term > instance.term || slot > instance.slot + 1) noteHint(instance, link.peer, term, slot)
  return term === instance.term
}

function receiveVotes(state: State, instance: Instance, link: Link, votes: readonly Vote[], executedHeight: number) {
  if (link.delegate === null) return
  if (state.reported.size < MAX_PEERS || state.reported.has(link.delegate)) {
    state.reported.set(link.delegate, executedHeight)
  }
  for (const vote of votes.slice(0, MAX_VOTES_PER_MESSAGE)) {
    if (!isOfTerm(state, instance, link, vote.term, vote.slot)) return
    if (vote.seat >= instance.seats || (vote.kind === SKIP) !== equalBytes(vote.value, NO_VALUE)) {
      reportPeer(state, link.peer, 'CONSENSUS_BAD_MESSAGE')
      return
    }
    if (vote.slot > instance.slot + MAX_VOTE_SLOTS_AHEAD) continue
    // Votes for slots that are final already can only convict; those further back nobody keeps.
    if (vote.slot <= instance.slot - MAX_VOTE_SLOTS_BEHIND || !isKept(instance, vote.slot)) continue
    if (vote.kind === PROPOSE) receiveReproposal(state, instance, link, vote)
    else {
      addVote(state, instance, link, vote)
      if (vote.slot > instance.finalSlot) countVotes(state, instance, vote.slot)
    }
  }
}

function isKept(instance: Instance, slot: number): boolean {
  return slot > instance.finalSlot || instance.slots.has(slot)
}

/** Applies the rules until none has anything to do. Every round moves a slot, a height, a vote or a term forward. */
function settle(state: State): void {
  for (;;) {
    const { instance } = state
    if (instance === null) return
    instance.wakeAtMs = Number.POSITIVE_INFINITY
    let moved = finalize(state, instance)
    if (instance.over !== null) publishNews(state, instance)
    if (endTerm(state, instance)) continue
    if (instance.over !== null) break
    const signed = state.votes.length
    moved = signFinals(state, instance) || moved
    moved = advance(state, instance) || moved
    checkDeadlines(state, instance)
    takeTurn(state, instance)
    considerProposals(state, instance)
    moved = takeSignatures(state, instance) || moved
    // Own votes may complete a quorum.
    for (const { slot } of state.votes.slice(signed)) moved = countVotes(state, instance, slot) || moved
    if (!moved && state.votes.length === signed) break
  }
}

/** Sends what the step brought about, in one message of each kind, and sets the timer. */
function finish(state: State): Effect[] {
  const instance = state.instance!
  if (instance.over === null && state.nowMs >= instance.rebroadcastAtMs) {
    rebroadcast(state, instance)
    deferRebroadcast(state, instance)
  }
  askIfNeeded(state, instance)
  publishNews(state, instance)
  sendVotes(state)
  const atMs = nextWakeMs(state, instance)
  if (atMs !== state.timerAtMs) {
    state.timerAtMs = atMs
    if (atMs !== Number.POSITIVE_INFINITY) emit(state, { type: 'timer', atMs })
  }
  return flush(state)
}

/** Where the node stands, for its status. */
export function positionOf(state: State): { term: number; slot: number; finalHeight: number; deltaMs: number } {
  const { instance } = state
  if (instance === null) return { term: 0, slot: 0, finalHeight: 0, deltaMs: state.config.deltaMs }
  return {
    term: instance.term,
    slot: instance.slot,
    finalHeight: instance.tip.height,
    deltaMs: instance.deltaMs,
  }
}
