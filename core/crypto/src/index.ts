export { bls } from '#native'
export {
  ADDRESS_BYTES,
  ADDRESS_TEXT_LENGTH,
  type Address,
  addressOfContract,
  addressOfKey,
  addressOfModule,
  addressOfPolicy,
  addressOfToken,
  checkPolicy,
  formatAddress,
  MAX_POLICY_KEYS,
  type Policy,
  parseAddress,
} from './address.ts'
export { compareBytes, concatBytes, equalBytes, fromHex, toHex } from './bytes.ts'
export {
  addAmount,
  checkAmount,
  formatAmount,
  MAX_AMOUNT,
  MAX_DECIMALS,
  mulDiv,
  parseAmount,
  SSP_DECIMALS,
  subAmount,
  TOTAL_SUPPLY_GRAINS,
} from './checked.ts'
export { HASH_BYTES, type Hash, hashPairs, hashTagged, sha256, tagPrefix } from './hash.ts'
export {
  algorithmOf,
  ED25519_PUBLIC_KEY_BYTES,
  type KeyAlgorithm,
  KeyPair,
  P256_PUBLIC_KEY_BYTES,
  type PublicKey,
  passkeyPublicKey,
  SEED_BYTES,
  type SeedAlgorithm,
  SIGNATURE_BYTES,
  type Signature,
  scalarsOfDer,
  sign,
  verify,
} from './keys.ts'
export {
  DATA_BLOCK_BYTES,
  type DataProof,
  DataTree,
  DataTreeBuilder,
  dataProof,
  dataRoot,
  MAX_DATA_BYTES,
  PACKET_LEVEL,
  SEGMENT_BYTES,
  verifyDataProof,
} from './merkle-data.ts'
export { type ListProof, listProof, listRoot, MAX_LIST_LEAVES, verifyListProof } from './merkle-list.ts'
export type { BlsItem, BlsScheme } from './native.ts'
export {
  base64url,
  encodePasskeySignature,
  MAX_PASSKEY_SIGNATURE_BYTES,
  type PasskeyAssertion,
} from './passkey.ts'
export {
  proveInRange,
  RangeAccumulator,
  type RangeNode,
  type RangeNodes,
  type RangeProof,
  rangeAt,
  rangeUpTo,
  verifyRangeProof,
} from './range.ts'
