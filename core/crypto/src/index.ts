export { bls } from '#native'
export { compareBytes, concatBytes, equalBytes, fromHex, toHex } from './bytes.ts'
export { HASH_BYTES, type Hash, hashPairs, hashTagged, sha256, tagPrefix } from './hash.ts'
export {
  algorithmOf,
  ED25519_PUBLIC_KEY_BYTES,
  type KeyAlgorithm,
  KeyPair,
  P256_PUBLIC_KEY_BYTES,
  type PublicKey,
  SEED_BYTES,
  SIGNATURE_BYTES,
  type Signature,
  sign,
  verify,
} from './keys.ts'
export type { BlsItem, BlsScheme } from './native.ts'
