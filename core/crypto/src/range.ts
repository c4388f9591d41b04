import { array, decode, encode, fixedBytes, record, SmartshareError, uint } from '@smartshare/codec'
import { equalBytes } from './bytes.ts'
import { HASH_BYTES, type Hash, hashTagged } from './hash.ts'
import { climb, MAX_LEVELS, nodeOf } from './merkle-level.ts'

// Merkle mountain range (bytes.md §6): one perfect tree, a *peak*, for each bit of the count, the largest first.
// Leaves are only ever appended; nodes never change once they are there.

const schema = record({ count: uint(), peaks: array(fixedBytes(HASH_BYTES), MAX_LEVELS) })

/** The node over leaves `index · 2^level` up to the next multiple; level 0 are the leaves. */
export interface RangeNode {
  readonly level: number
  readonly index: number
  readonly hash: Hash
}

/** Gives back nodes that `grow` named, or leaves. Undefined for what is not stored. */
export type RangeNodes = (level: number, index: number) => Hash | undefined

/** That one leaf stands at `index` among `count`: siblings up to its peak, and the other peaks, the largest first. */
export interface RangeProof {
  readonly index: number
  readonly count: number
  readonly siblings: readonly Hash[]
  readonly peaks: readonly Hash[]
}

/** Levels of the peaks of `count` leaves, from the largest: its binary digits. */
function peakLevels(count: number): number[] {
  const levels: number[] = []
  for (let rest = count, level = 0; rest > 0; rest = Math.floor(rest / 2), level++) {
    if (rest % 2 === 1) levels.unshift(level)
  }
  return levels
}

/** The peak above leaf `index`: which one it is, and its level. */
function peakAbove(count: number, index: number): { place: number; level: number } {
  let first = 0
  for (const [place, level] of peakLevels(count).entries()) {
    if (index < first + 2 ** level) return { place, level }
    first += 2 ** level
  }
  throw new SmartshareError('RANGE_INDEX', 'the range has no leaf with this index', { index, count })
}

function rootOf(count: number, peaks: readonly Hash[]): Hash {
  return hashTagged('range', encode(schema, { count, peaks: [...peaks] }))
}

/** A range, of which only count and peaks are kept: a few hundred bytes for any number of leaves. Never changes. */
export class RangeAccumulator {
  static readonly empty = new RangeAccumulator(0, [])

  readonly count: number
  /** From the largest. Do not change them. */
  readonly peaks: readonly Hash[]

  private constructor(count: number, peaks: readonly Hash[]) {
    this.count = count
    this.peaks = peaks
  }

  /** The range that `encode` wrote. Throws CODEC_*, or RANGE_INVALID if count and peaks do not belong together. */
  static decode(bytes: Uint8Array): RangeAccumulator {
    const { count, peaks } = decode(schema, bytes)
    return RangeAccumulator.of(
      count,
      peaks.map((peak) => Uint8Array.from(peak)),
    )
  }

  /** Throws RANGE_INVALID if count and peaks do not belong together. */
  static of(count: number, peaks: readonly Hash[]): RangeAccumulator {
    if (peaks.length !== peakLevels(count).length) {
      throw new SmartshareError('RANGE_INVALID', 'not as many peaks as the count has binary ones', { count })
    }
    return new RangeAccumulator(count, peaks)
  }

  /** CBOR of [count, peaks]. */
  encode(): Uint8Array {
    return encode(schema, { count: this.count, peaks: [...this.peaks] })
  }

  /** `H("range", CBOR([count, peaks]))`. */
  root(): Hash {
    return rootOf(this.count, this.peaks)
  }

  /** The range with one leaf more. */
  append(leaf: Hash): RangeAccumulator {
    return this.grow(leaf).range
  }

  /** The range with one leaf more, and the nodes that it added (the leaf first), for whoever stores them for proofs. */
  grow(leaf: Hash): { range: RangeAccumulator; nodes: RangeNode[] } {
    if (leaf.length !== HASH_BYTES) throw new SmartshareError('RANGE_INVALID', 'a leaf of a range has 32 bytes')
    const peaks = [...this.peaks]
    const nodes: RangeNode[] = [{ level: 0, index: this.count, hash: leaf }]
    let hash = leaf
    // Each one at the end of the count is a peak as large as what has grown: the two become one.
    for (let rest = this.count, level = 1; rest % 2 === 1; level++) {
      rest = Math.floor(rest / 2)
      hash = nodeOf(peaks.pop() as Hash, hash)
      nodes.push({ level, index: rest, hash })
    }
    return { range: new RangeAccumulator(this.count + 1, [...peaks, hash]), nodes }
  }

  /** The nodes that the peaks are: with them and those that `grow` names, all later leaves can be proven. */
  peakNodes(): RangeNode[] {
    let first = 0
    return peakLevels(this.count).map((level, place) => {
      const index = first / 2 ** level
      first += 2 ** level
      return { level, index, hash: this.peaks[place] as Hash }
    })
  }
}

/**
 * The proof of leaf `index` in the range of its first `count` leaves. `nodes` is asked for two nodes on each level at most.
 * Throws RANGE_INDEX, or RANGE_NODE_MISSING if a node is not there.
 */
export function proveInRange(count: number, index: number, nodes: RangeNodes): RangeProof {
  if (!Number.isInteger(index) || index < 0) throw new SmartshareError('RANGE_INDEX', 'no index of a leaf', { index })
  const node = (level: number, at: number): Hash => {
    const hash = nodes(level, at)
    if (hash !== undefined) return hash
    throw new SmartshareError('RANGE_NODE_MISSING', 'a node of the range is not stored', { level, index: at })
  }
  const { place, level } = peakAbove(count, index)
  const siblings: Hash[] = []
  for (let below = 0, at = index; below < level; below++, at = Math.floor(at / 2)) {
    siblings.push(node(below, at % 2 === 0 ? at + 1 : at - 1))
  }
  const peaks: Hash[] = []
  let first = 0
  for (const [i, peak] of peakLevels(count).entries()) {
    if (i !== place) peaks.push(node(peak, first / 2 ** peak))
    first += 2 ** peak
  }
  return { index, count, siblings, peaks }
}

/** The range of the first `count` leaves. Throws RANGE_NODE_MISSING if a peak is not there. */
export function rangeAt(count: number, nodes: RangeNodes): RangeAccumulator {
  let first = 0
  const peaks = peakLevels(count).map((level) => {
    const index = first / 2 ** level
    first += 2 ** level
    const peak = nodes(level, index)
    if (peak !== undefined) return Uint8Array.from(peak)
    throw new SmartshareError('RANGE_NODE_MISSING', 'a node of the range is not stored', { level, index })
  })
  return RangeAccumulator.of(count, peaks)
}

/**
 * The range as it was when `leaf` was its last one, from a proof of the leaf in a later range: the siblings to its left are
 * what it stood on. The proof must have been verified; nothing else needs to be believed.
 */
export function rangeUpTo(leaf: Hash, { index, count, siblings, peaks }: RangeProof): RangeAccumulator {
  const { place } = peakAbove(count, index)
  const left: Hash[] = []
  for (let level = 0, at = index; level < siblings.length; level++, at = Math.floor(at / 2)) {
    if (at % 2 === 1) left.unshift(siblings[level] as Hash)
  }
  return RangeAccumulator.of(index, [...peaks.slice(0, place), ...left]).append(leaf)
}

/** Whether `leaf` stands at `proof.index` in the range of `proof.count` leaves with this root. Never throws. */
export function verifyRangeProof(root: Hash, leaf: Hash, proof: RangeProof): boolean {
  const { index, count, siblings, peaks } = proof
  if (!Number.isSafeInteger(count) || !Number.isInteger(index) || index < 0 || index >= count) return false
  if (![leaf, ...siblings, ...peaks].every((hash) => hash.length === HASH_BYTES)) return false
  const { place, level } = peakAbove(count, index)
  if (siblings.length !== level || peaks.length !== peakLevels(count).length - 1) return false
  // A peak begins at a multiple of its size, so the index itself says left or right at every step.
  const peak = climb(leaf, index, siblings)
  return equalBytes(rootOf(count, [...peaks.slice(0, place), peak, ...peaks.slice(place)]), root)
}
