import { type Block, type Certificate, encodeBlock, FINAL, PROPOSE, type Vote } from '@smartshare/chain'
import { toHex } from '@smartshare/crypto'
import { receiveCertificate, sendCertificates } from './certificates.ts'
import { MAX_PAGE_BLOCKS, MAX_PAGE_BYTES, MAX_PAGE_CERTIFICATES, MAX_PEERS, MAX_WANTED } from './config.ts'
import type { Ask, Page } from './events.ts'
import { sendProposal } from './leading.ts'
import { emit, emitDurable } from './outbox.ts'
import { type Instance, type State, slotOf } from './state.ts'
import { votesToPassOn } from './tally.ts'
import { bestParent, firstGap, notarizedSlot, takeWanted } from './tree.ts'

/** Slots before the current one for which own Final votes are sent again. */
const FINAL_SLOTS_AGAIN = 8

/** Asks that a mere hint of being behind is worth. */
const MOST_HINT_ATTEMPTS = 4

/** What this node lacks, or null. */
function needs(instance: Instance): Ask | null {
  const wanted = [...instance.wanted.values()].slice(0, MAX_WANTED)
  const gap = lowestGap(instance)
  const { hint, over } = instance
  const isBehind = hint !== null && (hint.term > instance.term || hint.slot > instance.slot + 1)
  if (wanted.length === 0 && gap === null && !isBehind && over === null) return null
  return { term: instance.term, finalHeight: instance.tip.height, fromSlot: gap ?? instance.slot, wanted }
}

/** The lowest slot whose certificate is missing for the own turn or a proposal of the current slot. */
function lowestGap(instance: Instance): number | null {
  const choice = bestParent(instance, instance.slot)
  let lowest = 'gap' in choice ? choice.gap : null
  for (const candidate of instance.slots.get(instance.slot)?.candidates ?? []) {
    if (candidate.phase !== 'waiting') continue
    const entry = instance.entries.get(candidate.key)
    const parent = candidate.again ? entry : entry?.parent
    if (!parent?.connected) continue
    const since = candidate.again ? notarizedSlot(instance, parent, candidate.slot) : parent.slot
    if (since === null) continue
    const gap = parent.certified ? firstGap(instance, since, candidate.slot) : since
    if (gap !== null) lowest = Math.min(lowest ?? gap, gap)
  }
  return lowest
}

/** Asks for what is missing; at most one ask is under way, repeated to others when no answer helps. */
export function askIfNeeded(state: State, instance: Instance): void {
  const ask = needs(instance)
  if (ask === null) {
    instance.ask = null
    instance.hint = null
    return
  }
  const { ask: pending, hint } = instance
  if (pending !== null && state.nowMs < pending.atMs) return
  const attempts = (pending?.attempts ?? 0) + 1
  // Nobody could show what a message of a later slot or term promised: it may have been a lie.
  if (attempts > MOST_HINT_ATTEMPTS) instance.hint = null
  // The first ask goes to whoever showed that something is missing.
  const peer = attempts === 1 ? (hint?.peer ?? null) : null
  instance.ask = { ask, atMs: state.nowMs + 2 * state.config.deltaMs, attempts }
  emit(state, { type: 'request', peer, ask })
}

/** A message from a later slot or term shows that this node may be behind. */
export function noteHint(instance: Instance, peer: string, term: number, slot: number): void {
  const { hint } = instance
  if (hint !== null && (hint.term > term || (hint.term === term && hint.slot >= slot))) return
  instance.hint = { peer, term, slot }
}

/** Answers an ask: from memory what is not final yet, from the block log what is. */
export function answerAsk(state: State, instance: Instance, peer: string, ask: Ask): void {
  if (ask.finalHeight < instance.tip.height) {
    emit(state, { type: 'serve', peer, term: ask.term, fromHeight: ask.finalHeight + 1 })
    if (ask.term === instance.term) sendPage(state, instance, peer, ask)
    return
  }
  if (ask.term === instance.term) sendPage(state, instance, peer, ask)
  else if (ask.term < instance.term) answerOldTerm(state, instance, peer, ask.term)
}

function sendPage(state: State, instance: Instance, peer: string, ask: Ask): void {
  const certificates: Certificate[] = []
  for (let slot = Math.max(ask.fromSlot, 0); slot <= instance.certifiedSlot; slot++) {
    const at = instance.slots.get(slot)
    for (const certificate of [at?.notar, at?.skip, at?.final]) if (certificate) certificates.push(certificate)
    if (certificates.length > MAX_PAGE_CERTIFICATES - 3) break
  }
  const blocks: Block[] = []
  let sizeBytes = 0
  for (const hash of ask.wanted.slice(0, MAX_WANTED)) {
    const block = instance.entries.get(toHex(hash))?.block
    if (!block) continue
    sizeBytes += encodeBlock(block).length
    if (sizeBytes > MAX_PAGE_BYTES) break
    blocks.push(block)
  }
  // If the asker's final height is behind, the block log answers too, but the last Final certificate may be news to it.
  if (certificates.length === 0 && blocks.length === 0) return
  blocks.sort((a, b) => a.header.height - b.header.height)
  const page: Page = { term: instance.term, certificates, blocks, nextSet: null }
  emitDurable(state, { type: 'send', to: { peer }, message: { type: 'page', page } })
}

/** A terminal certificate answers any message of the term before, once per peer and slot. */
export function answerOldTerm(state: State, instance: Instance, peer: string, term: number): void {
  const { previous, set } = instance.start
  if (previous === null || term !== previous.set.term || state.answered.get(peer) === instance.slot) return
  if (state.answered.size >= MAX_PEERS) state.answered.clear()
  state.answered.set(peer, instance.slot)
  const page: Page = { term, certificates: [previous.terminal], blocks: [], nextSet: set }
  emitDurable(state, { type: 'send', to: { peer }, message: { type: 'page', page } })
}

/** Takes a page; the next ask may follow at once if it was of use. */
export function takePage(state: State, instance: Instance, peer: string, page: Page): void {
  if (page.certificates.length > MAX_PAGE_CERTIFICATES || page.blocks.length > MAX_PAGE_BLOCKS) return
  const { version } = instance
  // Among many Final certificates only the highest is worth its check: it covers the others.
  const finals = page.certificates.filter(({ kind }) => kind === FINAL).sort((a, b) => b.slot - a.slot)
  for (const certificate of finals) if (receiveCertificate(state, instance, certificate, peer)) break
  for (const certificate of page.certificates) {
    if (certificate.kind !== FINAL) receiveCertificate(state, instance, certificate, peer)
  }
  for (const block of page.blocks.toReversed()) takeWanted(state, instance, block)
  if (page.nextSet !== null && page.nextSet.term === instance.term + 1) state.nextSet = page.nextSet
  if (instance.version !== version && instance.ask !== null) instance.ask = null
}

/** The slot stands still: says again all that may have been lost, and asks somebody for news. */
export function rebroadcast(state: State, instance: Instance): void {
  const { term, slot: fromSlot, tip, wanted } = instance
  const ask: Ask = { term, finalHeight: tip.height, fromSlot, wanted: [...wanted.values()].slice(0, MAX_WANTED) }
  emit(state, { type: 'request', peer: null, ask })
  if (instance.seat !== null) sayAgain(state, instance)
}

function sayAgain(state: State, instance: Instance): void {
  const fresh = state.votes
  const isFresh = ({ kind, slot }: Vote) => fresh.some((vote) => vote.kind === kind && vote.slot === slot)
  const again = ownVotes(state, instance).filter((vote) => !isFresh(vote))
  const passedOn = votesToPassOn(state, instance).filter((vote) => vote.seat !== instance.seat)
  state.votes = [...fresh, ...again, ...passedOn]
  const before = instance.slots.get(instance.slot - 1)
  const last = instance.slots.get(instance.finalSlot)?.final
  const certificates = [before?.notar, before?.skip, before?.final, last].filter((known) => !!known)
  sendCertificates(state, 'all', [...new Set(certificates)])
  const slot = instance.slots.get(instance.slot)
  const own = slot?.candidates.find((candidate) => candidate.peer === null && !candidate.again)
  const entry = own === undefined ? undefined : instance.entries.get(own.key)
  const choice = bestParent(instance, instance.slot)
  if (entry?.block && !('gap' in choice)) sendProposal(state, instance, entry.block, choice)
}

/** Own statements of the current slot, and Final votes of the slots before that are not final yet. */
function ownVotes(state: State, instance: Instance): Vote[] {
  const { seat, term } = instance
  if (seat === null || state.publicKey === null) return []
  const votes: Vote[] = []
  const oldest = Math.max(instance.finalSlot + 1, instance.slot - FINAL_SLOTS_AGAIN)
  for (let at = oldest; at <= instance.slot; at++) {
    for (const { kind, value, bySeat } of instance.slots.get(at)?.tallies ?? []) {
      if (at < instance.slot && kind !== FINAL) continue
      if (kind === PROPOSE && !isReproposal(instance, at, value)) continue
      const own = bySeat.get(seat)?.[0]
      if (own?.peer === null) votes.push({ term, slot: at, kind, value, seat, signature: own.signature })
    }
  }
  return votes
}

function isReproposal(instance: Instance, slot: number, value: Uint8Array): boolean {
  const key = toHex(value)
  return slotOf(instance, slot).candidates.some((candidate) => candidate.key === key && candidate.again)
}
