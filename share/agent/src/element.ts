import type { PublicKey, Signature } from '@smartshare/crypto'

/** What a signature may be for. An element refuses everything else: a host broken into gets no arbitrary signatures. */
export const DOMAINS = ['meter', 'tx', 'session', 'attest'] as const
export type Domain = (typeof DOMAINS)[number]

/** What an element says of itself. */
export interface ElementInfo {
  /** 0: keys in a sealed file, nothing vouches for them. 1 and above: a certified chip. */
  readonly level: number
  readonly maker: string
  readonly model: string
  readonly serial: string
}

/** An element's word about itself, bound to a nonce of the asker. */
export interface Attestation {
  readonly info: ElementInfo
  readonly publicKey: PublicKey
  readonly nonce: Uint8Array
  readonly signature: Signature
}

/** Name of the key that stands for the device itself. */
export const IDENTITY_SLOT = 'identity'

/** A secure element: keys that never leave it, signatures by purpose, counters that only go up. */
export interface SecureElement {
  info(): Promise<ElementInfo>
  /** P-256. Throws ELEMENT_SLOT for a slot that is not there. */
  publicKey(slot: string): Promise<PublicKey>
  /** Signs `H("element/" + domain, bytes)`. Throws ELEMENT_DOMAIN, ELEMENT_SLOT. */
  sign(slot: string, domain: Domain, bytes: Uint8Array): Promise<Signature>
  /** The nonce has 16 … 64 bytes. Throws ELEMENT_NONCE. */
  attest(nonce: Uint8Array): Promise<Attestation>
  /** The next value of a counter, from 1; never the same twice, also after a loss of power. Throws ELEMENT_COUNTER. */
  nextCounter(name: string): Promise<number>
}
