import { HASH_BYTES } from '@smartshare/chain'
import {
  array,
  bytes,
  decode,
  encode,
  fixedBytes,
  type Infer,
  pack,
  record,
  SmartshareError,
  uint,
  unpack,
} from '@smartshare/codec'
import {
  decodeProof,
  encodeProof,
  MOST_PART_DEPTH,
  MOST_PROOF_BYTES,
  type StateEntry,
  type StatePart,
  type StateProof,
  verifyPart,
} from '@smartshare/state'

// A snapshot is a folder: one file for each part of the state, which proves itself against the state root, and a manifest,
// written last (docs/spec/sync.md).

const SNAPSHOT_VERSION = 1
export const MANIFEST_FILE = 'manifest'
/** A part is cut further while it holds more than this and more than one key. */
export const CHUNK_TARGET_BYTES = 1_048_576
/** Above any chunk: a part that cannot be cut further, with its proof. */
export const MAX_CHUNK_BYTES = 8 * 1_048_576
const MAX_CHUNKS = 2 ** 20
export const MAX_MANIFEST_BYTES = 12 * 1_048_576
const MAX_ANCHOR_BYTES = 6 * 1_048_576
const hash = fixedBytes(HASH_BYTES)

const manifestSchema = record({
  version: uint(SNAPSHOT_VERSION, SNAPSHOT_VERSION),
  chainId: hash,
  height: uint(),
  stateRoot: hash,
  /** Depths of the parts in the order of their paths: together they are the whole tree. */
  depths: array(uint(MOST_PART_DEPTH), MAX_CHUNKS, 1),
  /** What shows that the chain has this root at this height, and what a node needs to go on from there. */
  anchor: bytes(MAX_ANCHOR_BYTES),
})
export type Manifest = Omit<Infer<typeof manifestSchema>, 'version'>

export function encodeManifest(manifest: Manifest): Uint8Array {
  return encode(manifestSchema, { ...manifest, version: SNAPSHOT_VERSION })
}

/** Throws SNAPSHOT_MANIFEST. */
export function decodeManifest(encoded: Uint8Array): Manifest {
  try {
    const manifest = decode(manifestSchema, encoded)
    partsOf(manifest.depths)
    return manifest
  } catch (error) {
    throw new SmartshareError('SNAPSHOT_MANIFEST', 'the manifest of a snapshot cannot be read', {}, error)
  }
}

/** The parts that depths stand for, one after the other. Throws SNAPSHOT_MANIFEST unless they are the whole tree. */
export function partsOf(depths: readonly number[]): StatePart[] {
  const end = 1n << BigInt(MOST_PART_DEPTH)
  let start = 0n
  const parts = depths.map((depth) => {
    const size = end >> BigInt(depth)
    if (start % size !== 0n || start >= end) throw manifestError()
    const path = Buffer.alloc(HASH_BYTES)
    path.writeBigUInt64BE(start, 0)
    start += size
    return { path: new Uint8Array(path), depth }
  })
  if (start !== end) throw manifestError()
  return parts
}

function manifestError(): SmartshareError {
  return new SmartshareError('SNAPSHOT_MANIFEST', 'the parts of a snapshot are not the whole state')
}

const chunkSchema = record({
  /** `encodeProof` of the part. */
  proof: bytes(MOST_PROOF_BYTES, 1),
  /** Keys and values in turn, packed: 32-bit length and bytes. */
  entries: bytes(MAX_CHUNK_BYTES),
})

export function chunkFile(index: number): string {
  return `chunk-${String(index).padStart(7, '0')}`
}

/** Throws SNAPSHOT_CHUNK if the part is too large, which no state has that fits its deposits. */
export function encodeChunk(proof: StateProof, entries: readonly StateEntry[]): Uint8Array {
  const encoded = encode(chunkSchema, { proof: encodeProof(proof), entries: pack(entries.flat()) })
  if (encoded.length > MAX_CHUNK_BYTES) throw chunkError('it is too large')
  return encoded
}

/** The entries of a chunk, checked to be all of its part under the root. Throws SNAPSHOT_CHUNK. */
export function checkChunk(stateRoot: Uint8Array, part: StatePart, encoded: Uint8Array): StateEntry[] {
  const { entries, proof } = readChunk(encoded)
  if (!verifyPart(stateRoot, part, entries, proof)) throw chunkError('it is not what the state root says')
  return entries
}

/** What a chunk says, unchecked. Throws SNAPSHOT_CHUNK. */
export function readChunk(encoded: Uint8Array): { readonly entries: StateEntry[]; readonly proof: StateProof } {
  if (encoded.length > MAX_CHUNK_BYTES) throw chunkError('it is too large')
  try {
    const chunk = decode(chunkSchema, encoded)
    const items = unpack(chunk.entries)
    if (items.length % 2 !== 0) throw chunkError('a key has no value')
    const entries = Array.from({ length: items.length / 2 }, (_, i): StateEntry => [items[2 * i]!, items[2 * i + 1]!])
    return { entries, proof: decodeProof(chunk.proof) }
  } catch (error) {
    throw new SmartshareError('SNAPSHOT_CHUNK', 'a chunk of a snapshot cannot be read', {}, error)
  }
}

function chunkError(why: string): SmartshareError {
  return new SmartshareError('SNAPSHOT_CHUNK', `a chunk of a snapshot cannot be used: ${why}`)
}
