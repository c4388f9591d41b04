import { SmartshareError } from '@smartshare/codec'

const MIB = 1024 * 1024

/** Bytes of one sealed chunk: what is encrypted, sent, written and checked at a time. A power of two of segments. */
export const CHUNK_BYTES = MIB
/** Level of a chunk's top in the data tree (bytes.md §6): 2^14 segments of 64 bytes. */
export const CHUNK_LEVEL = 14
/** Tag of AES-256-GCM at the end of each sealed chunk. */
export const TAG_BYTES = 16
/** Plain bytes in every chunk but the last. */
export const PLAIN_CHUNK_BYTES = CHUNK_BYTES - TAG_BYTES
/** A packet: the file in which a provider keeps this many bytes of a copy, whole chunks. */
export const PACKET_BYTES = 64 * MIB
/** Largest copy: the chain takes lots up to this size. */
export const MAX_COPY_BYTES = 64 * 1024 * MIB
/** Largest object whose copy is no larger than that. */
export const MAX_OBJECT_BYTES = (MAX_COPY_BYTES / CHUNK_BYTES) * PLAIN_CHUNK_BYTES

/** Chunks of an object of `plainBytes`; an empty object has one chunk, which holds its tag alone. */
export function chunkCount(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / PLAIN_CHUNK_BYTES))
}

/** Bytes of each copy of an object. Throws STORAGE_SIZE beyond the largest object. */
export function copyBytesOf(plainBytes: number): number {
  if (!Number.isInteger(plainBytes) || plainBytes < 0 || plainBytes > MAX_OBJECT_BYTES) {
    throw new SmartshareError('STORAGE_SIZE', `an object has at most ${MAX_OBJECT_BYTES} bytes`, { plainBytes })
  }
  return plainBytes + chunkCount(plainBytes) * TAG_BYTES
}

/** Plain bytes in a copy of `copyBytes`. Throws STORAGE_SIZE for what is no size of a copy. */
export function plainBytesOf(copyBytes: number): number {
  const plainBytes = copyBytes - Math.ceil(copyBytes / CHUNK_BYTES) * TAG_BYTES
  if (!Number.isInteger(copyBytes) || plainBytes < 0 || copyBytesOf(plainBytes) !== copyBytes) {
    throw new SmartshareError('STORAGE_SIZE', 'no copy of an object has this size', { copyBytes })
  }
  return plainBytes
}

/** Where a chunk lies in a copy. */
export function chunkSpan(copyBytes: number, index: number): { offset: number; length: number; last: boolean } {
  const offset = index * CHUNK_BYTES
  const length = Math.min(CHUNK_BYTES, copyBytes - offset)
  return { offset, length, last: offset + length === copyBytes }
}
