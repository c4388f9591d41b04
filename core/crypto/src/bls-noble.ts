import { bls12_381 } from '@noble/curves/bls12-381.js'
import { SmartshareError } from '@smartshare/codec'
import {
  checkSecret,
  decodePublicKey,
  decodeSignature,
  MAX_CACHED_BLS_KEYS,
  type PublicKeyPoint,
  possessionHash,
  SIGNATURE_SUITE,
  type SignaturePoint,
  secretFromSeed,
} from './bls-common.ts'
import { BoundedCache } from './bounded-cache.ts'
import { toHex } from './bytes.ts'
import type { BlsScheme } from './native.ts'

const { longSignatures } = bls12_381
const keys = new BoundedCache<{ readonly point: PublicKeyPoint | null }>(MAX_CACHED_BLS_KEYS)

function keyOf(bytes: Uint8Array): PublicKeyPoint | null {
  return keys.getOrMake(toHex(bytes), () => ({ point: decodePublicKey(bytes) })).point
}

function publicKeyOf(secret: Uint8Array): Uint8Array {
  checkSecret(secret)
  return longSignatures.getPublicKey(secret).toBytes()
}

function verifyPoints(key: PublicKeyPoint, message: Uint8Array, signature: SignaturePoint): boolean {
  return !key.is0() && longSignatures.verify(signature, longSignatures.hash(message, SIGNATURE_SUITE), key)
}

function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(publicKey)
  const point = decodeSignature(signature)
  return key !== null && point !== null && verifyPoints(key, message, point)
}

function sign(secret: Uint8Array, message: Uint8Array): Uint8Array {
  checkSecret(secret)
  return longSignatures.sign(longSignatures.hash(message, SIGNATURE_SUITE), secret).toBytes()
}

/** BLS12-381 in plain JavaScript, for browsers. */
export const bls: BlsScheme = {
  secretFromSeed,
  publicKey: publicKeyOf,
  isPublicKey: (publicKey) => keyOf(publicKey) !== null,
  sign,
  verify,
  aggregate(signatures) {
    if (signatures.length === 0) throw new SmartshareError('BLS_SIGNATURE_INVALID', 'no signatures to add up')
    let sum = bls12_381.G2.Point.ZERO
    for (const bytes of signatures) {
      const point = decodeSignature(bytes)
      if (point === null) throw new SmartshareError('BLS_SIGNATURE_INVALID', 'this is no BLS signature')
      sum = sum.add(point)
    }
    return sum.toBytes()
  },
  verifyAggregate(publicKeys, message, signature) {
    const point = decodeSignature(signature)
    if (point === null || publicKeys.length === 0) return false
    let sum = bls12_381.G1.Point.ZERO
    for (const publicKey of publicKeys) {
      const key = keyOf(publicKey)
      if (key === null) return false
      sum = sum.add(key)
    }
    return verifyPoints(sum, message, point)
  },
  // One by one: the library's batch weighs nothing at random, so faults in it could cancel each other out.
  verifyBatch: (items) => items.every((item) => verify(item.publicKey, item.message, item.signature)),
  provePossession: (secret) => sign(secret, possessionHash(publicKeyOf(secret))),
  verifyPossession: (publicKey, proof) => verify(publicKey, possessionHash(publicKey), proof),
}
