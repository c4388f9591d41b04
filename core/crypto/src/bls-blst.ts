import blst from '@chainsafe/blst'
import { SmartshareError } from '@smartshare/codec'
import {
  BLS_PUBLIC_KEY_BYTES,
  BLS_SIGNATURE_BYTES,
  checkSecret,
  MAX_CACHED_BLS_KEYS,
  possessionHash,
  secretFromSeed,
} from './bls-common.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { BlsScheme } from './native.ts'

type PublicKey = InstanceType<typeof blst.PublicKey>
type Signature = InstanceType<typeof blst.Signature>

const keys = new BoundedCache<PublicKey>(MAX_CACHED_BLS_KEYS)

/** The decoded key, or null unless it is canonical, in the subgroup and not the identity. */
function keyOf(bytes: Uint8Array): PublicKey | null {
  if (bytes.length !== BLS_PUBLIC_KEY_BYTES) return null
  const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  try {
    return keys.getOrMake(name, () => blst.PublicKey.fromBytes(bytes, true))
  } catch {
    // blst throws for bytes that are no usable key.
    return null
  }
}

/** The decoded signature, or null unless it is canonical, in the subgroup and not the identity. */
function signatureOf(bytes: Uint8Array): Signature | null {
  if (bytes.length !== BLS_SIGNATURE_BYTES) return null
  try {
    return blst.Signature.fromBytes(bytes, true, true)
  } catch {
    return null
  }
}

function secretOf(bytes: Uint8Array): InstanceType<typeof blst.SecretKey> {
  checkSecret(bytes)
  return blst.SecretKey.fromBytes(bytes)
}

function publicKeyOf(secret: Uint8Array): Uint8Array {
  return secretOf(secret).toPublicKey().toBytes()
}

function sign(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return secretOf(secret).sign(message).toBytes()
}

function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(publicKey)
  const point = signatureOf(signature)
  return key !== null && point !== null && blst.verify(message, key, point)
}

/** BLS12-381 by blst. */
export const bls: BlsScheme = {
  secretFromSeed,
  publicKey: publicKeyOf,
  isPublicKey: (publicKey) => keyOf(publicKey) !== null,
  sign,
  verify,
  aggregate(signatures) {
    const points = signatures.map((bytes) => {
      const point = signatureOf(bytes)
      if (point === null) throw new SmartshareError('BLS_SIGNATURE_INVALID', 'this is no BLS signature')
      return point
    })
    if (points.length === 0) throw new SmartshareError('BLS_SIGNATURE_INVALID', 'no signatures to add up')
    return blst.aggregateSignatures(points).toBytes()
  },
  verifyAggregate(publicKeys, message, signature) {
    const point = signatureOf(signature)
    if (point === null || publicKeys.length === 0) return false
    const points: PublicKey[] = []
    for (const publicKey of publicKeys) {
      const key = keyOf(publicKey)
      if (key === null) return false
      points.push(key)
    }
    return blst.fastAggregateVerify(message, points, point)
  },
  verifyBatch(items) {
    const sets = []
    for (const item of items) {
      const pk = keyOf(item.publicKey)
      const sig = signatureOf(item.signature)
      if (pk === null || sig === null) return false
      sets.push({ pk, sig, msg: item.message })
    }
    // blst weighs every item with a random factor of 64 bits, so that faults cannot cancel each other out.
    return sets.length === 0 || blst.verifyMultipleAggregateSignatures(sets)
  },
  provePossession: (secret) => sign(secret, possessionHash(publicKeyOf(secret))),
  verifyPossession: (publicKey, proof) => verify(publicKey, possessionHash(publicKey), proof),
}
