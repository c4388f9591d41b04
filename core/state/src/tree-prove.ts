import { SmartshareError } from '@smartshare/codec'
import { HASH_BYTES } from '@smartshare/crypto'
import { bitAt, hashTwo, PATH_BITS, type ProofLeaf, pathOf, type StateProof } from './proof.ts'
import {
  BRANCH_HEAD_BYTES,
  BUCKET_HEAD_BYTES,
  checkBranch,
  childName,
  countsBelow,
  digitAt,
  FANOUT,
  isBranch,
  LEAF_BYTES,
  leavesIn,
  PAGE_LEVELS,
  type PageName,
  pageText,
  ROOT_PAGE,
} from './tree-page.ts'
import { isInPart, type StatePart } from './tree-part.ts'

interface Leaf extends ProofLeaf {
  readonly hash: Uint8Array
}

const EMPTY = new Uint8Array(HASH_BYTES)

/** Walks from the root towards `key` and writes down what stands beside the way. The pages must not change. */
export function proveKey(read: (name: PageName) => Uint8Array | undefined, key: Uint8Array): StateProof {
  return proveDown(read, { path: pathOf(key), depth: PATH_BITS })
}

/** What shows that a part holds its keys and no other, for `verifyPart`. The pages must not change. */
export function provePart(read: (name: PageName) => Uint8Array | undefined, part: StatePart): StateProof {
  return proveDown(read, part)
}

function proveDown(read: (name: PageName) => Uint8Array | undefined, part: StatePart): StateProof {
  const { path } = part
  const climb = new Climb()
  let name: PageName = ROOT_PAGE
  for (let depth = 0; ; depth += PAGE_LEVELS) {
    const page = read(name)
    if (page === undefined) {
      if (depth === 0) return climb.end(null)
      throw missing(name)
    }
    if (!isBranch(page)) return proveInBucket(leavesOf(page), part, depth, climb)
    checkBranch(page)
    const below = countsOf(page)
    let node = 1
    for (let level = 0; level < PAGE_LEVELS; level += 1) {
      if (depth + level === part.depth) return climb.end(null)
      const next = 2 * node + bitAt(path, depth + level)
      climb.step(depth + level, hashOf(page, next ^ 1))
      node = next
      const count = below[node] as number
      if (count === 0) return climb.end(null)
      if (count > 1) continue
      // One key is left: its leaf hash stands here, though its bucket may hang further down.
      let digit = node
      while (digit < FANOUT) digit = below[2 * digit] === 1 ? 2 * digit : 2 * digit + 1
      const child = childName(name, digit - FANOUT)
      const bucket = read(child)
      if (bucket === undefined) throw missing(child)
      return climb.end(otherThan(part, leavesOf(bucket)[0] as Leaf))
    }
    name = childName(name, digitAt(path, 0, depth))
  }
}

function proveInBucket(leaves: readonly Leaf[], part: StatePart, from: number, climb: Climb): StateProof {
  let ours = leaves
  for (let depth = from; ours.length > 1; depth += 1) {
    if (depth === part.depth) return climb.end(null)
    const bit = bitAt(part.path, depth)
    const aside = ours.filter((leaf) => bitAt(leaf.path, depth) !== bit)
    climb.step(depth, subtreeHash(aside, depth + 1))
    ours = ours.filter((leaf) => bitAt(leaf.path, depth) === bit)
  }
  const last = ours[0]
  return climb.end(last === undefined ? null : otherThan(part, last))
}

/** Siblings gathered on the way down. */
class Climb {
  readonly #bitmap = new Uint8Array(PATH_BITS / 8)
  readonly #siblings: Uint8Array[] = []
  #depth = 0

  step(depth: number, sibling: Uint8Array): void {
    if (sibling.every((byte) => byte === 0)) return
    this.#bitmap[depth >> 3] = (this.#bitmap[depth >> 3] as number) | (0x80 >> (depth & 7))
    this.#siblings.push(sibling.slice())
    this.#depth = depth + 1
  }

  end(other: ProofLeaf | null): StateProof {
    const siblings = new Uint8Array(this.#siblings.length * HASH_BYTES)
    this.#siblings.forEach((sibling, i) => {
      siblings.set(sibling, i * HASH_BYTES)
    })
    return { bitmap: this.#bitmap.slice(0, Math.ceil(this.#depth / 8)), siblings, other }
  }
}

/** The leaf, if it is none of the part. */
function otherThan(part: StatePart, leaf: Leaf): ProofLeaf | null {
  return isInPart(part, leaf.path) ? null : { path: leaf.path, valueHash: leaf.valueHash }
}

function leavesOf(page: Uint8Array): Leaf[] {
  return Array.from({ length: leavesIn(page) }, (_, i) => {
    const at = BUCKET_HEAD_BYTES + i * LEAF_BYTES
    const part = (index: number) => page.slice(at + index * HASH_BYTES, at + (index + 1) * HASH_BYTES)
    return { path: part(0), valueHash: part(1), hash: part(2) }
  })
}

/** Keys under each of the nodes 1 … 15 of a branch. */
function countsOf(page: Uint8Array): number[] {
  const below = new Array<number>(2 * FANOUT).fill(0)
  countsBelow(page).forEach((count, digit) => {
    below[FANOUT + digit] = count
  })
  for (let node = FANOUT - 1; node >= 1; node -= 1) {
    below[node] = (below[2 * node] as number) + (below[2 * node + 1] as number)
  }
  return below
}

function hashOf(page: Uint8Array, node: number): Uint8Array {
  const at = BRANCH_HEAD_BYTES + (node - 2) * HASH_BYTES
  return page.slice(at, at + HASH_BYTES)
}

/** The hash of the subtree of some leaves at `depth`, straight from the definition. */
function subtreeHash(leaves: readonly Leaf[], depth: number): Uint8Array {
  if (leaves.length === 0) return EMPTY
  if (leaves.length === 1) return (leaves[0] as Leaf).hash
  const side = (bit: number) => leaves.filter((leaf) => bitAt(leaf.path, depth) === bit)
  return hashTwo(subtreeHash(side(0), depth + 1), subtreeHash(side(1), depth + 1))
}

/** The root and the number of keys that the root page tells, to start from what is on disk. */
export function summaryOf(page: Uint8Array | undefined): { root: Uint8Array; count: number } {
  if (page === undefined) return { root: EMPTY.slice(), count: 0 }
  if (!isBranch(page)) {
    const leaves = leavesOf(page)
    return { root: subtreeHash(leaves, 0), count: leaves.length }
  }
  checkBranch(page)
  return { root: hashTwo(hashOf(page, 2), hashOf(page, 3)), count: countsOf(page)[1] as number }
}

function missing(name: PageName): SmartshareError {
  return new SmartshareError('STATE_TREE_PAGE', 'A page of the state tree is missing', { name: pageText(name) })
}
