import type { ErrorDetails } from '@smartshare/codec'
import type { ExecutedFacts } from '@smartshare/store'
import type { SnapshotReport } from '../sync/snapshot-order.ts'
import type { FollowedBlock, NamedRoot } from './block-executor.ts'

/** What the node asks of its executor thread. */
export type ExecutorRequest =
  /** The next final block as it lies in the log. */
  | { readonly type: 'execute'; readonly final: Uint8Array }
  /** A transaction that a final block quarantines; told before any block is executed that it could change. */
  | { readonly type: 'quarantine'; readonly height: number; readonly index: number }
  /** Changes of heights below this one are no longer needed. */
  | { readonly type: 'keepFrom'; readonly height: number }
  | { readonly type: 'prove'; readonly ticket: number; readonly key: Uint8Array; readonly height: number }
  /** The result of a heavy call that was computed beforehand, for the block that packs it. */
  | { readonly type: 'result'; readonly job: number; readonly result: Uint8Array }
  /** Receipts of heights below this one are to be dropped. */
  | { readonly type: 'prune'; readonly below: number }
  /** Whether a snapshot is to be taken when a term ends. */
  | { readonly type: 'snapshots'; readonly on: boolean }
  /** Takes over what the next final blocks changed, if that leads to the roots. */
  | { readonly type: 'follow'; readonly order: FollowOrder }
  /** Heights that were followed are executed by now. */
  | { readonly type: 'checked'; readonly heights: readonly number[] }
  | { readonly type: 'stop' }

/** Differences of consecutive blocks, and the roots at the last of them. */
export interface FollowOrder {
  /** Heights of the first and the last block. */
  readonly from: number
  readonly to: number
  readonly blocks: readonly FollowedFinal[]
  readonly root: NamedRoot
}

/** A final block as it lies in the log, and what others say that it changed. */
type FollowedFinal = Omit<FollowedBlock, 'block' | 'certificate'> & { readonly final: Uint8Array }

interface PlainError {
  readonly code: string
  readonly message: string
  readonly details: ErrorDetails
}

/** What the executor tells. Many byte strings come packed in one buffer, which is handed over and not copied. */
export type ExecutorReply =
  | { readonly type: 'ready'; readonly height: number }
  /** Sum of all balances; no block changes it, or it is not executed. */
  | { readonly type: 'supply'; readonly grains: bigint }
  | {
      readonly type: 'executed'
      readonly facts: ExecutedFacts
      /** Key, value, previous value three by three; an empty one stands for none. */
      readonly changes: Uint8Array
      readonly receipts: Uint8Array
      readonly nextSet: Uint8Array | null
    }
  /** Everything up to this height is on disk. */
  | { readonly type: 'committed'; readonly height: number }
  | { readonly type: 'proved'; readonly ticket: number; readonly proof: Uint8Array | null }
  | SnapshotReport
  /** The differences of an order do not lead to its roots; nothing of it was taken over. */
  | { readonly type: 'refused'; readonly from: number; readonly why: string }
  | { readonly type: 'failed'; readonly error: PlainError }
  | { readonly type: 'stopped' }
