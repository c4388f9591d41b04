import { p256 } from '#native'
import { concatBytes, equalBytes } from './bytes.ts'
import { sha256 } from './hash.ts'

// Signatures of passkeys (WebAuthn, P-256). A passkey never signs what it is given, but a record of what it is and of what the
// browser asked of it, in which the given bytes stand as the challenge (docs/spec/bytes.md §4).

/** r ‖ s, length of the authenticator data (2 B, big-endian), authenticator data, client data. */
const SCALARS_BYTES = 64
const LENGTH_BYTES = 2
/** Hash of the name that the passkey belongs to, flags, counter; extensions may follow. */
const LEAST_AUTHENTICATOR_BYTES = 37
const FLAGS_AT = 32
/** A person was there. */
const USER_PRESENT = 0x01
export const MAX_PASSKEY_SIGNATURE_BYTES = 1024

const CLIENT_DATA_START = '{"type":"webauthn.get","challenge":"'
/** What comes after the challenge is always another member. */
const CLIENT_DATA_GOES_ON = '",'
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const utf8 = new TextEncoder()

/** What a browser gives for a challenge. */
export interface PasskeyAssertion {
  /** r ‖ s, low s. */
  readonly scalars: Uint8Array
  readonly authenticatorData: Uint8Array
  readonly clientData: Uint8Array
}

/** A passkey's signature as it stands in a transaction. */
export function encodePasskeySignature({ scalars, authenticatorData, clientData }: PasskeyAssertion): Uint8Array {
  const length = Uint8Array.of(authenticatorData.length >> 8, authenticatorData.length & 0xff)
  return concatBytes(scalars, length, authenticatorData, clientData)
}

/**
 * Whether a passkey signed `message` for a person who was there. `point` is the compressed point of its key. The client data must begin
 * as WebAuthn level 3, §5.8.1.2, says for verifiers without a JSON parser. Low s is checked by the caller.
 */
export function verifyPasskey(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length > MAX_PASSKEY_SIGNATURE_BYTES) return false
  const dataAt = SCALARS_BYTES + LENGTH_BYTES
  if (signature.length < dataAt + LEAST_AUTHENTICATOR_BYTES) return false
  const length = ((signature[SCALARS_BYTES] as number) << 8) | (signature[SCALARS_BYTES + 1] as number)
  const clientAt = dataAt + length
  if (length < LEAST_AUTHENTICATOR_BYTES || clientAt > signature.length) return false
  const authenticatorData = signature.subarray(dataAt, clientAt)
  const clientData = signature.subarray(clientAt)
  if (((authenticatorData[FLAGS_AT] as number) & USER_PRESENT) === 0) return false
  const start = utf8.encode(CLIENT_DATA_START + base64url(message) + CLIENT_DATA_GOES_ON)
  if (!equalBytes(clientData.subarray(0, start.length), start)) return false
  const signed = concatBytes(authenticatorData, sha256(clientData))
  return p256.verify(point, signed, signature.subarray(0, SCALARS_BYTES))
}

/** RFC 4648 §5 without padding. */
export function base64url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at)
    const word = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    for (let digit = 0; digit <= left; digit++) text += BASE64URL[(word >> (18 - 6 * digit)) & 63]
  }
  return text
}
