import {
  type Block,
  type Certificate,
  type DelegateSet,
  firstAccumulator,
  type Header,
  setHash,
} from '@smartshare/chain'
import { equalBytes } from '@smartshare/crypto'
import type { BaseBlock, TermStart } from './events.ts'
import { type Ancestor, seedOfNextTerm } from './order.ts'
import { emitDurable, log } from './outbox.ts'
import { restoreVotes } from './register.ts'
import { enterSlot } from './slots.ts'
import { createInstance, type Instance, type State } from './state.ts'

/** The start of term 0, which stands on genesis (docs/spec/bytes.md §9 and §10). */
export function genesisTerm(genesis: {
  chainId: Uint8Array
  timeMs: number
  set: DelegateSet
  stateRoot: Uint8Array
  rangeRoot: Uint8Array
}): TermStart {
  const { chainId, timeMs, set, stateRoot, rangeRoot } = genesis
  const accumulator = firstAccumulator(chainId)
  const base: BaseBlock = {
    hash: chainId,
    height: 0,
    timeMs,
    accumulator,
    rootHeight: 0,
    stateRoot,
    rangeRoot,
    rootCertificate: null,
  }
  return { set, base, seed: accumulator, previous: null }
}

/**
 * The start of the term after `before`, for a node that got the final blocks otherwise than by consensus. `last` is the block
 * that ended the term and `terminal` its Final certificate; `headers` are the latest of the term, ascending, `last` included:
 * all of them or one more than there are seats.
 */
export function termAfter(
  before: TermStart,
  last: { readonly hash: Uint8Array; readonly block: Block; readonly terminal: Certificate },
  headers: readonly Header[],
  set: DelegateSet,
): TermStart {
  const { header, rootCertificate } = last.block
  let ancestor: Ancestor = { slot: -1, accumulator: before.base.accumulator, parent: null }
  for (const { slot, accumulator } of headers) ancestor = { slot, accumulator, parent: ancestor }
  const { height, timeMs, accumulator, rootHeight, stateRoot, rangeRoot } = header
  return {
    set,
    base: { hash: last.hash, height, timeMs, accumulator, rootHeight, stateRoot, rangeRoot, rootCertificate },
    seed: seedOfNextTerm(ancestor, before.set.members.length),
    previous: { set: before.set, terminal: last.terminal },
  }
}

/** Begins an instance; the one before, if any, is forgotten except for its last certificate. */
export function beginTerm(state: State, start: TermStart): Instance {
  const instance = createInstance(state.config, state.publicKey, start, state.nowMs)
  state.instance = instance
  state.cut.clear()
  state.answered.clear()
  for (const address of state.reported.keys()) if (!instance.seatOf.has(address)) state.reported.delete(address)
  // A node that lost its blocks may come once more to a term in which it has voted.
  restoreVotes(state, instance)
  enterSlot(state, instance, 0)
  emitDurable(state, { type: 'term', start, seat: instance.seat })
  return instance
}

/** When the last block is final and its next set known, the next term begins on it at slot 0. */
export function endTerm(state: State, instance: Instance): boolean {
  const { over } = instance
  const set = state.nextSet
  if (over === null || set === null || set.term !== instance.term + 1) return false
  // The node must have been told of every final block before the new term is on its disk: a restart begins there.
  if (state.outbox.length > 0 || state.durable.length > 0 || state.records.length > 0) return false
  if (!equalBytes(setHash(set), over.entry.nextSet!)) {
    // Somebody told a wrong one; the right one comes from the own election or another peer.
    state.nextSet = null
    return false
  }
  const { hash, height, timeMs, accumulator, rootHeight, stateRoot, rangeRoot, rootCertificate } = over.entry
  const start: TermStart = {
    set,
    base: { hash, height, timeMs, accumulator, rootHeight, stateRoot, rangeRoot, rootCertificate },
    seed: seedOfNextTerm(over.entry, instance.seats),
    previous: { set: instance.start.set, terminal: over.terminal },
  }
  state.nextSet = null
  log(state, { type: 'term', start })
  beginTerm(state, start)
  return true
}
