import { bytes, decode, encode, fixedBytes, optional, record, SmartshareError } from '@smartshare/codec'
import { HASH_BYTES, type Hash, hashTagged, sha256, tagPrefix } from '@smartshare/crypto'
import { equalBytes } from './key-text.ts'
import { MOST_KEY_BYTES, MOST_VALUE_BYTES } from './state-reader.ts'

/** Bits of a path, and so the most levels of the tree. */
export const PATH_BITS = 256
/** Most bytes of an encoded proof; a random key among a million takes about 700. */
export const MOST_PROOF_BYTES = 32 + PATH_BITS * HASH_BYTES + 2 * HASH_BYTES + 16

/** A leaf without its key: what a proof shows of another key. */
export interface ProofLeaf {
  readonly path: Hash
  readonly valueHash: Hash
}

/**
 * Shows that a key has a value, or that it has none, under a state root (docs/spec/bytes.md §7).
 * `bitmap` has one bit per level from the root, most significant first, set where the sibling is not empty. The last
 * sibling never is, so the last set bit is the depth, and there are no zero bytes at the end.
 */
export interface StateProof {
  readonly bitmap: Uint8Array
  /** The siblings that are not empty, 32 bytes each, from the root down. */
  readonly siblings: Uint8Array
  /** For an absent key: the other key's leaf that stands on its path; null if the place is empty. */
  readonly other: ProofLeaf | null
}

const proofSchema = record({
  bitmap: bytes(PATH_BITS / 8),
  siblings: bytes(PATH_BITS * HASH_BYTES),
  other: optional(record({ path: fixedBytes(HASH_BYTES), valueHash: fixedBytes(HASH_BYTES) })),
})

const EMPTY = new Uint8Array(HASH_BYTES)

/** Where a key lives in the tree: `H("state/key", key)`, most significant bit first. */
export function pathOf(key: Uint8Array): Hash {
  return hashTagged('state/key', key)
}

function valueHashOf(value: Uint8Array): Hash {
  return hashTagged('state/value', value)
}

/** What stands in the right half of a leaf's last hash, where no subtree can have its hash. */
export function leafMark(): Hash {
  return tagPrefix('state/leaf')
}

export function bitAt(path: Uint8Array, depth: number): 0 | 1 {
  return (((path[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1
}

/** SHA-256 of two hashes in a row. */
export function hashTwo(left: Uint8Array, right: Uint8Array): Hash {
  const pair = new Uint8Array(2 * HASH_BYTES)
  pair.set(left)
  pair.set(right, HASH_BYTES)
  return sha256(pair)
}

/** The canonical bytes of a proof. */
export function encodeProof(proof: StateProof): Uint8Array {
  return encode(proofSchema, proof)
}

/** The proof that `encoded` is the canonical form of. Throws CODEC_* or `STATE_PROOF`. */
export function decodeProof(encoded: Uint8Array): StateProof {
  if (encoded.length > MOST_PROOF_BYTES) {
    throw new SmartshareError('STATE_PROOF', `A proof has at most ${MOST_PROOF_BYTES} bytes`, {
      sizeBytes: encoded.length,
    })
  }
  const proof = decode(proofSchema, encoded)
  if (proofDepth(proof) === undefined) {
    throw new SmartshareError('STATE_PROOF', 'The siblings of the proof do not fit its bitmap')
  }
  return proof
}

/**
 * True if `proof` shows that under `root` the key has exactly this value, or, if `value` is undefined, that it does
 * not exist. Never throws: what is not well-formed is not true.
 */
export function verifyProof(
  root: Uint8Array,
  key: Uint8Array,
  value: Uint8Array | undefined,
  proof: StateProof,
): boolean {
  const depth = proofDepth(proof)
  if (depth === undefined || key.length < 1 || key.length > MOST_KEY_BYTES || root.length !== HASH_BYTES) return false
  const path = pathOf(key)
  let hash: Uint8Array
  if (value !== undefined) {
    if (proof.other !== null || value.length < 1 || value.length > MOST_VALUE_BYTES) return false
    hash = leafHashOf(path, valueHashOf(value))
  } else if (proof.other !== null) {
    const { path: otherPath, valueHash } = proof.other
    if (otherPath.length !== HASH_BYTES || valueHash.length !== HASH_BYTES) return false
    if (equalBytes(otherPath, path)) return false
    for (let i = 0; i < depth; i += 1) if (bitAt(otherPath, i) !== bitAt(path, i)) return false
    hash = leafHashOf(otherPath, valueHash)
  } else {
    hash = EMPTY
  }
  return equalBytes(climbTo(hash, path, proof, depth), root)
}

/** The root to which a subtree's hash at `depth` leads, along the siblings of a well-formed proof. */
export function climbTo(
  from: Uint8Array,
  path: Uint8Array,
  { bitmap, siblings }: StateProof,
  depth: number,
): Uint8Array {
  let hash = from
  let end = siblings.length
  for (let i = depth - 1; i >= 0; i -= 1) {
    let sibling: Uint8Array = EMPTY
    if (i < bitmap.length * 8 && bitAt(bitmap, i) === 1) {
      sibling = siblings.subarray(end - HASH_BYTES, end)
      end -= HASH_BYTES
    }
    hash = bitAt(path, i) === 1 ? hashTwo(sibling, hash) : hashTwo(hash, sibling)
  }
  return hash
}

/** The hash of a subtree that holds exactly this key and value. */
export function leafHashOf(path: Uint8Array, valueHash: Uint8Array): Hash {
  return hashTwo(hashTwo(path, valueHash), leafMark())
}

/** Levels that the proof climbs, or undefined if it is not in its only form. */
export function proofDepth(proof: StateProof): number | undefined {
  const { bitmap, siblings } = proof
  if (bitmap.length > PATH_BITS / 8 || bitmap.at(-1) === 0) return undefined
  let depth = 0
  let count = 0
  for (let i = 0; i < bitmap.length * 8; i += 1) {
    if (bitAt(bitmap, i) === 0) continue
    depth = i + 1
    count += 1
  }
  if (siblings.length !== count * HASH_BYTES) return undefined
  for (let i = 0; i < count; i += 1) {
    // An empty sibling is told by its bit alone; else one proof would have two forms.
    if (equalBytes(siblings.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES), EMPTY)) return undefined
  }
  return depth
}
