import { FINAL, NO_VALUE, NOTAR, PROPOSE, SKIP, type Vote } from '@smartshare/chain'
import type { SignRequest } from './events.ts'
import { emit, log } from './outbox.ts'
import { signedHash } from './signing.ts'
import { type Instance, type State, slotOf } from './state.ts'
import { addChecked } from './tally.ts'

// The register of own signatures: the only place that signs statements about slots, and so the place that keeps
// the four rules (rules.ts; the fourth, gap Skips, is checked on proposals).

/** Above the floor, in a term that began after the node last lost its log, as a delegate of a term that goes on. */
export function maySign(state: State, instance: Instance, slot: number): boolean {
  const { floor } = state
  if (instance.seat === null || instance.over !== null || slot <= instance.finalSlot) return false
  if (instance.start.base.timeMs < floor.silentUntilMs) return false
  return instance.term > floor.term || (instance.term === floor.term && slot >= floor.slot)
}

/** Signs Propose for the own turn; never twice for a slot. True if it may. */
export function signPropose(state: State, instance: Instance, slot: number, value: Uint8Array): boolean {
  const { own } = slotOf(instance, slot)
  if (own.propose !== null || !maySign(state, instance, slot)) return false
  own.propose = value
  sign(state, instance, slot, PROPOSE, value)
  return true
}

/** Signs Notar for a valid proposal, once per slot. */
export function signNotar(state: State, instance: Instance, slot: number, value: Uint8Array): void {
  const { own } = slotOf(instance, slot)
  if (own.notar !== null && (state.rules.oneNotarPerSlot || hasSigned(instance, slot, NOTAR, value))) return
  if (!maySign(state, instance, slot)) return
  own.notar = value
  sign(state, instance, slot, NOTAR, value)
}

/** Signs Skip after a time-out or for an invalid block, unless Final was signed. */
export function signSkip(state: State, instance: Instance, slot: number): void {
  const { own } = slotOf(instance, slot)
  if (own.skip || (own.final !== null && state.rules.noSkipAfterFinal)) return
  if (!maySign(state, instance, slot)) return
  own.skip = true
  sign(state, instance, slot, SKIP, NO_VALUE)
}

/**
 * Signs Final for the block that a Notar certificate names, unless Skip was signed. Having signed Notar for it is not
 * required: else a third of silent traitors could withhold finality.
 */
export function signFinal(state: State, instance: Instance, slot: number, value: Uint8Array): void {
  const { own } = slotOf(instance, slot)
  if (own.final !== null || (own.skip && state.rules.noFinalAfterSkip)) return
  if (!maySign(state, instance, slot)) return
  own.final = value
  sign(state, instance, slot, FINAL, value)
}

function hasSigned(instance: Instance, slot: number, kind: number, value: Uint8Array): boolean {
  const tallies = slotOf(instance, slot).tallies
  return tallies.some(
    (tally) =>
      tally.kind === kind && tally.bySeat.has(instance.seat!) && tally.value.every((byte, i) => byte === value[i]),
  )
}

function sign(state: State, instance: Instance, slot: number, kind: number, value: Uint8Array): void {
  const { term, start } = instance
  requestSignature(state, { type: 'statement', term, baseMs: start.base.timeMs, slot, kind, value })
}

/** Signs, or asks the signer; what is signed comes to `state.signed` in either case. */
export function requestSignature(state: State, request: SignRequest): void {
  const { chainId, scheme, secretKey } = state.config
  if (secretKey === null) emit(state, { type: 'sign', request })
  else state.signed.push({ request, signature: scheme.sign(secretKey, signedHash(chainId, request)) })
}

/** Records an own statement that is signed now. A delegate whose secret key is here promises it by its own log. */
export function recordVote(state: State, instance: Instance, vote: Vote): void {
  addChecked(state, instance, vote, null)
  if (state.config.secretKey !== null) log(state, { type: 'vote', vote })
}

/** Takes the statements about the term back that were signed before the last restart. */
export function restoreVotes(state: State, instance: Instance): void {
  for (const vote of state.oldVotes) {
    if (vote.term !== instance.term || vote.slot <= instance.finalSlot) continue
    const { own } = slotOf(instance, vote.slot)
    if (vote.kind === PROPOSE) own.propose = vote.value
    else if (vote.kind === NOTAR) own.notar = vote.value
    else if (vote.kind === SKIP) own.skip = true
    else own.final = vote.value
    addChecked(state, instance, vote, null)
  }
  state.oldVotes = state.oldVotes.filter(({ term }) => term > instance.term)
}
