import { HASH_BYTES, type Hash, hashPairs } from './hash.ts'

/** No tree has more levels: sizes are below 2^53. */
export const MAX_LEVELS = 53

/** One pair and its node, used again and again: handing new arrays to native code takes longer than the hash. */
const pairScratch = new Uint8Array(2 * HASH_BYTES)
const nodeScratch = new Uint8Array(HASH_BYTES)

/** SHA-256(left ‖ right), both of 32 bytes. */
export function nodeOf(left: Hash, right: Hash): Hash {
  pairScratch.set(left)
  pairScratch.set(right, HASH_BYTES)
  hashPairs(pairScratch, nodeScratch)
  return nodeScratch.slice()
}

/** PADDING[k] is the node k levels above the leaves that stands on padding alone; a padding leaf is 32 zero bytes. */
const PADDING: Hash[] = [new Uint8Array(HASH_BYTES)]
for (let level = 0; level < MAX_LEVELS; level++) PADDING.push(nodeOf(PADDING[level] as Hash, PADDING[level] as Hash))

/** The node of `level` whose leaves are all padding. Do not change the result. */
export function paddingNode(level: number): Hash {
  return PADDING[level] as Hash
}

/** Levels above the leaves of the smallest tree with room for `count` leaves: ⌈log2(count)⌉, 0 for none and one. */
export function depthOf(count: number): number {
  let depth = 0
  for (let room = 1; room < count; room *= 2) depth++
  return depth
}

/**
 * Replaces the `count` nodes of `level` at the beginning of `nodes` by those of the next level, and returns how many
 * these are. An odd last one is paired with padding, for which `nodes` needs room. All nodes lie one after the other.
 */
export function reduceLevel(nodes: Uint8Array, count: number, level: number): number {
  let even = count
  if (count % 2 === 1) {
    nodes.set(paddingNode(level), count * HASH_BYTES)
    even++
  }
  hashPairs(nodes.subarray(0, even * HASH_BYTES), nodes.subarray(0, (even / 2) * HASH_BYTES))
  return even / 2
}

/**
 * The node `levels` above the `count` nodes of level 0 at the beginning of `nodes` (which has room for one more and is
 * used up), and the siblings on the way to it from the node at `index`, padding included.
 */
export function openSubtree(
  nodes: Uint8Array,
  count: number,
  index: number,
  levels: number,
): { top: Hash; siblings: Hash[] } {
  const siblings: Hash[] = []
  let at = index
  let left = count
  for (let level = 0; level < levels; level++) {
    const sibling = at % 2 === 0 ? at + 1 : at - 1
    siblings.push(sibling < left ? nodeAt(nodes, sibling) : paddingNode(level).slice())
    left = reduceLevel(nodes, left, level)
    at = Math.floor(at / 2)
  }
  return { top: nodeAt(nodes, 0), siblings }
}

/** A copy of the node at `index` of nodes that lie one after the other. */
export function nodeAt(nodes: Uint8Array, index: number): Hash {
  return nodes.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}

/**
 * The top that a leaf and its siblings (from the leaf up) lead to; `index` is that of the leaf. Indices go beyond 32
 * bits, so no bit operations here.
 */
export function climb(leaf: Hash, index: number, siblings: readonly Hash[]): Hash {
  let node = leaf
  let at = index
  for (const sibling of siblings) {
    node = at % 2 === 0 ? nodeOf(node, sibling) : nodeOf(sibling, node)
    at = Math.floor(at / 2)
  }
  return node
}
