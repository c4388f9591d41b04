import { createCipheriv, createDecipheriv } from 'node:crypto'
import { decode, encode, type Infer, record, SmartshareError, text, uint } from '@smartshare/codec'
import { concatBytes } from '@smartshare/crypto'
import type { OwnerKeys } from './keys.ts'
import { CHUNK_BYTES, MAX_OBJECT_BYTES, TAG_BYTES } from './sizes.ts'

/** Bytes of a name in UTF-8. */
export const MAX_NAME_BYTES = 512
const MAX_TYPE_BYTES = 128
const MEMO_VERSION = 1
const NONCE_BYTES = 12

const metadataSchema = record({
  name: text(MAX_NAME_BYTES),
  sizeBytes: uint(MAX_OBJECT_BYTES),
  /** Sealed chunk size with which the object was cut. */
  chunkBytes: uint(CHUNK_BYTES, CHUNK_BYTES),
  mediaType: text(MAX_TYPE_BYTES),
  /** When the owner stored it, milliseconds since 1970. */
  storedMs: uint(),
})

/** What only the owner may know of an object: it travels sealed in the tender's memo. */
export type ObjectMetadata = Infer<typeof metadataSchema>

/** version ‖ nonce ‖ AES-256-GCM(metadata) ‖ tag; `nonce` is 12 random bytes. At most 700 bytes. */
export function sealMemo(keys: OwnerKeys, object: Uint8Array, metadata: ObjectMetadata, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', keys.memo(object), nonce, { authTagLength: TAG_BYTES })
  const version = Uint8Array.of(MEMO_VERSION)
  cipher.setAAD(version)
  const sealed = cipher.update(encode(metadataSchema, metadata))
  cipher.final()
  return concatBytes(version, nonce, sealed, cipher.getAuthTag())
}

/** Opens what `sealMemo` made. Throws STORAGE_MEMO for anything else: another owner's, another object's, damaged. */
export function openMemo(keys: OwnerKeys, object: Uint8Array, memo: Uint8Array): ObjectMetadata {
  const end = memo.length - TAG_BYTES
  if (memo[0] !== MEMO_VERSION || end < 1 + NONCE_BYTES) {
    throw new SmartshareError('STORAGE_MEMO', 'this memo has another form')
  }
  const nonce = memo.subarray(1, 1 + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', keys.memo(object), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(memo.subarray(0, 1))
  decipher.setAuthTag(memo.subarray(end))
  const plain = decipher.update(memo.subarray(1 + NONCE_BYTES, end))
  try {
    decipher.final()
  } catch (error) {
    throw new SmartshareError('STORAGE_MEMO', 'this memo was not sealed by this wallet for this object', {}, error)
  }
  return decode(metadataSchema, plain)
}
