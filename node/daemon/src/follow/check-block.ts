import { decodeBlock } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { type StateChange, StateJournal } from '@smartshare/state'
import type { ChainStore } from '@smartshare/store'
import { splitFinal } from '../consensus/final-record.ts'
import { type ExecutionRules, executeFinal } from '../execution/execute-final.ts'
import type { CheckReply, CheckRequest } from './check-messages.ts'

/** What says nothing about the block: this node cannot execute it, or gave way while it did. */
const NO_VERDICT = new Set(['LVM_BROKEN', 'PROTOCOL_UNKNOWN', 'EXECUTOR_FAILED'])

/**
 * Executes blocks that were followed, the highest first, each on the state before it: the state on disk with the changes of all
 * later blocks taken back. What they come to is held against what was followed, which a quorum of delegates certified.
 */
export function checkBlocks(store: ChainStore, { blocks }: CheckRequest, rules: ExecutionRules): CheckReply {
  const past = new StateJournal(store.state)
  let at = store.height ?? 0
  const checked: number[] = []
  for (const { height, final, quarantined } of blocks) {
    let changes: StateChange[] | undefined
    for (; at >= height; at--) {
      changes = store.changes(at)
      if (changes === undefined) return { type: 'checked', heights: checked }
      takeBack(past, changes)
    }
    const block = decodeBlock(splitFinal(final).block)
    const order = { ...rules, quarantined: new Set(quarantined) }
    const why = differs(store, height, changes!, () => executeFinal(past, block, order))
    if (why !== undefined) return { type: 'diverged', height, message: why }
    checked.push(height)
  }
  return { type: 'checked', heights: checked }
}

function takeBack(past: StateJournal, changes: readonly StateChange[]): void {
  for (const { key, previous } of changes) {
    if (previous === undefined) past.delete(key)
    else past.set(key, previous)
  }
}

/** What execution gives otherwise than what was followed; undefined if nothing. */
function differs(
  store: ChainStore,
  height: number,
  followed: readonly StateChange[],
  execute: () => ReturnType<typeof executeFinal>,
): string | undefined {
  let own: ReturnType<typeof executeFinal>
  try {
    own = execute()
  } catch (error) {
    if (!SmartshareError.is(error) || NO_VERDICT.has(error.code)) throw error
    return `execution refuses it: ${error.code}: ${error.message}`
  }
  if (!equalBytes(own.receiptsRoot, store.facts(height)!.receiptsRoot)) return 'execution gives other receipts'
  const same = own.changes.length === followed.length && own.changes.every((one, i) => isSame(one, followed[i]!))
  return same ? undefined : 'execution gives another state'
}

function isSame(one: StateChange, other: StateChange): boolean {
  if (!equalBytes(one.key, other.key)) return false
  return one.value === null || other.value === null ? one.value === other.value : equalBytes(one.value, other.value)
}
