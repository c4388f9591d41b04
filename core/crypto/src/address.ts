import { bech32m } from '@scure/base'
import { array, bytes, encode, record, SmartshareError, uint } from '@smartshare/codec'
import { compareBytes } from './bytes.ts'
import { hashTagged } from './hash.ts'
import { algorithmOf, ED25519_PUBLIC_KEY_BYTES, P256_PUBLIC_KEY_BYTES, type PublicKey } from './keys.ts'

/** 32 bytes that name an account, policy, module pool or contract (bytes.md §4). */
export type Address = Uint8Array

/** k of n keys may act: keys sorted by bytes and unique, 1 ≤ threshold ≤ number of keys ≤ 16. */
export interface Policy {
  readonly threshold: number
  readonly keys: readonly PublicKey[]
}

export const ADDRESS_BYTES = 32
export const MAX_POLICY_KEYS = 16
/** Human-readable part of an address in text. */
const TEXT_PREFIX = 'ssp'
/** "ssp", "1", 52 digits of 5 bits, 6 of checksum. */
export const ADDRESS_TEXT_LENGTH = 62

const utf8 = new TextEncoder()
const counterSchema = uint()
const policySchema = record({
  threshold: uint(MAX_POLICY_KEYS, 1),
  keys: array(bytes(P256_PUBLIC_KEY_BYTES, ED25519_PUBLIC_KEY_BYTES), MAX_POLICY_KEYS, 1),
})

function checkAddress(address: Uint8Array): void {
  if (address.length !== ADDRESS_BYTES) throw new SmartshareError('ADDRESS_INVALID', 'an address has 32 bytes')
}

/** The account of a single key. Throws KEY_INVALID for what has not the form of a public key. */
export function addressOfKey(publicKey: PublicKey): Address {
  if (algorithmOf(publicKey) === null) throw new SmartshareError('KEY_INVALID', 'this is no public key')
  return hashTagged('address/key', publicKey)
}

/** The account of a policy. Throws POLICY_INVALID unless the policy is written in its one canonical form. */
export function addressOfPolicy(policy: Policy): Address {
  checkPolicy(policy)
  return hashTagged('address/policy', encode(policySchema, { threshold: policy.threshold, keys: [...policy.keys] }))
}

/** Throws POLICY_INVALID unless the keys are sorted, unique and well-formed, and the threshold can be reached. */
export function checkPolicy({ threshold, keys }: Policy): void {
  const refuse = (why: string) => new SmartshareError('POLICY_INVALID', `not a policy: ${why}`)
  if (keys.length > MAX_POLICY_KEYS) throw refuse(`more than ${MAX_POLICY_KEYS} keys`)
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw refuse('the threshold is from 1 to the number of keys')
  }
  for (const [i, key] of keys.entries()) {
    if (algorithmOf(key) === null) throw refuse('one of the keys is no public key')
    const previous = keys[i - 1]
    if (previous !== undefined && compareBytes(previous, key) >= 0) throw refuse('the keys are sorted and unique')
  }
}

/** The address of a module's pool, by its name. */
export function addressOfModule(name: string): Address {
  return hashTagged('address/module', utf8.encode(name))
}

/** The address of the contract that `creator` publishes when its counter stands at `counter`. */
export function addressOfContract(creator: Address, counter: number): Address {
  checkAddress(creator)
  return hashTagged('address/contract', creator, encode(counterSchema, counter))
}

/** The address of a token that `issuer` issues after `counter` others. */
export function addressOfToken(issuer: Address, counter: number): Address {
  checkAddress(issuer)
  return hashTagged('address/token', issuer, encode(counterSchema, counter))
}

/** An address as people see it: `ssp1…`, 62 characters (bech32m, BIP 350). Throws ADDRESS_INVALID. */
export function formatAddress(address: Address): string {
  checkAddress(address)
  return bech32m.encode(TEXT_PREFIX, bech32m.toWords(address))
}

/** The address in `text`. Throws ADDRESS_TEXT_INVALID for anything that `formatAddress` would not write. */
export function parseAddress(text: string): Address {
  const refuse = (why: string, cause?: unknown) =>
    new SmartshareError('ADDRESS_TEXT_INVALID', `not an address: ${why}`, {}, cause)
  if (text.length !== ADDRESS_TEXT_LENGTH) throw refuse(`an address has ${ADDRESS_TEXT_LENGTH} characters`)
  if (!text.startsWith(`${TEXT_PREFIX}1`)) throw refuse(`an address begins with ${TEXT_PREFIX}1, in lower case`)
  const address = decodeText(text, refuse)
  if (address.length !== ADDRESS_BYTES) throw refuse('it does not hold 32 bytes')
  return address
}

function decodeText(text: string, refuse: (why: string, cause: unknown) => SmartshareError): Uint8Array {
  try {
    const { prefix, words } = bech32m.decode(text as `${string}1${string}`, ADDRESS_TEXT_LENGTH)
    // The text may hold another "1" further on, which would make the prefix longer.
    return prefix === TEXT_PREFIX ? bech32m.fromWords(words) : new Uint8Array(0)
  } catch (error) {
    throw refuse('a character is wrong or missing', error)
  }
}
