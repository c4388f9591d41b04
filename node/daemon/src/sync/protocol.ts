import { HASH_BYTES, MAX_BLOCK_BYTES } from '@smartshare/chain'
import {
  array,
  bytes,
  decode,
  encode,
  fixedBytes,
  type Infer,
  optional,
  record,
  type Schema,
  SmartshareError,
  uint,
} from '@smartshare/codec'
import { MAX_HAND_OVER_BYTES } from '@smartshare/light'
import type { RequestLimits } from '@smartshare/link'
import { MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES } from '@smartshare/store'

// What nodes ask each other to catch up (docs/spec/sync.md): one protocol of requests and answers in the encoding of bytes.md §2.

export const SYNC_PROTOCOL = '/smartshare/sync/1'
/** Blocks of a range that are asked for, and the most that an answer may hold to end with a certified one. */
export const RANGE_BLOCKS = 64
export const MAX_RANGE_BLOCKS = 256
/** Bytes of blocks after which a range ends; one block may be above it. */
export const MAX_RANGE_BYTES = 8 * 1024 * 1024
export const MAX_ANSWER_BYTES = MAX_RANGE_BYTES + MAX_BLOCK_BYTES + 64 * 1024
const MAX_REQUEST_BYTES = 64
export const MAX_HAND_OVERS_PER_ANSWER = 64
const MAX_SNAPSHOTS = 16
const MAX_CERTIFICATE_BYTES = 1_024
/** Heights whose differences are asked for at once, and the most bytes of them all: who finds more executes the blocks. */
export const MAX_DIFFERENCES = 16
export const MAX_DIFFERENCES_BYTES = 8 * 1024 * 1024
/** A set of 256 members of 84 bytes. */
const MAX_SET_BYTES = 32_768

export const SYNC_LIMITS: Partial<RequestLimits> = {
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_ANSWER_BYTES,
  maxConcurrent: 4,
  requestsPerSecond: 100,
  bytesPerSecond: 64 * 1024,
}

const hash = fixedBytes(HASH_BYTES)

const statusSchema = record({
  chainId: hash,
  /** Heights that the peer can give: the lowest whose block it still has, and the last that it has executed. */
  lowest: uint(),
  height: uint(),
  /** Heights of its snapshots, ascending. */
  snapshots: array(uint(), MAX_SNAPSHOTS),
})
/** Where a peer stands. */
export type SyncStatus = Infer<typeof statusSchema>

const rangeSchema = record({
  /** Encoded blocks of one term, ascending. */
  blocks: array(bytes(MAX_BLOCK_BYTES, 1), MAX_RANGE_BLOCKS),
  /** Final certificate of the last of them. */
  certificate: bytes(MAX_CERTIFICATE_BYTES, 1),
  /** The delegates of the next term, if the last block is the last of its term. */
  nextSet: optional(bytes(MAX_SET_BYTES)),
})
/** A range of final blocks that its end certifies. */
export type BlockRange = Infer<typeof rangeSchema>

/** Kinds of requests, by the number under which they travel. */
const REQUESTS = {
  status: [0, record({})],
  /** Blocks from a height on, about `count` of them. */
  blocks: [1, record({ from: uint(), count: uint(MAX_RANGE_BLOCKS, 1) })],
  /** How the sets of terms from `term` on were seated. */
  handOvers: [2, record({ term: uint(Number.MAX_SAFE_INTEGER, 1) })],
  /** The manifest of a snapshot, its anchor as fresh as can be. */
  manifest: [3, record({ height: uint() })],
  chunk: [4, record({ height: uint(), index: uint() })],
  /** What the blocks of these heights changed. */
  differences: [5, record({ from: uint(), count: uint(MAX_DIFFERENCES, 1) })],
} as const

const ANSWERS = {
  status: statusSchema,
  blocks: rangeSchema,
  /** Records of docs/spec/light.md §5. */
  handOvers: array(bytes(MAX_HAND_OVER_BYTES, 1), MAX_HAND_OVERS_PER_ANSWER),
  manifest: bytes(MAX_MANIFEST_BYTES, 1),
  chunk: bytes(MAX_CHUNK_BYTES, 1),
  /** Packed changes and packed receipts (docs/spec/load.md), ascending. */
  differences: array(
    record({ changes: bytes(MAX_DIFFERENCES_BYTES), receipts: bytes(MAX_DIFFERENCES_BYTES) }),
    MAX_DIFFERENCES,
    1,
  ),
} as const

export type SyncKind = keyof typeof REQUESTS
export type SyncRequest<K extends SyncKind = SyncKind> = Infer<(typeof REQUESTS)[K][1]>
export type SyncAnswer<K extends SyncKind> = Infer<(typeof ANSWERS)[K]>

/** One byte of kind, then the record. */
export function encodeRequest<K extends SyncKind>(kind: K, request: SyncRequest<K>): Uint8Array {
  const [number, schema] = REQUESTS[kind]
  return Uint8Array.of(number, ...encode(schema as Schema<SyncRequest<K>>, request))
}

/** Throws SYNC_REQUEST or CODEC_*. */
export function decodeRequest(
  encoded: Uint8Array,
): { [K in SyncKind]: { kind: K; request: SyncRequest<K> } }[SyncKind] {
  for (const [kind, [number, schema]] of Object.entries(REQUESTS)) {
    if (encoded[0] !== number) continue
    return { kind, request: decode(schema as Schema<unknown>, encoded.subarray(1)) } as ReturnType<typeof decodeRequest>
  }
  throw new SmartshareError('SYNC_REQUEST', 'a request that this node does not know', { kind: encoded[0] ?? -1 })
}

export function encodeAnswer<K extends SyncKind>(kind: K, answer: SyncAnswer<K>): Uint8Array {
  return encode(ANSWERS[kind] as Schema<SyncAnswer<K>>, answer)
}

/** Throws CODEC_*. What is read holds views into `encoded`. */
export function decodeAnswer<K extends SyncKind>(kind: K, encoded: Uint8Array): SyncAnswer<K> {
  return decode(ANSWERS[kind] as Schema<SyncAnswer<K>>, encoded)
}
