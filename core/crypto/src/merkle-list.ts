import { encode, SmartshareError, uint } from '@smartshare/codec'
import { equalBytes } from './bytes.ts'
import { HASH_BYTES, type Hash, hashTagged } from './hash.ts'
import { climb, depthOf, openSubtree, reduceLevel } from './merkle-level.ts'

/** Most leaves in a list: 1 GiB of hashes; blocks hold a thousandth of that. */
export const MAX_LIST_LEAVES = 2 ** 25

const countSchema = uint()

/** That one leaf stands at `index` in a list of `count`; `siblings` from the leaf up, padding included. */
export interface ListProof {
  readonly index: number
  readonly count: number
  readonly siblings: readonly Hash[]
}

/** `H(tag, CBOR(count) ‖ top)`: the root of a list of `count` leaves, or of data of `count` bytes (bytes.md §6). */
export function rootOfTop(tag: 'list' | 'data', count: number, top: Hash): Hash {
  return hashTagged(tag, encode(countSchema, count), top)
}

/** All leaves one after the other, with room for one of padding. Throws LIST_INVALID. */
function packed(leaves: readonly Hash[]): Uint8Array {
  if (leaves.length > MAX_LIST_LEAVES) {
    throw new SmartshareError('LIST_INVALID', `a list has at most ${MAX_LIST_LEAVES} leaves`)
  }
  const nodes = new Uint8Array((leaves.length + 1) * HASH_BYTES)
  for (const [i, leaf] of leaves.entries()) {
    if (leaf.length !== HASH_BYTES) throw new SmartshareError('LIST_INVALID', 'a leaf of a list has 32 bytes')
    nodes.set(leaf, i * HASH_BYTES)
  }
  return nodes
}

/** The root of a list of 32-byte leaves. Throws LIST_INVALID. */
export function listRoot(leaves: readonly Hash[]): Hash {
  const nodes = packed(leaves)
  let count = leaves.length
  for (let level = 0; count > 1; level++) count = reduceLevel(nodes, count, level)
  return rootOfTop('list', leaves.length, nodes.subarray(0, HASH_BYTES))
}

/** The proof for the leaf at `index`. Throws LIST_INVALID, or LIST_INDEX if there is no such leaf. */
export function listProof(leaves: readonly Hash[], index: number): ListProof {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new SmartshareError('LIST_INDEX', 'the list has no leaf with this index', { index, count: leaves.length })
  }
  const count = leaves.length
  return { index, count, siblings: openSubtree(packed(leaves), count, index, depthOf(count)).siblings }
}

/** Whether `leaf` stands at `proof.index` in the list of `proof.count` leaves with this root. Never throws. */
export function verifyListProof(root: Hash, leaf: Hash, proof: ListProof): boolean {
  const { index, count, siblings } = proof
  return leaf.length === HASH_BYTES && leadsTo('list', root, count, leaf, index, count, siblings)
}

/** Whether `leaf` at `index` among `count` leads through `siblings` to the root of that top and `total`. */
export function leadsTo(
  tag: 'list' | 'data',
  root: Hash,
  total: number,
  leaf: Hash,
  index: number,
  count: number,
  siblings: readonly Hash[],
): boolean {
  if (!Number.isSafeInteger(total) || !Number.isInteger(index) || index < 0 || index >= count) return false
  if (siblings.length !== depthOf(count) || siblings.some((sibling) => sibling.length !== HASH_BYTES)) return false
  return equalBytes(rootOfTop(tag, total, climb(leaf, index, siblings)), root)
}
