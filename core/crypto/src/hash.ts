import { hashing } from '#native'

/** A SHA-256 digest: 32 bytes. */
export type Hash = Uint8Array

/** Bytes in a hash. */
export const HASH_BYTES = 32

const TAG_DOMAIN = 'smartshare/'
/** Tags are constants of the code, so this is never reached; a tag beyond it is only hashed again each time. */
const MAX_CACHED_TAGS = 256
/** Messages up to this size are put together in one place: memory of their own costs more than hashing them. */
const SCRATCH_BYTES = 4096
const scratch = new Uint8Array(SCRATCH_BYTES)
const utf8 = new TextEncoder()
const prefixes = new Map<string, Hash>()

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(bytes: Uint8Array): Hash {
  return hashing.sha256(bytes)
}

/** `SHA-256("smartshare/" ‖ tag)`: what every hash of the tag begins with (bytes.md §3). Do not change the result. */
export function tagPrefix(tag: string): Hash {
  let prefix = prefixes.get(tag)
  if (prefix === undefined) {
    prefix = hashing.sha256(utf8.encode(TAG_DOMAIN + tag))
    if (prefixes.size < MAX_CACHED_TAGS) prefixes.set(tag, prefix)
  }
  return prefix
}

/** `H(tag, m)` of bytes.md §3, where m is all parts one after the other. */
export function hashTagged(tag: string, ...parts: readonly Uint8Array[]): Hash {
  const prefix = tagPrefix(tag)
  let length = HASH_BYTES
  for (const part of parts) length += part.length
  const message = length <= SCRATCH_BYTES ? scratch.subarray(0, length) : new Uint8Array(length)
  message.set(prefix)
  let at = HASH_BYTES
  for (const part of parts) {
    message.set(part, at)
    at += part.length
  }
  return hashing.sha256(message)
}

/**
 * Hashes `input`, any number of 64-byte pairs, into `output` (half as long): one level of a Merkle tree at once.
 * `output` may be the beginning of `input`'s own memory.
 */
export function hashPairs(input: Uint8Array, output: Uint8Array): void {
  hashing.hashPairs(input, output)
}
