// What the two back ends provide: `#native` (package.json, "imports") is native-node.ts, or native-browser.ts in browsers.
// Both must pass the same vectors; every acceptance rule of docs/spec/bytes.md §4 holds on both exactly.

export interface Hashing {
  /** SHA-256 of any bytes. */
  sha256(bytes: Uint8Array): Uint8Array
  /** SHA-256 of each 64-byte pair of `input` into `output`; the two may overlap only at their beginning. */
  hashPairs(input: Uint8Array, output: Uint8Array): void
}

/** Lengths of the arguments are checked by the caller. */
export interface Ed25519 {
  /** The 32-byte public key of a 32-byte seed (RFC 8032 §5.1.5). */
  publicKey(seed: Uint8Array): Uint8Array
  /** The 64-byte signature; `publicKey` must be that of `seed`, or the signature gives the secret away. */
  sign(seed: Uint8Array, publicKey: Uint8Array, message: Uint8Array): Uint8Array
  /** True by the rule of bytes.md §4: canonical A, R and S, none of small order, equation without cofactor. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** Lengths and the range of r and s (low-s too) are checked by the caller. */
export interface P256 {
  /** ECDSA with SHA-256 over `message`; `publicKey` is SEC 1 compressed (33 bytes), `signature` r ‖ s. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/**
 * Multi-signatures as consensus uses them: secret 32 bytes, public key 48, signature and proof 96, message 32.
 * An interface, so that the simulator can inject a scheme a thousand times faster (`@smartshare/crypto/simulated`).
 */
export interface BlsScheme {
  /** A secret from a seed of at least 32 bytes. */
  secretFromSeed(seed: Uint8Array): Uint8Array
  /** The public key of a secret. Throws BLS_SECRET_INVALID. */
  publicKey(secret: Uint8Array): Uint8Array
  /** True if the bytes are a public key that may be used. */
  isPublicKey(publicKey: Uint8Array): boolean
  /** Unique: a secret and a message have one signature. Throws BLS_SECRET_INVALID. */
  sign(secret: Uint8Array, message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** The sum of signatures, at least one. Throws BLS_SIGNATURE_INVALID for what is no signature. */
  aggregate(signatures: readonly Uint8Array[]): Uint8Array
  /**
   * Whether `signature` is the sum of signatures of all keys over one message. Sound only for keys whose possession
   * was proven. No keys: false.
   */
  verifyAggregate(publicKeys: readonly Uint8Array[], message: Uint8Array, signature: Uint8Array): boolean
  /**
   * Whether every item is valid by itself: a wrong one passes with a chance below 2^-60. No items: true.
   * Never decide anything in consensus by it that other nodes must decide alike; `verify` again what fails.
   */
  verifyBatch(items: readonly BlsItem[]): boolean
  /** Proof that the owner of the public key knows its secret (draft-irtf-cfrg-bls-signature §3.3.2). */
  provePossession(secret: Uint8Array): Uint8Array
  verifyPossession(publicKey: Uint8Array, proof: Uint8Array): boolean
}

/** One signature to check in a batch. */
export interface BlsItem {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}
