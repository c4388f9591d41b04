import {
  type Block,
  type Certificate,
  certificateHash,
  certificatesHash,
  type Header,
  headerHash,
  NO_VALUE,
  nextAccumulator,
  PROPOSE,
  type Quarantine,
  type Vote,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, toHex } from '@smartshare/crypto'
import { MAX_PROPOSAL_CERTIFICATES } from './config.ts'
import type { HeaderTemplate } from './events.ts'
import { emit, emitDurable, log } from './outbox.ts'
import { addCandidate } from './proposals.ts'
import { maySign, recordVote, requestSignature, signPropose } from './register.ts'
import { type Entry, type Instance, isTerminal, notarOf, type ParentChoice, type State, slotOf } from './state.ts'
import { bestParent, insert, leaderOf, pathTo } from './tree.ts'

/** Does the own turn: orders a block from the node, or proposes the term's last block again. */
export function takeTurn(state: State, instance: Instance): void {
  if (instance.seat === null || !maySign(state, instance, instance.slot)) return
  const slot = instance.slots.get(instance.slot)
  if (slot !== undefined && (slot.own.propose !== null || slot.own.skip)) return
  const choice = bestParent(instance, instance.slot)
  if ('gap' in choice || leaderOf(instance, choice.entry, instance.slot) !== instance.seat) return
  const { entry } = choice
  if (isTerminal(instance, entry)) {
    proposeAgain(state, instance, entry)
    return
  }
  const earliestMs = entry.timeMs + state.config.slotMs
  if (state.nowMs < earliestMs) {
    instance.wakeAtMs = Math.min(instance.wakeAtMs, earliestMs)
    return
  }
  const { building } = instance
  if (building !== null && building.template.slot === instance.slot && equalBytes(building.template.parent, entry.hash))
    return
  const path = pathTo(instance, entry)
  if (path !== null) order(state, instance, entry, path)
}

function proposeAgain(state: State, instance: Instance, entry: Entry): void {
  if (!signPropose(state, instance, instance.slot, entry.hash)) return
  addCandidate(slotOf(instance, instance.slot), {
    key: entry.key,
    hash: entry.hash,
    leader: instance.seat!,
    again: true,
    peer: null,
  })
}

function order(state: State, instance: Instance, parent: Entry, path: readonly Entry[]): void {
  const { chainId } = state.config
  const { term, slot } = instance
  const root = chooseRoot(state, instance, parent)
  if (root === null) return
  const round = Math.floor(slot / instance.seats)
  const reveal = instance.reveals.get(round)
  if (reveal === undefined) {
    if (instance.askedReveal === round) return
    instance.askedReveal = round
    requestSignature(state, { type: 'reveal', term, round })
    return
  }
  const template: HeaderTemplate = {
    chainId,
    term,
    slot,
    height: parent.height + 1,
    parent: parent.hash,
    timeMs: state.nowMs,
    leader: instance.seat!,
    reveal,
    accumulator: nextAccumulator(parent.accumulator, reveal),
    rootHeight: root.height,
    certificateHash: root.certificate === null ? NO_VALUE : certificateHash(root.certificate),
  }
  instance.building = { template, rootCertificate: root.certificate }
  const ancestors = path.map((entry) => entry.block!)
  emit(state, { type: 'build', slot, template, roots: root.roots, nextSet: parent.nextSet, ancestors })
}

interface RootChoice {
  height: number
  certificate: Certificate | null
  roots: { stateRoot: Uint8Array; rangeRoot: Uint8Array } | null
}

/**
 * The highest root that a quorum says it has executed, that is executed here, and that has a Final certificate of its own;
 * the parent's if there is none above it. Null if its certificate went with a lost log: then others propose.
 */
function chooseRoot(state: State, instance: Instance, parent: Entry): RootChoice | null {
  const heights = instance.start.set.members.map((member, seat) =>
    seat === instance.seat ? state.executedHeight : (state.reported.get(toHex(member.address)) ?? 0),
  )
  heights.sort((a, b) => b - a)
  const highest = Math.min(heights[instance.quorum - 1]!, state.executedHeight, instance.tip.height)
  for (let height = highest; height > parent.rootHeight; height--) {
    const certificate = state.finalCertificates.get(height)
    if (certificate !== undefined && certificate.term >= instance.term - 1) return { height, certificate, roots: null }
  }
  const { rootHeight, stateRoot, rangeRoot } = parent
  const certificate = parent.rootCertificate ?? state.finalCertificates.get(rootHeight) ?? null
  if (certificate === null && rootHeight > 0) return null
  return { height: rootHeight, certificate, roots: { stateRoot, rangeRoot } }
}

export interface BuiltBlock {
  readonly slot: number
  readonly header: Header
  readonly transactions: Uint8Array[]
  readonly quarantines: Quarantine[]
}

/** Takes the block that the node made. Throws CONSENSUS_BUILD if it is not what was ordered. */
export function takeBuilt(state: State, instance: Instance, { slot, header, transactions, quarantines }: BuiltBlock) {
  const { building } = instance
  if (building === null || building.template.slot !== slot || instance.slot !== slot) return
  // The answer to an earlier order, on another parent: the one to the latest order is still to come.
  if (!equalBytes(header.parent, building.template.parent) || header.timeMs !== building.template.timeMs) return
  const { template } = building
  if (!fits(header, { ...template, certificateHash: certificatesHash(template.certificateHash, quarantines) })) {
    throw new SmartshareError('CONSENSUS_BUILD', 'the node made another block than the one ordered', { slot })
  }
  const choice = bestParent(instance, slot)
  if ('gap' in choice || !equalBytes(choice.entry.hash, header.parent) || slotOf(instance, slot).own.skip) return
  const { rootCertificate } = building
  instance.building = null
  const hash = headerHash(header)
  instance.made = { header, hash, rootCertificate, transactions, quarantines, parent: choice }
  if (!signPropose(state, instance, slot, hash)) instance.made = null
}

/** Takes in the signatures that came. True if there was one that something may follow from. */
export function takeSignatures(state: State, instance: Instance): boolean {
  if (state.signed.length === 0) return false
  const all = state.signed
  state.signed = []
  for (const { request, signature } of all) {
    if (request.term !== instance.term || instance.over !== null) continue
    if (request.type === 'reveal') takeReveal(instance, request.round, signature)
    else if (signature !== null && request.slot > instance.finalSlot) {
      const { slot, kind, value } = request
      takeStatement(state, instance, { term: instance.term, slot, kind, value, seat: instance.seat!, signature })
    }
  }
  return true
}

/** Only the reveal of the round that was asked for last is of use. */
function takeReveal(instance: Instance, round: number, signature: Uint8Array | null): void {
  if (instance.askedReveal !== round) return
  instance.reveals.clear()
  if (signature === null) instance.askedReveal = null
  else instance.reveals.set(round, signature)
}

function takeStatement(state: State, instance: Instance, vote: Vote): void {
  recordVote(state, instance, vote)
  const { made } = instance
  if (vote.kind === PROPOSE && made !== null && equalBytes(made.hash, vote.value)) {
    instance.made = null
    // A signature that comes when the slot is over is too late for its block.
    if (made.header.slot === instance.slot) publish(state, instance, made, vote)
    return
  }
  // Of Propose statements only re-proposals travel as votes; those of earlier slots nobody needs.
  if (vote.kind !== PROPOSE || vote.slot === instance.slot) state.votes.push(vote)
}

function publish(state: State, instance: Instance, made: NonNullable<Instance['made']>, { signature, seat }: Vote) {
  const { header, hash, rootCertificate, transactions, quarantines, parent } = made
  const block: Block = { header, proposal: signature, rootCertificate, transactions, quarantines }
  log(state, { type: 'block', block })
  const entry = insert(state, instance, block, hash, true)
  // A root that is not executed here may be proposed because the parent named it, but not voted for.
  const phase = header.rootHeight <= state.executedHeight ? 'valid' : 'checked'
  addCandidate(slotOf(instance, header.slot), { key: entry.key, hash, leader: seat, again: false, peer: null }, phase)
  sendProposal(state, instance, block, parent)
}

/** Sends a block with the certificates that voters need, up to a page; they ask for the rest. */
export function sendProposal(state: State, instance: Instance, block: Block, parent: ParentChoice): void {
  const certificates: Certificate[] = []
  const notar = notarOf(instance.slots.get(parent.slot))
  if (notar !== null) certificates.push(notar)
  for (let slot = instance.slot - 1; slot > parent.slot && certificates.length < MAX_PROPOSAL_CERTIFICATES; slot--) {
    const skip = instance.slots.get(slot)?.skip
    if (skip) certificates.push(skip)
  }
  emitDurable(state, { type: 'send', to: 'all', message: { type: 'proposal', block, certificates } })
}

function fits(header: Header, template: HeaderTemplate): boolean {
  return Object.entries(template).every(([name, value]) => {
    const made = header[name as keyof HeaderTemplate]
    return value instanceof Uint8Array ? equalBytes(value, made as Uint8Array) : value === made
  })
}
