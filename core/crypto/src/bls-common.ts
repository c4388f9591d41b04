import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { SmartshareError } from '@smartshare/codec'
import { concatBytes } from './bytes.ts'

/** Ciphersuite of signatures (draft-irtf-cfrg-bls-signature §4.2.3). */
export const SIGNATURE_SUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

const BLS_SECRET_BYTES = 32
export const BLS_PUBLIC_KEY_BYTES = 48
export const BLS_SIGNATURE_BYTES = 96
/** Bound of decoded keys kept: several terms of 99 delegates and all that stand for election. */
export const MAX_CACHED_BLS_KEYS = 4096

const MIN_SEED_BYTES = 32
const KEYGEN_SALT = new TextEncoder().encode('BLS-SIG-KEYGEN-SALT-')
/** ⌈(3 · ⌈log2 r⌉) / 16⌉ of the draft: enough bytes that the remainder is uniform. */
const KEYGEN_BYTES = 48
const { longSignatures } = bls12_381
/** SHA-256 of the tag, as in docs/spec/bytes.md §3. */
const POSSESSION_TAG = sha256(new TextEncoder().encode('smartshare/possession'))
const ORDER = bls12_381.fields.Fr.ORDER

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

function toBigEndian(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let rest = value
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** Throws BLS_SECRET_INVALID unless `secret` is 32 bytes of a number from 1 to the order of the group less one. */
export function checkSecret(secret: Uint8Array): void {
  const value = secret.length === BLS_SECRET_BYTES ? bigEndian(secret) : 0n
  if (value === 0n || value >= ORDER) throw new SmartshareError('BLS_SECRET_INVALID', 'this is no BLS secret')
}

/** KeyGen of draft-irtf-cfrg-bls-signature §2.3 without key_info. Throws BLS_SEED_SHORT below 32 bytes. */
export function secretFromSeed(seed: Uint8Array): Uint8Array {
  if (seed.length < MIN_SEED_BYTES) throw new SmartshareError('BLS_SEED_SHORT', 'a BLS seed has at least 32 bytes')
  const material = concatBytes(seed, Uint8Array.of(0))
  const info = Uint8Array.of(0, KEYGEN_BYTES)
  let salt: Uint8Array = KEYGEN_SALT
  for (;;) {
    salt = sha256(salt)
    const secret = bigEndian(expand(sha256, extract(sha256, material, salt), info, KEYGEN_BYTES)) % ORDER
    // Zero comes up once in 2^255 seeds; the draft then hashes the salt again.
    if (secret !== 0n) return toBigEndian(secret, BLS_SECRET_BYTES)
  }
}

/**
 * What a proof of possession signs: the public key under a tag of its own. All that is ever signed with BLS is a tagged hash, so no
 * other signature can pass for a proof, and the suite needs no second domain (docs/spec/bytes.md §4).
 */
export function possessionHash(publicKey: Uint8Array): Uint8Array {
  return sha256(concatBytes(POSSESSION_TAG, publicKey))
}

export type PublicKeyPoint = InstanceType<typeof bls12_381.G1.Point>
export type SignaturePoint = InstanceType<typeof bls12_381.G2.Point>

/** The point of a public key, or null unless it is canonical, in the subgroup and not the identity. */
export function decodePublicKey(bytes: Uint8Array): PublicKeyPoint | null {
  return bytes.length === BLS_PUBLIC_KEY_BYTES ? usable(() => bls12_381.G1.Point.fromBytes(bytes)) : null
}

/** The point of a signature, or null unless it is canonical, in the subgroup and not the identity. */
export function decodeSignature(bytes: Uint8Array): SignaturePoint | null {
  return bytes.length === BLS_SIGNATURE_BYTES ? usable(() => longSignatures.Signature.fromBytes(bytes)) : null
}

function usable<P extends { is0(): boolean; assertValidity(): void; isTorsionFree(): boolean }>(read: () => P) {
  try {
    const point = read()
    point.assertValidity()
    return point.is0() || !point.isTorsionFree() ? null : point
  } catch {
    // The library throws for bytes that are no point.
    return null
  }
}
