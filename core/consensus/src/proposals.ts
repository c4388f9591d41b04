import { type Block, FINAL, headerHash, nextAccumulator, PROPOSE, revealHash, type Vote } from '@smartshare/chain'
import { equalBytes, toHex } from '@smartshare/crypto'
import { MAX_ORPHANS_PER_SLOT, MAX_PROPOSAL_SLOTS_AHEAD, MAX_PROPOSALS_PER_SLOT } from './config.ts'
import type { Link, Verdict } from './events.ts'
import { emit, reportPeer } from './outbox.ts'
import { signNotar, signSkip } from './register.ts'
import { checkNamedCertificate, holds, messageOf } from './signing.ts'
import { type Candidate, type Entry, type Instance, isTerminal, type SlotState, type State, slotOf } from './state.ts'
import { addChecked } from './tally.ts'
import { bodyMatches, gapsSkipped, insert, leaderOf, notarizedSlot, pathTo, takeWanted } from './tree.ts'

/** Takes a leader's new block. */
export function receiveProposal(state: State, instance: Instance, link: Link, block: Block): void {
  const { header } = block
  if (header.slot < instance.slot || header.slot <= instance.finalSlot) {
    takeWanted(state, instance, block)
    return
  }
  if (header.slot > instance.slot + MAX_PROPOSAL_SLOTS_AHEAD) return
  const hash = headerHash(header)
  const key = toHex(hash)
  const slot = slotOf(instance, header.slot)
  if (slot.candidates.some((held) => held.key === key && !held.again)) return
  if (instance.entries.has(key)) return
  if (header.leader >= instance.seats || !equalBytes(header.chainId, state.config.chainId)) {
    reportPeer(state, link.peer, 'CONSENSUS_BAD_PROPOSAL')
    return
  }
  if (!hasRoom(state, instance, slot, link, block)) return
  const vote: Vote = {
    term: instance.term,
    slot: header.slot,
    kind: PROPOSE,
    value: hash,
    seat: header.leader,
    signature: block.proposal,
  }
  if (!checkPropose(state, instance, link, vote) || !bodyMatches(block)) return
  insert(state, instance, block, hash)
  addCandidate(slot, { key, hash, leader: header.leader, again: false, peer: link.peer })
}

/** Takes the Propose statement by which a leader proposes the last block of the term again. */
export function receiveReproposal(state: State, instance: Instance, link: Link, vote: Vote): void {
  if (vote.slot < instance.slot || vote.slot > instance.slot + MAX_PROPOSAL_SLOTS_AHEAD) return
  const slot = slotOf(instance, vote.slot)
  const key = toHex(vote.value)
  if (slot.candidates.some((held) => held.key === key)) return
  const entry = instance.entries.get(key)
  const known = entry?.connected === true
  if (known && (entry.slot >= vote.slot || leaderOf(instance, entry, vote.slot) !== vote.seat)) return
  if (slot.candidates.length >= (known ? MAX_PROPOSALS_PER_SLOT : MAX_ORPHANS_PER_SLOT)) return
  if (!checkPropose(state, instance, link, vote)) return
  addCandidate(slot, { key, hash: vote.value, leader: vote.seat, again: true, peer: link.peer })
}

type NewCandidate = Omit<Candidate, 'slot' | 'phase'>

export function addCandidate(slot: SlotState, candidate: NewCandidate, phase: Candidate['phase'] = 'waiting'): void {
  slot.candidates.push({ ...candidate, slot: slot.slot, phase })
}

/** Who proposes out of turn is reported; what cannot be judged yet gets one place per link, and few in all. */
function hasRoom(state: State, instance: Instance, slot: SlotState, link: Link, block: Block): boolean {
  const { header } = block
  const parent = instance.entries.get(toHex(header.parent))
  if (parent?.connected === true) {
    if (leaderOf(instance, parent, header.slot) === header.leader) {
      return slot.candidates.filter((held) => held.leader === header.leader).length < MAX_PROPOSALS_PER_SLOT
    }
    reportPeer(state, link.peer, 'CONSENSUS_BAD_PROPOSAL')
    return false
  }
  if (slot.candidates.some((held) => held.peer === link.peer)) return false
  return slot.candidates.length < MAX_ORPHANS_PER_SLOT
}

function checkPropose(state: State, instance: Instance, link: Link, vote: Vote): boolean {
  const { slot, kind, value, seat, signature } = vote
  const message = messageOf(state.config.chainId, instance.term, slot, kind, value)
  if (!holds(() => state.config.scheme.verify(instance.keys[seat]!, message, signature))) {
    reportPeer(state, link.peer, 'CONSENSUS_BAD_PROPOSAL')
    return false
  }
  addChecked(state, instance, vote, link.peer)
  return true
}

/** Votes on the proposals of the current slot as far as is known by now. */
export function considerProposals(state: State, instance: Instance): void {
  const slot = instance.slots.get(instance.slot)
  if (slot === undefined || instance.seat === null || instance.over !== null) return
  for (const candidate of slot.candidates) {
    if (candidate.phase === 'waiting') candidate.phase = judge(state, instance, candidate)
    if (candidate.phase === 'checked') askForVerdict(state, instance, candidate)
    if (candidate.phase === 'valid') signNotar(state, instance, candidate.slot, candidate.hash)
    if (candidate.phase === 'invalid') signSkip(state, instance, candidate.slot)
  }
}

/** All that consensus itself can check of a proposal for the current slot. */
function judge(state: State, instance: Instance, candidate: Candidate): Candidate['phase'] {
  const entry = instance.entries.get(candidate.key)
  if (entry === undefined || entry.block === null) return 'waiting'
  if (candidate.again) return judgeAgain(state, instance, candidate, entry)
  const { parent } = entry
  if (parent?.certified !== true || !parent.connected) return 'waiting'
  if (state.rules.gapSkips && !gapsSkipped(instance, parent.slot, candidate.slot)) return 'waiting'
  const earliestMs = entry.timeMs - state.config.driftMs
  if (earliestMs > state.nowMs) {
    instance.wakeAtMs = Math.min(instance.wakeAtMs, earliestMs)
    return 'waiting'
  }
  return followsFrom(state, instance, entry, parent) ? 'checked' : 'invalid'
}

/** The last block again: it must be notarized, in turn, and every slot since its latest notarization skipped. */
function judgeAgain(state: State, instance: Instance, candidate: Candidate, entry: Entry): Candidate['phase'] {
  if (!entry.certified || !entry.connected) return 'waiting'
  if (!isTerminal(instance, entry) || entry.slot >= candidate.slot) return 'invalid'
  if (leaderOf(instance, entry, candidate.slot) !== candidate.leader) return 'invalid'
  const since = notarizedSlot(instance, entry, candidate.slot)
  if (since === null) return 'waiting'
  return !state.rules.gapSkips || gapsSkipped(instance, since, candidate.slot) ? 'checked' : 'waiting'
}

/** A header's rules against its parent (docs/spec/bytes.md §8 and §9). */
function followsFrom(state: State, instance: Instance, entry: Entry, parent: Entry): boolean {
  const { header, rootCertificate } = entry.block!
  if (isTerminal(instance, parent)) return false
  if (header.slot <= parent.slot || header.height !== parent.height + 1) return false
  if (header.timeMs < parent.timeMs + state.config.slotMs) return false
  if (leaderOf(instance, parent, header.slot) !== header.leader) return false
  if (parent.nextSet !== null && !(header.nextSet !== null && equalBytes(parent.nextSet, header.nextSet))) return false
  if (header.rootHeight < parent.rootHeight || header.rootHeight >= header.height) return false
  if ((rootCertificate === null) !== (header.rootHeight === 0)) return false
  if (!equalBytes(header.accumulator, nextAccumulator(parent.accumulator, header.reveal))) return false
  const { chainId, scheme } = state.config
  const reveal = revealHash(chainId, instance.term, Math.floor(header.slot / instance.seats))
  if (!holds(() => scheme.verify(instance.keys[header.leader]!, reveal, header.reveal))) return false
  return (
    rootCertificate === null ||
    (rootCertificate.kind === FINAL && checkNamedCertificate(state, instance, rootCertificate))
  )
}

function askForVerdict(state: State, instance: Instance, candidate: Candidate): void {
  const entry = instance.entries.get(candidate.key)
  const path = entry === undefined ? null : pathTo(instance, entry)
  if (entry?.block == null || path === null) {
    candidate.phase = 'invalid'
    return
  }
  candidate.phase = 'validating'
  const ancestors = path.slice(0, -1).map((ancestor) => ancestor.block!)
  emit(state, { type: 'validate', hash: entry.hash, block: entry.block, ancestors })
}

/** Takes the node's verdict. */
export function takeVerdict(instance: Instance, hash: Uint8Array, verdict: Verdict): void {
  const key = toHex(hash)
  for (const candidate of instance.slots.get(instance.slot)?.candidates ?? []) {
    if (candidate.key === key && candidate.phase === 'validating') candidate.phase = verdict
  }
}

/** More is executed: what named an unknown root is checked again. */
export function retryLater(instance: Instance): void {
  for (const candidate of instance.slots.get(instance.slot)?.candidates ?? []) {
    if (candidate.phase === 'later') candidate.phase = 'checked'
  }
}
