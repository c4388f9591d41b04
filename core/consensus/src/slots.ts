import { acceptCertificate } from './certificates.ts'
import { MAX_VOTE_SLOTS_BEHIND, SILENT_SLOTS } from './config.ts'
import { signFinal, signSkip } from './register.ts'
import { type Instance, notarOf, type State } from './state.ts'
import { countTally } from './tally.ts'
import { bestParent, forgetProposals, leaderOf } from './tree.ts'

/** Δ grows by half for every slot that was skipped. */
const GROWTH_PARTS = 2
/** Slots whose proposals are forgotten at once when slots are jumped; what is left goes with the next final block. */
const MOST_SLOTS_FORGOTTEN = 1024
/** Multiples of Δ: no proposal; no certificate; nothing new at all. */
const PROPOSAL_DELTAS = 2
const CERTIFICATE_DELTAS = 3
const STANDSTILL_DELTAS = 4

/** Forms the certificates for which the votes of `slot` are there by now. True if there was one. */
export function countVotes(state: State, instance: Instance, slot: number): boolean {
  let formed = false
  for (const tally of instance.slots.get(slot)?.tallies ?? []) {
    if (tally.done || tally.bySeat.size < instance.quorum) continue
    const certificate = countTally(state, instance, slot, tally)
    if (certificate !== null) formed = acceptCertificate(state, instance, certificate, true) || formed
  }
  return formed
}

/** Signs Final where a Notar certificate is new. */
export function signFinals(state: State, instance: Instance): boolean {
  const slots = instance.notarized
  if (slots.length === 0) return false
  instance.notarized = []
  for (const at of slots) {
    const slot = instance.slots.get(at)
    if (slot?.notar && slot.final === null) signFinal(state, instance, at, slot.notar.value)
  }
  return true
}

/** Enters the slot after the highest one that has a certificate. True if that is a new one. */
export function advance(state: State, instance: Instance): boolean {
  if (instance.certifiedSlot < instance.slot) return false
  const left = instance.slots.get(instance.certifiedSlot)
  const skipped = left !== undefined && notarOf(left) === null
  if (skipped && instance.certifiedSlot === instance.slot && instance.certificateAtMs > instance.enteredMs) {
    const { deltaMs } = instance
    instance.deltaMs = Math.min(state.config.maxDeltaMs, deltaMs + Math.ceil(deltaMs / GROWTH_PARTS))
  }
  enterSlot(state, instance, instance.certifiedSlot + 1)
  return true
}

/** Starts a slot and its times: the leader waits for the least time between blocks, then Δ counts. */
export function enterSlot(state: State, instance: Instance, slot: number): void {
  const { slotMs, driftMs } = state.config
  const { nowMs } = state
  const since = Math.max(instance.slot, slot - MOST_SLOTS_FORGOTTEN)
  for (let at = since; at < slot; at++) forgetProposals(instance, at - MAX_VOTE_SLOTS_BEHIND)
  instance.slot = slot
  instance.enteredMs = nowMs
  instance.building = null
  instance.wakeAtMs = Number.POSITIVE_INFINITY
  const choice = bestParent(instance, slot)
  const parent = 'gap' in choice ? null : choice.entry
  const earliestMs = parent === null ? nowMs : parent.timeMs + slotMs
  const fromMs = Math.min(Math.max(nowMs, earliestMs), nowMs + slotMs + driftMs)
  instance.proposalAtMs = fromMs + PROPOSAL_DELTAS * instance.deltaMs
  instance.certificateAtMs = fromMs + CERTIFICATE_DELTAS * instance.deltaMs
  instance.rebroadcastAtMs = fromMs + STANDSTILL_DELTAS * instance.deltaMs
  if (parent !== null && isSilent(instance, leaderOf(instance, parent, slot))) {
    // No vote of this leader came lately, so nobody waits for its block.
    instance.proposalAtMs = nowMs
    instance.certificateAtMs = nowMs
  }
}

function isSilent(instance: Instance, leader: number): boolean {
  return leader !== instance.seat && instance.slot - instance.heardSlot[leader]! > SILENT_SLOTS
}

/** Skips the slot when its time is over. */
export function checkDeadlines(state: State, instance: Instance): void {
  if (state.nowMs < instance.proposalAtMs) return
  const proposed = instance.slots.get(instance.slot)?.candidates.some((held) => held.phase !== 'invalid') ?? false
  if (!proposed || state.nowMs >= instance.certificateAtMs) signSkip(state, instance, instance.slot)
}

/** Puts the next look at a standing slot off. */
export function deferRebroadcast(state: State, instance: Instance): void {
  instance.rebroadcastAtMs = state.nowMs + STANDSTILL_DELTAS * instance.deltaMs
}

/**
 * When the instance wants to be woken next. What is past was done, or must not be done by this delegate: it is no reason
 * to wake again.
 */
export function nextWakeMs(state: State, instance: Instance): number {
  const { proposalAtMs, certificateAtMs, wakeAtMs, rebroadcastAtMs, ask } = instance
  let earliestMs = Number.POSITIVE_INFINITY
  for (const atMs of [proposalAtMs, certificateAtMs, wakeAtMs, rebroadcastAtMs, ask?.atMs ?? 0]) {
    if (atMs > state.nowMs && atMs < earliestMs) earliestMs = atMs
  }
  return earliestMs
}
