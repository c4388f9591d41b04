import { HASH_BYTES, type Hash, hashTagged } from '@smartshare/crypto'
import { HashPlan } from './hash-plan.ts'
import { equalBytes } from './key-text.ts'
import { bitAt, climbTo, leafHashOf, leafMark, PATH_BITS, pathOf, proofDepth, type StateProof } from './proof.ts'
import { MOST_KEY_BYTES, MOST_VALUE_BYTES, type StateEntry } from './state-reader.ts'

/** Parts are cut no finer than this: keys that share more bits of their path than this stay together. */
export const MOST_PART_DEPTH = 64

/** All keys whose path begins with the first `depth` bits of `path`; the other bits of `path` are zero. */
export interface StatePart {
  readonly path: Uint8Array
  readonly depth: number
}

/** Slots of a leaf in the plan: path, hash of the value, their hash, mark. */
const LEAF_SLOTS = 4
const INNER_LEVEL = PATH_BITS + 1
const OUTER_LEVEL = PATH_BITS
const EMPTY: Hash = new Uint8Array(HASH_BYTES)

/** True if a path lies in the part. */
export function isInPart({ path, depth }: StatePart, other: Uint8Array): boolean {
  const whole = depth >> 3
  for (let i = 0; i < whole; i += 1) if (path[i] !== other[i]) return false
  const bits = depth & 7
  return bits === 0 || ((path[whole] as number) ^ (other[whole] as number)) >> (8 - bits) === 0
}

/**
 * True if `proof` shows that under `root` the part holds exactly these entries, in the order of their paths, and no other.
 * Never throws: what is not well-formed is not true. Work grows with the bytes of the entries.
 */
export function verifyPart(
  root: Uint8Array,
  part: StatePart,
  entries: readonly StateEntry[],
  proof: StateProof,
): boolean {
  const depth = proofDepth(proof)
  if (!isPart(part) || depth === undefined || depth > part.depth || root.length !== HASH_BYTES) return false
  if (entries.length > 0) {
    if (proof.other !== null) return false
    const hash = hashOfEntries(part, entries)
    // One key's leaf stands where the last sibling is; more make a node at the depth of the part.
    return (
      hash !== undefined && equalBytes(climbTo(hash, part.path, proof, entries.length > 1 ? part.depth : depth), root)
    )
  }
  if (proof.other === null) return equalBytes(climbTo(EMPTY, part.path, proof, depth), root)
  const { path, valueHash } = proof.other
  if (path.length !== HASH_BYTES || valueHash.length !== HASH_BYTES || isInPart(part, path)) return false
  for (let i = 0; i < depth; i += 1) if (bitAt(path, i) !== bitAt(part.path, i)) return false
  return equalBytes(climbTo(leafHashOf(path, valueHash), part.path, proof, depth), root)
}

function isPart({ path, depth }: StatePart): boolean {
  if (path.length !== HASH_BYTES || !Number.isInteger(depth) || depth < 0 || depth > MOST_PART_DEPTH) return false
  for (let i = depth; i < MOST_PART_DEPTH; i += 1) if (bitAt(path, i) === 1) return false
  return true
}

/** The hash of the subtree of at least one entry; undefined if they are not in order, not of the part or not well-formed. */
function hashOfEntries(part: StatePart, entries: readonly StateEntry[]): Hash | undefined {
  const plan = new HashPlan(OUTER_LEVEL)
  const first = plan.allocate(LEAF_SLOTS * entries.length)
  const hashes = plan.allocate(entries.length)
  const mark = leafMark()
  const paths: Uint8Array[] = []
  for (const [i, [key, value]] of entries.entries()) {
    if (key.length < 1 || key.length > MOST_KEY_BYTES || value.length < 1 || value.length > MOST_VALUE_BYTES)
      return undefined
    const path = pathOf(key)
    const before = paths.at(-1)
    if (!isInPart(part, path) || (before !== undefined && comparePaths(before, path) >= 0)) return undefined
    paths.push(path)
    const slot = first + LEAF_SLOTS * i
    plan.bytes.set(path, slot * HASH_BYTES)
    plan.bytes.set(hashTagged('state/value', value), (slot + 1) * HASH_BYTES)
    plan.bytes.set(mark, (slot + 3) * HASH_BYTES)
    plan.pair(INNER_LEVEL, slot, slot + 2)
    plan.pair(OUTER_LEVEL, slot + 2, hashes + i)
  }
  const target = plan.allocate(1)
  planNodes(plan, paths, hashes, { low: 0, high: entries.length, depth: part.depth, target })
  plan.run()
  return plan.bytes.slice(target * HASH_BYTES, (target + 1) * HASH_BYTES)
}

/** Plans the subtree of the leaves `low` … `high` − 1, whose hashes begin at slot `hashes`, hanging at `depth`. */
function planNodes(
  plan: HashPlan,
  paths: readonly Uint8Array[],
  hashes: number,
  { low, high, depth, target }: { low: number; high: number; depth: number; target: number },
): void {
  if (low === high) {
    plan.zero(target)
    return
  }
  if (high - low === 1) {
    plan.copyLater(hashes + low, target)
    return
  }
  let middle = low
  while (middle < high && bitAt(paths[middle] as Uint8Array, depth) === 0) middle += 1
  const pair = plan.allocate(2)
  planNodes(plan, paths, hashes, { low, high: middle, depth: depth + 1, target: pair })
  planNodes(plan, paths, hashes, { low: middle, high, depth: depth + 1, target: pair + 1 })
  plan.pair(depth, pair, target)
}

/** Order of paths: negative if `a` comes first. */
export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < HASH_BYTES; i += 1) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}
