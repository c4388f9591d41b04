import { SmartshareError } from '@smartshare/codec'
import { concatBytes, equalBytes } from './bytes.ts'
import { HASH_BYTES, type Hash, hashPairs, sha256 } from './hash.ts'
import { depthOf, nodeAt, nodeOf, openSubtree, paddingNode, reduceLevel } from './merkle-level.ts'
import { leadsTo, rootOfTop } from './merkle-list.ts'

// The tree over 64-byte segments of bytes.md §6. Only nodes from the *block level* upwards are kept: one hash for each
// 64 KiB, a 2,048th of the data. An opening reads that one block from disk and computes what lies below again.

export const SEGMENT_BYTES = 64
/** Blocks are 2^10 segments. */
const BLOCK_LEVEL = 10
export const DATA_BLOCK_BYTES = SEGMENT_BYTES * 2 ** BLOCK_LEVEL
/** The packet of storage: 2^20 segments, 64 MiB. */
export const PACKET_LEVEL = 20
/** Most that one tree is built over: 1 TiB, for which it keeps 1 GiB of nodes. */
export const MAX_DATA_BYTES = 2 ** 40
/** Full blocks hashed at once; more gains nothing and leaves the processor's cache. */
const BATCH_BLOCKS = 4
const FIRST_TOPS = 16

/** That a segment is part of data: its 64 bytes (zeros after the end of the data), and the siblings from it up. */
export interface DataProof {
  readonly segmentIndex: number
  readonly segment: Uint8Array
  readonly siblings: readonly Hash[]
}

const segmentsIn = (sizeBytes: number) => Math.ceil(sizeBytes / SEGMENT_BYTES)
const spanBytes = (level: number) => SEGMENT_BYTES * 2 ** level

/** The segment hashes of `bytes`, one after the other, with room for one more node. */
function segmentHashes(bytes: Uint8Array): Uint8Array {
  const whole = bytes.length - (bytes.length % SEGMENT_BYTES)
  const nodes = new Uint8Array((segmentsIn(bytes.length) + 1) * HASH_BYTES)
  hashPairs(bytes.subarray(0, whole), nodes.subarray(0, whole / 2))
  if (whole < bytes.length) nodes.set(sha256(padded(bytes.subarray(whole))), whole / 2)
  return nodes
}

function padded(rest: Uint8Array): Uint8Array {
  const segment = new Uint8Array(SEGMENT_BYTES)
  segment.set(rest)
  return segment
}

/** The node above all of `bytes`, lifted by padding to `level`; and, on the way, the siblings of `segment`. */
function climbBlock(bytes: Uint8Array, level: number, segment = 0): { top: Hash; siblings: Hash[] } {
  return openSubtree(segmentHashes(bytes), segmentsIn(bytes.length), segment, level)
}

function lift(top: Hash, from: number, to: number): Hash {
  let node = top
  for (let level = from; level < to; level++) node = nodeOf(node, paddingNode(level))
  return node
}

/** The tree over some data, from its blocks upwards. What `blockTops` holds is what is worth storing beside the data. */
export class DataTree {
  readonly sizeBytes: number
  /** Level of the lowest nodes kept, which stand one for each block. */
  readonly blockLevel: number
  /** Nodes one after the other, of the block level first; the last level is the top alone. */
  readonly #levels: readonly Uint8Array[]

  /** See `fromTops`, `join` and `DataTreeBuilder`, which make trees. */
  private constructor(sizeBytes: number, blockLevel: number, tops: Uint8Array) {
    this.sizeBytes = sizeBytes
    this.blockLevel = blockLevel
    const levels = [tops]
    let count = tops.length / HASH_BYTES
    for (let level = blockLevel; count > 1; level++) {
      const nodes = new Uint8Array((count + (count % 2)) * HASH_BYTES)
      nodes.set(levels.at(-1) as Uint8Array)
      count = reduceLevel(nodes, count, level)
      levels.push(nodes.slice(0, count * HASH_BYTES))
    }
    this.#levels = levels
  }

  /**
   * The tree of data whose block tops were stored (as `blockTops` gave them). Compare its root with the known one:
   * nothing else tells whether the stored nodes are sound. Throws DATA_TREE_INVALID if their number is wrong.
   */
  static fromTops(sizeBytes: number, tops: Uint8Array, blockLevel: number = BLOCK_LEVEL): DataTree {
    if (!Number.isInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > MAX_DATA_BYTES) {
      throw new SmartshareError('DATA_TREE_INVALID', 'data of a size that no tree is built over', { sizeBytes })
    }
    const blocks = Math.ceil(sizeBytes / spanBytes(blockLevel))
    if (tops.length !== blocks * HASH_BYTES) {
      throw new SmartshareError('DATA_TREE_INVALID', 'not as many nodes as the data has blocks', { sizeBytes, blocks })
    }
    return new DataTree(sizeBytes, Math.min(blockLevel, depthOf(segmentsIn(sizeBytes))), Uint8Array.from(tops))
  }

  /**
   * The tree of parts one after the other, knowing only their sizes and tops: of packets in a lot. All parts but the
   * last must span exactly `level` (64 bytes · 2^level). Throws DATA_TREE_INVALID.
   */
  static join(parts: readonly { readonly sizeBytes: number; readonly top: Hash }[], level = PACKET_LEVEL): DataTree {
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
    const blockLevel = Math.min(level, depthOf(segmentsIn(sizeBytes)))
    for (const [i, part] of parts.entries()) {
      const isLast = i === parts.length - 1
      const fits = isLast
        ? part.sizeBytes > 0 && part.sizeBytes <= spanBytes(level)
        : part.sizeBytes === spanBytes(level)
      if (!fits) throw new SmartshareError('DATA_TREE_INVALID', 'every part but the last fills its place', { part: i })
    }
    const tops = parts.map((part) => lift(part.top, depthOf(segmentsIn(part.sizeBytes)), blockLevel))
    return DataTree.fromTops(sizeBytes, concatBytes(...tops), level)
  }

  /** One hash for each block, one after the other: with `sizeBytes` all that is needed to have the tree again. */
  get blockTops(): Uint8Array {
    return (this.#levels[0] as Uint8Array).slice()
  }

  /** The node above all segments; 32 zero bytes without any. */
  get top(): Hash {
    return this.sizeBytes === 0 ? paddingNode(0).slice() : (this.#levels.at(-1) as Uint8Array).slice()
  }

  /** `H("list", CBOR(size in bytes) ‖ top)`. */
  get root(): Hash {
    return rootOfTop('data', this.sizeBytes, this.top)
  }

  /** The bytes to read for a proof of this segment. Throws DATA_SEGMENT if the data has no such segment. */
  blockOf(segmentIndex: number): { offset: number; length: number } {
    if (!Number.isInteger(segmentIndex) || segmentIndex < 0 || segmentIndex >= segmentsIn(this.sizeBytes)) {
      throw new SmartshareError('DATA_SEGMENT', 'the data has no such segment', { segmentIndex })
    }
    const span = spanBytes(this.blockLevel)
    const offset = Math.floor((segmentIndex * SEGMENT_BYTES) / span) * span
    return { offset, length: Math.min(span, this.sizeBytes - offset) }
  }

  /**
   * The proof of a segment, given the bytes that `blockOf` names. Throws DATA_DAMAGED if these are not the bytes that
   * the tree was built over: a provider learns of its damage before it shows a wrong proof.
   */
  prove(segmentIndex: number, block: Uint8Array): DataProof {
    const { offset, length } = this.blockOf(segmentIndex)
    const damaged = () =>
      new SmartshareError('DATA_DAMAGED', 'the bytes are not those that the tree was built over', { offset, length })
    if (block.length !== length) throw damaged()
    const blockIndex = offset / spanBytes(this.blockLevel)
    const within = segmentIndex - offset / SEGMENT_BYTES
    const { top, siblings } = climbBlock(block, this.blockLevel, within)
    if (!equalBytes(top, nodeAt(this.#levels[0] as Uint8Array, blockIndex))) throw damaged()
    const start = within * SEGMENT_BYTES
    const segment = padded(block.subarray(start, start + SEGMENT_BYTES))
    return { segmentIndex, segment, siblings: [...siblings, ...this.#siblingsAbove(blockIndex)] }
  }

  /** The proof in the joined data (see `join`) of what `proof` shows in part `part` of it. Throws DATA_SEGMENT. */
  within(part: number, proof: DataProof): DataProof {
    const first = part * 2 ** this.blockLevel
    this.blockOf(first + proof.segmentIndex)
    const siblings = [...proof.siblings]
    // A last part that does not fill its place is lifted by padding to the level where its place begins.
    while (siblings.length < this.blockLevel) siblings.push(paddingNode(siblings.length).slice())
    return {
      segmentIndex: first + proof.segmentIndex,
      segment: proof.segment,
      siblings: [...siblings, ...this.#siblingsAbove(part)],
    }
  }

  #siblingsAbove(blockIndex: number): Hash[] {
    let at = blockIndex
    return this.#levels.slice(0, -1).map((nodes, above) => {
      const sibling = at % 2 === 0 ? at + 1 : at - 1
      at = Math.floor(at / 2)
      return sibling * HASH_BYTES < nodes.length ? nodeAt(nodes, sibling) : paddingNode(this.blockLevel + above).slice()
    })
  }
}

/** For the levels of the tree below the tops, one after the other; nothing is left in it between two calls. */
let scratch: Uint8Array | undefined
const NO_BYTES = new Uint8Array(0)

/** Builds the tree of a stream of chunks of any sizes; holds one block and one hash for each block before it. */
export class DataTreeBuilder {
  /** Bytes of a block that is not whole yet. */
  #pending: Uint8Array | undefined
  #pendingBytes = 0
  #sizeBytes = 0
  #blocks = 0
  #tops = new Uint8Array(FIRST_TOPS * HASH_BYTES)

  /** Takes the next bytes; they are not kept. Throws DATA_TREE_INVALID beyond MAX_DATA_BYTES. */
  update(chunk: Uint8Array): this {
    if (this.#sizeBytes + chunk.length > MAX_DATA_BYTES) {
      throw new SmartshareError('DATA_TREE_INVALID', 'data of a size that no tree is built over')
    }
    this.#sizeBytes += chunk.length
    let rest = chunk
    while (rest.length > 0) {
      const whole = this.#pendingBytes === 0 ? Math.min(BATCH_BLOCKS, Math.floor(rest.length / DATA_BLOCK_BYTES)) : 0
      const taken = whole > 0 ? whole * DATA_BLOCK_BYTES : Math.min(rest.length, DATA_BLOCK_BYTES - this.#pendingBytes)
      if (whole > 0) this.#addFull(rest.subarray(0, taken))
      else this.#addPart(rest.subarray(0, taken))
      rest = rest.subarray(taken)
    }
    return this
  }

  /** The tree of all bytes taken so far; more may follow for a later tree. */
  finish(): DataTree {
    const last = (this.#pending ?? NO_BYTES).subarray(0, this.#pendingBytes)
    const kept = this.#tops.subarray(0, this.#blocks * HASH_BYTES)
    if (last.length === 0) return DataTree.fromTops(this.#sizeBytes, kept)
    const level = this.#blocks === 0 ? depthOf(segmentsIn(last.length)) : BLOCK_LEVEL
    return DataTree.fromTops(this.#sizeBytes, concatBytes(kept, climbBlock(last, level).top))
  }

  #addPart(bytes: Uint8Array): void {
    this.#pending ??= new Uint8Array(DATA_BLOCK_BYTES)
    this.#pending.set(bytes, this.#pendingBytes)
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes < DATA_BLOCK_BYTES) return
    this.#addFull(this.#pending)
    this.#pendingBytes = 0
  }

  /** `bytes` are whole blocks, at most BATCH_BLOCKS: level by level they shrink to their tops. */
  #addFull(bytes: Uint8Array): void {
    let size = bytes.length / 2
    scratch ??= new Uint8Array((BATCH_BLOCKS * DATA_BLOCK_BYTES) / 2)
    hashPairs(bytes, scratch.subarray(0, size))
    for (let level = 0; level < BLOCK_LEVEL; level++) {
      hashPairs(scratch.subarray(0, size), scratch.subarray(0, size / 2))
      size /= 2
    }
    const end = this.#blocks * HASH_BYTES + size
    if (end > this.#tops.length) {
      const larger = new Uint8Array(Math.max(end, this.#tops.length * 2))
      larger.set(this.#tops)
      this.#tops = larger
    }
    this.#tops.set(scratch.subarray(0, size), this.#blocks * HASH_BYTES)
    this.#blocks += size / HASH_BYTES
  }
}

/** The root of data (bytes.md §6). Throws DATA_TREE_INVALID beyond MAX_DATA_BYTES. */
export function dataRoot(bytes: Uint8Array): Hash {
  return new DataTreeBuilder().update(bytes).finish().root
}

/** The proof of one segment of data that is all in memory. Throws DATA_SEGMENT. */
export function dataProof(bytes: Uint8Array, segmentIndex: number): DataProof {
  const tree = new DataTreeBuilder().update(bytes).finish()
  const { offset, length } = tree.blockOf(segmentIndex)
  return tree.prove(segmentIndex, bytes.subarray(offset, offset + length))
}

/** Whether `segment` (64 bytes) is the one at `segmentIndex` of data of this size and root. Never throws. */
export function verifyDataProof(
  root: Hash,
  sizeBytes: number,
  segmentIndex: number,
  segment: Uint8Array,
  siblings: readonly Hash[],
): boolean {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || segment.length !== SEGMENT_BYTES) return false
  return leadsTo('data', root, sizeBytes, sha256(segment), segmentIndex, segmentsIn(sizeBytes), siblings)
}
