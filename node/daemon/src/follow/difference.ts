import { type Block, MAX_BLOCK_TRANSACTIONS } from '@smartshare/chain'
import { pack, SmartshareError, unpack } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import type { StateChange, StateReader } from '@smartshare/state'
import type { ChainStore } from '@smartshare/store'

// What a final block changed, as nodes give it to each other (docs/spec/load.md).

/** More than fit into the largest answer. */
const MOST_CHANGES = 1_000_000

/** What a block changed, and what it said. */
export interface Difference {
  /** Packed: key and new value two by two, in the order of the keys; an empty value takes the key away. */
  readonly changes: Uint8Array
  /** Packed: the encoded receipts, the block's own last. */
  readonly receipts: Uint8Array
}

const NOTHING = new Uint8Array()

/** The difference of a height that is on disk; undefined if that is no longer kept. */
export function differenceAt(store: Pick<ChainStore, 'changes' | 'receipts'>, height: number): Difference | undefined {
  const changes = store.changes(height)
  const receipts = store.receipts(height)
  if (changes === undefined || receipts === undefined) return undefined
  return { changes: pack(changes.flatMap(({ key, value }) => [key, value ?? NOTHING])), receipts: pack(receipts) }
}

/**
 * The changes of a difference against the state before it. Throws FOLLOW_DIFFERENCE if they are not in strict order, or if one of
 * them changes nothing, and PACK_DAMAGED: no execution gives such.
 */
export function changesOf({ changes }: Difference, state: Pick<StateReader, 'get'>): StateChange[] {
  const parts = unpack(changes, 2 * MOST_CHANGES)
  if (parts.length % 2 !== 0) throw wrong('a key without a value')
  const read: StateChange[] = []
  for (let i = 0; i < parts.length; i += 2) {
    const key = parts[i]!
    const value = parts[i + 1]!
    const before = read.at(-1)
    if (before !== undefined && Buffer.compare(before.key, key) >= 0) throw wrong('keys out of order')
    const previous = state.get(key)
    if (value.length === 0 ? previous === undefined : previous !== undefined && equalBytes(previous, value)) {
      throw wrong('a change that changes nothing')
    }
    read.push({ key, value: value.length === 0 ? null : value, previous })
  }
  return read
}

/** The receipts of a difference. Throws FOLLOW_DIFFERENCE if they are not one for each transaction and the block's own. */
export function receiptsOf({ receipts }: Difference, { transactions }: Pick<Block, 'transactions'>): Uint8Array[] {
  const read = unpack(receipts, MAX_BLOCK_TRANSACTIONS + 1)
  if (read.length !== transactions.length + 1) throw wrong('too many or too few receipts')
  return read
}

function wrong(what: string): SmartshareError {
  return new SmartshareError('FOLLOW_DIFFERENCE', `a difference with ${what}`)
}
