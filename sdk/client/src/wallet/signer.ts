import type { Auth } from '@smartshare/chain'
import {
  addressOfKey,
  compareBytes,
  encodePasskeySignature,
  type KeyPair,
  type PasskeyAssertion,
  type PublicKey,
} from '@smartshare/crypto'

/** Who can sign for an account: one key, or several keys of a policy. */
export interface Signer {
  readonly address: Uint8Array
  /** What stands in the transaction: the public key, or the address if the keys are named one by one. */
  readonly party: Uint8Array
  /** Signatures that it gives, without making them: to know the size of a transaction. */
  readonly blank: Auth
  sign(transactionId: Uint8Array): Auth
}

/** A signer that answers later: what signs is a device, and perhaps a person. */
export interface LateSigner extends Omit<Signer, 'sign'> {
  sign(transactionId: Uint8Array): Auth | Promise<Auth>
}

const NO_SIGNATURE = new Uint8Array(64)
/** Room for the signature of a passkey whose browser and authenticator say much: what is left over costs next to nothing. */
const NO_PASSKEY_SIGNATURE = new Uint8Array(400)

/** An account whose address is the hash of a passkey's public key; `ask` has the passkey sign a challenge. */
export function passkeySigner(
  publicKey: PublicKey,
  ask: (challenge: Uint8Array) => Promise<PasskeyAssertion>,
): LateSigner {
  return {
    address: addressOfKey(publicKey),
    party: publicKey,
    blank: [{ key: null, signature: NO_PASSKEY_SIGNATURE }],
    sign: async (id) => [{ key: null, signature: encodePasskeySignature(await ask(id)) }],
  }
}

/** The owner of an account whose address is the hash of this key. */
export function keySigner(keys: KeyPair): Signer {
  return {
    address: addressOfKey(keys.publicKey),
    party: keys.publicKey,
    blank: [{ key: null, signature: NO_SIGNATURE }],
    sign: (id) => [{ key: null, signature: keys.sign(id) }],
  }
}

/** Some keys of an account's policy: k of n, or the new key of an account that changed its key. */
export function policySigner(address: Uint8Array, keys: readonly KeyPair[]): Signer {
  const sorted = [...keys].sort((a, b) => compareBytes(a.publicKey, b.publicKey))
  return {
    address,
    party: address,
    blank: sorted.map(({ publicKey }) => ({ key: publicKey, signature: NO_SIGNATURE })),
    sign: (id) => sorted.map((pair) => ({ key: pair.publicKey, signature: pair.sign(id) })),
  }
}
