import { FINAL, NO_VALUE, NOTAR, PROPOSE, SKIP, type Vote } from '@smartshare/chain'
import { log } from './outbox.ts'
import { tallyOf } from './signing.ts'
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

/** Signs Propose for the own turn; never twice for a slot. */
export function signPropose(state: State, instance: Instance, slot: number, value: Uint8Array): Vote | null {
  const { own } = slotOf(instance, slot)
  if (own.propose !== null || !maySign(state, instance, slot)) return null
  own.propose = value
  return sign(state, instance, slot, PROPOSE, value)
}

/** Signs Notar for a valid proposal, once per slot. */
export function signNotar(state: State, instance: Instance, slot: number, value: Uint8Array): void {
  const { own } = slotOf(instance, slot)
  if (own.notar !== null && (state.rules.oneNotarPerSlot || hasSigned(instance, slot, NOTAR, value))) return
  if (!maySign(state, instance, slot)) return
  own.notar = value
  state.votes.push(sign(state, instance, slot, NOTAR, value))
}

/** Signs Skip after a time-out or for an invalid block, unless Final was signed. */
export function signSkip(state: State, instance: Instance, slot: number): void {
  const { own } = slotOf(instance, slot)
  if (own.skip || (own.final !== null && state.rules.noSkipAfterFinal)) return
  if (!maySign(state, instance, slot)) return
  own.skip = true
  state.votes.push(sign(state, instance, slot, SKIP, NO_VALUE))
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
  state.votes.push(sign(state, instance, slot, FINAL, value))
}

function hasSigned(instance: Instance, slot: number, kind: number, value: Uint8Array): boolean {
  const tallies = slotOf(instance, slot).tallies
  return tallies.some(
    (tally) =>
      tally.kind === kind && tally.bySeat.has(instance.seat!) && tally.value.every((byte, i) => byte === value[i]),
  )
}

function sign(state: State, instance: Instance, slot: number, kind: number, value: Uint8Array): Vote {
  const { message } = tallyOf(state, instance, slot, kind, value)
  const signature = state.config.scheme.sign(state.config.secretKey!, message)
  const vote: Vote = { term: instance.term, slot, kind, value, seat: instance.seat!, signature }
  addChecked(state, instance, vote, null)
  log(state, { type: 'vote', vote })
  return vote
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
