import { ed25519 as curve25519 } from '@noble/curves/ed25519.js'
import { p256 as curveP256 } from '@noble/curves/nist.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from './bytes.ts'
import type { Ed25519, Hashing, P256 } from './native.ts'

export { bls } from './bls-noble.ts'

const PAIR_BYTES = 64
const HASH_BYTES = 32
const { Point } = curve25519

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}

export const hashing: Hashing = {
  sha256: (bytes) => sha256(bytes),
  hashPairs(input, output) {
    for (let at = 0; at < input.length; at += PAIR_BYTES) {
      output.set(sha256(input.subarray(at, at + PAIR_BYTES)), (at / PAIR_BYTES) * HASH_BYTES)
    }
  },
}

export const ed25519: Ed25519 = {
  publicKey: (seed) => curve25519.getPublicKey(seed),
  sign: (seed, _publicKey, message) => curve25519.sign(message, seed),
  // Not the library's own `verify`: that multiplies by the cofactor and allows an R of small order (bytes.md §4).
  verify(publicKey, message, signature) {
    const encodedR = signature.subarray(0, 32)
    const s = littleEndian(signature.subarray(32))
    const order = Point.Fn.ORDER
    if (s >= order) return false
    try {
      const a = Point.fromBytes(publicKey, false)
      const r = Point.fromBytes(encodedR, false)
      if (a.isSmallOrder() || r.isSmallOrder()) return false
      const k = littleEndian(sha512(concatBytes(encodedR, publicKey, message))) % order
      return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), encodedR)
    } catch {
      // Point.fromBytes throws for what is not the canonical encoding of a point.
      return false
    }
  },
}

export const p256: P256 = {
  verify(publicKey, message, signature) {
    try {
      return curveP256.verify(signature, message, publicKey, { lowS: true, prehash: true })
    } catch {
      // A point that is not on the curve: no signature is valid under it.
      return false
    }
  },
}
