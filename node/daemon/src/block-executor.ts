import { type Block, encodeSet, executedHash, parseTransaction, setHash } from '@smartshare/chain'
import { decode, encode, fixedBytes, SmartshareError } from '@smartshare/codec'
import { RangeAccumulator } from '@smartshare/crypto'
import { currentTerm, executeBlock, type Genesis, nextSet, type Parameters } from '@smartshare/runtime'
import { type StateChange, StateJournal, StateTree } from '@smartshare/state'
import type { ChainStore, StoredHeight } from '@smartshare/store'
import type { ExecutedFacts } from './executed-facts.ts'

/** Executed blocks that may wait for one durable commit. */
const MOST_UNCOMMITTED = 32

/** What the execution of a block gave. */
export interface Executed {
  readonly facts: ExecutedFacts
  readonly changes: readonly StateChange[]
  /** Encoded receipts, the block's own last. */
  readonly receipts: readonly Uint8Array[]
  /** Encoded set of the next term, once it is elected. */
  readonly nextSet: Uint8Array | null
}
