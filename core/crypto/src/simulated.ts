// INSECURE, for simulations and tests only: whoever knows a public key can sign for it. It has the shape and the sizes
// of the BLS scheme, and costs a hash where that costs a pairing, so that a simulator runs a hundred delegates fast.
import { SmartshareError } from '@smartshare/codec'
import { hashing } from '#native'
import { concatBytes, equalBytes } from './bytes.ts'
import type { BlsScheme } from './native.ts'

const SECRET_BYTES = 32
const PUBLIC_KEY_BYTES = 48
const SIGNATURE_BYTES = 96
const HASH_BYTES = 32
const POSSESSION = Uint8Array.of(1)

function publicKeyOf(secret: Uint8Array): Uint8Array {
  if (secret.length !== SECRET_BYTES) throw new SmartshareError('BLS_SECRET_INVALID', 'a secret has 32 bytes')
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES)
  publicKey.set(hashing.sha256(secret))
  return publicKey
}

/** Adds the 32-bit words of `mac` to those of `sum`, as BLS adds points: in any order, and twice is not nothing. */
function addInto(sum: DataView, mac: Uint8Array): void {
  const words = new DataView(mac.buffer, mac.byteOffset)
  for (let at = 0; at < HASH_BYTES; at += 4) sum.setUint32(at, (sum.getUint32(at) + words.getUint32(at)) >>> 0)
}

function sumOf(macs: readonly Uint8Array[]): Uint8Array {
  const sum = new Uint8Array(SIGNATURE_BYTES)
  const words = new DataView(sum.buffer)
  for (const mac of macs) addInto(words, mac)
  return sum
}

const macOf = (publicKey: Uint8Array, message: Uint8Array) => hashing.sha256(concatBytes(publicKey, message))
const isPublicKey = (publicKey: Uint8Array) => publicKey.length === PUBLIC_KEY_BYTES

function verifyAggregate(publicKeys: readonly Uint8Array[], message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKeys.length === 0 || signature.length !== SIGNATURE_BYTES || !publicKeys.every(isPublicKey)) return false
  return equalBytes(sumOf(publicKeys.map((publicKey) => macOf(publicKey, message))), signature)
}

/** A keyed hash in the place of BLS. INSECURE: for simulations and tests only. */
export const hashScheme: BlsScheme = {
  secretFromSeed(seed) {
    if (seed.length < SECRET_BYTES) throw new SmartshareError('BLS_SEED_SHORT', 'a seed has at least 32 bytes')
    return hashing.sha256(seed)
  },
  publicKey: publicKeyOf,
  isPublicKey,
  sign: (secret, message) => sumOf([macOf(publicKeyOf(secret), message)]),
  verify: (publicKey, message, signature) => verifyAggregate([publicKey], message, signature),
  aggregate(signatures) {
    if (signatures.length === 0 || signatures.some((signature) => signature.length !== SIGNATURE_BYTES)) {
      throw new SmartshareError('BLS_SIGNATURE_INVALID', 'a sum takes signatures of 96 bytes, at least one')
    }
    return sumOf(signatures)
  },
  verifyAggregate,
  verifyBatch: (items) => items.every((item) => verifyAggregate([item.publicKey], item.message, item.signature)),
  provePossession: (secret) => sumOf([macOf(publicKeyOf(secret), POSSESSION)]),
  verifyPossession: (publicKey, proof) => verifyAggregate([publicKey], POSSESSION, proof),
}
