import { p256 as curveP256 } from '@noble/curves/nist.js'
import { SmartshareError } from '@smartshare/codec'
import { ed25519, p256 } from '#native'
import { compareBytes, concatBytes, fromHex } from './bytes.ts'
import { HASH_BYTES } from './hash.ts'
import { MAX_PASSKEY_SIGNATURE_BYTES, verifyPasskey } from './passkey.ts'

/** One byte of algorithm and the raw key: 33 bytes for Ed25519, 34 for P-256 and passkeys (bytes.md §4). */
export type PublicKey = Uint8Array
/** 64 bytes: Ed25519 (RFC 8032), or P-256 ECDSA as r ‖ s, big-endian, low s. A passkey's has more after these 64 (passkey.ts). */
export type Signature = Uint8Array
/** What signs: Ed25519 for people and servers, P-256 for security chips, passkeys (WebAuthn) for people with a device that has them. */
export type KeyAlgorithm = 'ed25519' | 'p256' | 'passkey'
/** Those whose secret a program may hold. */
export type SeedAlgorithm = Exclude<KeyAlgorithm, 'passkey'>

export const ED25519_PUBLIC_KEY_BYTES = 33
export const P256_PUBLIC_KEY_BYTES = 34
export const SIGNATURE_BYTES = 64
export const SEED_BYTES = 32

const ED25519_CODE = 1
const P256_CODE = 2
const PASSKEY_CODE = 3
const P256_ORDER = fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
/** ⌊n / 2⌋: of s and n − s only the smaller is a signature, or anybody could make a second one. */
const P256_HALF_ORDER = fromHex('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8')
const P256_ZERO = new Uint8Array(32)

/** The algorithm of a public key by its length and first bytes, or null if it is none. The point is not checked. */
export function algorithmOf(publicKey: Uint8Array): KeyAlgorithm | null {
  if (publicKey.length === ED25519_PUBLIC_KEY_BYTES && publicKey[0] === ED25519_CODE) return 'ed25519'
  const isCompressed = publicKey[1] === 2 || publicKey[1] === 3
  if (publicKey.length !== P256_PUBLIC_KEY_BYTES || !isCompressed) return null
  if (publicKey[0] === P256_CODE) return 'p256'
  if (publicKey[0] === PASSKEY_CODE) return 'passkey'
  return null
}

function isBetween(value: Uint8Array, above: Uint8Array, most: Uint8Array): boolean {
  return compareBytes(value, above) > 0 && compareBytes(value, most) <= 0
}

/**
 * A secret and its public key. The secret cannot be read back, so it does not end up in a log by mistake.
 * The seed must come from a good source: this package makes no randomness.
 */
export class KeyPair {
  readonly algorithm: SeedAlgorithm
  readonly publicKey: PublicKey
  readonly #seed: Uint8Array

  private constructor(algorithm: SeedAlgorithm, publicKey: PublicKey, seed: Uint8Array) {
    this.algorithm = algorithm
    this.publicKey = publicKey
    this.#seed = seed
  }

  /**
   * The pair of a 32-byte seed: for Ed25519 the private key of RFC 8032, for P-256 the secret number itself,
   * big-endian. Throws KEY_SEED_INVALID for another length and for a P-256 seed of 0 or at least the order
   * (random bytes hit that once in 2^32: draw again).
   */
  static fromSeed(algorithm: SeedAlgorithm, seed: Uint8Array): KeyPair {
    if (seed.length !== SEED_BYTES) throw new SmartshareError('KEY_SEED_INVALID', 'a seed has 32 bytes')
    const own = Uint8Array.from(seed)
    if (algorithm === 'ed25519') {
      return new KeyPair(algorithm, concatBytes(Uint8Array.of(ED25519_CODE), ed25519.publicKey(own)), own)
    }
    if (!isBetween(own, P256_ZERO, P256_ORDER) || compareBytes(own, P256_ORDER) === 0) {
      throw new SmartshareError('KEY_SEED_INVALID', 'this seed is no P-256 secret: draw another')
    }
    return new KeyPair(algorithm, concatBytes(Uint8Array.of(P256_CODE), curveP256.getPublicKey(own, true)), own)
  }

  /** The signature over a 32-byte tagged hash; the same every time. Throws SIGN_MESSAGE_LENGTH. */
  sign(message: Uint8Array): Signature {
    if (message.length !== HASH_BYTES) {
      throw new SmartshareError('SIGN_MESSAGE_LENGTH', 'what is signed is a hash of 32 bytes')
    }
    if (this.algorithm === 'ed25519') return ed25519.sign(this.#seed, this.publicKey.subarray(1), message)
    // RFC 6979 on both back ends: node:crypto would draw a random nonce, and this package is deterministic.
    return curveP256.sign(message, this.#seed, { lowS: true, prehash: true })
  }
}

/** The signature of `keyPair` over a 32-byte tagged hash (bytes.md §3). Throws SIGN_MESSAGE_LENGTH. */
export function sign(keyPair: KeyPair, message: Uint8Array): Signature {
  return keyPair.sign(message)
}

/**
 * Whether `signature` is valid by the one acceptance rule of bytes.md §4, the same on every machine. Never throws:
 * a key or signature of the wrong form is merely not valid. P-256 hashes `message` with SHA-256 once more.
 */
export function verify(publicKey: PublicKey, message: Uint8Array, signature: Signature): boolean {
  const algorithm = algorithmOf(publicKey)
  if (algorithm === 'passkey') {
    const isBounded = signature.length > SIGNATURE_BYTES && signature.length <= MAX_PASSKEY_SIGNATURE_BYTES
    return isBounded && hasCanonicalScalars(signature) && verifyPasskey(publicKey.subarray(1), message, signature)
  }
  if (signature.length !== SIGNATURE_BYTES) return false
  switch (algorithm) {
    case 'ed25519':
      return ed25519.verify(publicKey.subarray(1), message, signature)
    case 'p256':
      return hasCanonicalScalars(signature) && p256.verify(publicKey.subarray(1), message, signature)
    default:
      return false
  }
}

/** The public key of a passkey, from its point (SEC 1 compressed, 33 bytes). Throws KEY_INVALID. */
export function passkeyPublicKey(point: Uint8Array): PublicKey {
  const publicKey = concatBytes(Uint8Array.of(PASSKEY_CODE), point)
  if (algorithmOf(publicKey) === null) throw new SmartshareError('KEY_INVALID', 'this is no compressed point of P-256')
  return publicKey
}

/** r ‖ s with the smaller s, from the DER that browsers give. Throws KEY_INVALID. */
export function scalarsOfDer(der: Uint8Array): Uint8Array {
  try {
    const { r, s } = curveP256.Signature.fromBytes(der, 'der')
    const order = curveP256.Point.Fn.ORDER
    return new curveP256.Signature(r, s > order / 2n ? order - s : s).toBytes('compact')
  } catch (error) {
    throw new SmartshareError('KEY_INVALID', 'this is no signature in DER', {}, error)
  }
}

/** 1 ≤ r < n and 1 ≤ s ≤ n / 2. */
function hasCanonicalScalars(signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32)
  const s = signature.subarray(32, SIGNATURE_BYTES)
  return (
    isBetween(r, P256_ZERO, P256_ORDER) && compareBytes(r, P256_ORDER) < 0 && isBetween(s, P256_ZERO, P256_HALF_ORDER)
  )
}
