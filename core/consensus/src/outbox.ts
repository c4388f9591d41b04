import { SmartshareError } from '@smartshare/codec'
import { MAX_VOTES_PER_MESSAGE } from './config.ts'
import type { Effect, LogRecord, MisbehaviourCode } from './events.ts'
import type { State } from './state.ts'

/** Writes to the log: everything emitted durably in this step or later waits until it is on disk. */
export function log(state: State, record: LogRecord): void {
  state.records.push(record)
}

/** An effect that may happen at once. */
export function emit(state: State, effect: Effect): void {
  state.effects.push(effect)
}

/** An effect that must not happen before all that was logged so far is on disk. */
export function emitDurable(state: State, effect: Effect): void {
  state.durable.push(effect)
}

export function reportPeer(state: State, peer: string | null, code: MisbehaviourCode): void {
  if (peer !== null) emit(state, { type: 'misbehaviour', peer, code })
}

/** Sends the own votes of this step together. */
export function sendVotes(state: State): void {
  const { votes, executedHeight } = state
  if (votes.length === 0) return
  state.votes = []
  for (let at = 0; at < votes.length; at += MAX_VOTES_PER_MESSAGE) {
    const part = votes.slice(at, at + MAX_VOTES_PER_MESSAGE)
    emitDurable(state, { type: 'send', to: 'delegates', message: { type: 'votes', votes: part, executedHeight } })
  }
}

/** Ends a step: one `persist` for its records, and the effects that may happen now. */
export function flush(state: State): Effect[] {
  const { records, durable } = state
  let { effects } = state
  if (records.length > 0) {
    const ticket = state.nextTicket++
    effects.push({ type: 'persist', ticket, records })
    state.outbox.push({ ticket, effects: durable })
    state.records = []
  } else if (durable.length > 0) {
    const last = state.outbox.at(-1)
    // What was signed in an earlier step may still be on its way to the disk.
    if (last !== undefined) last.effects.push(...durable)
    else effects = [...effects, ...durable]
  }
  if (durable.length > 0) state.durable = []
  state.effects = []
  return effects
}

/** The log is on disk up to `ticket`: lets go what waited for it. Throws CONSENSUS_TICKET for a ticket never given out. */
export function acknowledge(state: State, ticket: number): void {
  if (ticket >= state.nextTicket) {
    throw new SmartshareError('CONSENSUS_TICKET', 'a record was acknowledged that was never given to the log', {
      ticket,
    })
  }
  while (state.outbox.length > 0 && state.outbox[0]!.ticket <= ticket) {
    state.effects.push(...state.outbox.shift()!.effects)
  }
}
