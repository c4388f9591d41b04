import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import hashtree from '@chainsafe/hashtree'
import sodium from 'sodium-native'
import { BoundedCache } from './bounded-cache.ts'
import type { Ed25519, Hashing, P256 } from './native.ts'

export { bls } from './bls-blst.ts'

const SHA256_BYTES = 32
/** A KeyObject takes about 50 µs to make and 1 KiB; devices sign again and again with the same keys. */
const MAX_P256_KEYS = 8192
/** SubjectPublicKeyInfo of a compressed P-256 point (RFC 5480 §2), all but the point itself. */
const P256_SPKI_PREFIX = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex')

/** The same bytes outside shared memory: sodium answers shared input with `undefined` on some builds. */
function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes
}

export const hashing: Hashing = {
  sha256(bytes) {
    // Measured for 32 … 1,024 bytes: a digest as binary string, copied, takes 0.4 µs; as Buffer 0.9, createHash 1.3,
    // sodium 0.9 (and 5 times slower for long inputs, since it uses no SHA instructions).
    const text = hash('sha256', bytes, 'binary')
    const digest = new Uint8Array(SHA256_BYTES)
    for (let i = 0; i < SHA256_BYTES; i++) digest[i] = text.charCodeAt(i)
    return digest
  },
  hashPairs(input, output) {
    if (input.length > 0) hashtree.hashInto(input, output)
  },
}

export const ed25519: Ed25519 = {
  publicKey(seed) {
    const publicKey = new Uint8Array(32)
    sodium.crypto_sign_seed_keypair(publicKey, new Uint8Array(64), unshared(seed))
    return publicKey
  },
  sign(seed, publicKey, message) {
    const secretKey = new Uint8Array(64)
    secretKey.set(seed)
    secretKey.set(publicKey, 32)
    const signature = new Uint8Array(64)
    sodium.crypto_sign_detached(signature, unshared(message), secretKey)
    return signature
  },
  verify(publicKey, message, signature) {
    return sodium.crypto_sign_verify_detached(unshared(signature), unshared(message), unshared(publicKey)) === true
  },
}

const p256Keys = new BoundedCache<KeyObject>(MAX_P256_KEYS)

export const p256: P256 = {
  verify(publicKey, message, signature) {
    const point = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength)
    try {
      const key = p256Keys.getOrMake(point.toString('latin1'), () =>
        createPublicKey({ key: Buffer.concat([P256_SPKI_PREFIX, point]), format: 'der', type: 'spki' }),
      )
      return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    } catch {
      // The only reason to throw is a point that is not on the curve: no signature is valid under it.
      return false
    }
  },
}
