import { encode, SmartshareError, uint } from '@smartshare/codec'
import {
  concatBytes,
  type DataProof,
  equalBytes,
  HASH_BYTES,
  type Hash,
  hashPairs,
  hashTagged,
  SEGMENT_BYTES,
  sha256,
} from '@smartshare/crypto'

// Several segments of one data tree (docs/spec/bytes.md §6), opened together: nodes that one opening computes are not
// sent for another. Sixty-six segments of 64 GiB take 56 KiB; opened one by one, 67 KiB.

/** The opened segments one after the other, and the nodes that are missing to the root: level by level, left to right. */
export interface InspectionProof {
  readonly segments: Uint8Array
  readonly siblings: Uint8Array
}

const sizeSchema = uint()

function depthOf(sizeBytes: number): number {
  const segments = Math.ceil(sizeBytes / SEGMENT_BYTES)
  let depth = 0
  for (let room = 1; room < segments; room *= 2) depth += 1
  return depth
}

const siblingOf = (index: number) => (index % 2 === 0 ? index + 1 : index - 1)

/** For each level from the segments up, the ascending indices of the nodes that are known without siblings. */
function* knownIndices(sizeBytes: number, indices: readonly number[]): Generator<readonly number[]> {
  let known = indices
  for (let level = depthOf(sizeBytes); level > 0; level--) {
    yield known
    const parents = known.map((index) => Math.floor(index / 2))
    known = parents.filter((index, i) => index !== parents[i - 1])
  }
}

/** Number of siblings in a proof of these ascending, distinct segments. */
export function siblingCount(sizeBytes: number, indices: readonly number[]): number {
  let count = 0
  for (const known of knownIndices(sizeBytes, indices)) {
    const set = new Set(known)
    for (const index of known) if (!set.has(siblingOf(index))) count += 1
  }
  return count
}

/**
 * Joins the proofs of single segments (ascending, distinct) of one tree to one. Throws INSPECTION_PROOF_FORM if they are
 * in another order or do not belong to data of this size.
 */
export function joinProofs(sizeBytes: number, proofs: readonly DataProof[]): InspectionProof {
  const depth = depthOf(sizeBytes)
  for (const [i, { segmentIndex, segment, siblings }] of proofs.entries()) {
    const isAfter = i === 0 || segmentIndex > proofs[i - 1]!.segmentIndex
    if (!isAfter || segment.length !== SEGMENT_BYTES || siblings.length !== depth) {
      throw new SmartshareError('INSPECTION_PROOF_FORM', 'proofs of other data, or not in ascending order')
    }
  }
  const siblings: Hash[] = []
  let level = 0
  for (const known of knownIndices(
    sizeBytes,
    proofs.map(({ segmentIndex }) => segmentIndex),
  )) {
    const set = new Set(known)
    // Every proof below a node has the same sibling of it: the first one serves.
    const above = new Map<number, DataProof>()
    for (const proof of proofs) {
      const index = Math.floor(proof.segmentIndex / 2 ** level)
      if (!above.has(index)) above.set(index, proof)
    }
    for (const index of known) if (!set.has(siblingOf(index))) siblings.push(above.get(index)!.siblings[level]!)
    level += 1
  }
  return {
    segments: concatBytes(...proofs.map(({ segment }) => segment)),
    siblings: concatBytes(...siblings),
  }
}

/**
 * Whether a proof opens exactly these segments (ascending, distinct) of the data of this root and size. Throws
 * INSPECTION_PROOF_FORM if it has not the lengths that such a proof has: that is a mistake, not a wrong answer.
 */
export function verifyInspection(
  root: Hash,
  sizeBytes: number,
  indices: readonly number[],
  proof: InspectionProof,
): boolean {
  checkForm(sizeBytes, indices, proof)
  let hashes = new Uint8Array(indices.length * HASH_BYTES)
  for (let i = 0; i < indices.length; i++) {
    hashes.set(sha256(proof.segments.subarray(i * SEGMENT_BYTES, (i + 1) * SEGMENT_BYTES)), i * HASH_BYTES)
  }
  let used = 0
  for (const known of knownIndices(sizeBytes, indices)) {
    const pairs = new Uint8Array(known.length * 2 * HASH_BYTES)
    let count = 0
    for (let i = 0; i < known.length; i++) {
      const index = known[i]!
      const own = hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)
      const isLeft = index % 2 === 0
      const at = count * 2 * HASH_BYTES
      pairs.set(own, isLeft ? at : at + HASH_BYTES)
      count += 1
      if (isLeft && known[i + 1] === index + 1) {
        pairs.set(hashes.subarray((i + 1) * HASH_BYTES, (i + 2) * HASH_BYTES), at + HASH_BYTES)
        i += 1
        continue
      }
      pairs.set(proof.siblings.subarray(used, used + HASH_BYTES), isLeft ? at + HASH_BYTES : at)
      used += HASH_BYTES
    }
    hashes = new Uint8Array(count * HASH_BYTES)
    hashPairs(pairs.subarray(0, count * 2 * HASH_BYTES), hashes)
  }
  return equalBytes(hashTagged('data', encode(sizeSchema, sizeBytes), hashes), root)
}

function checkForm(sizeBytes: number, indices: readonly number[], { segments, siblings }: InspectionProof): void {
  const segmentBytes = indices.length * SEGMENT_BYTES
  const siblingBytes = siblingCount(sizeBytes, indices) * HASH_BYTES
  if (segments.length === segmentBytes && siblings.length === siblingBytes) return
  throw new SmartshareError(
    'INSPECTION_PROOF_FORM',
    `a proof of ${segmentBytes} and ${siblingBytes} bytes belongs here`,
    { segmentBytes, siblingBytes },
  )
}
