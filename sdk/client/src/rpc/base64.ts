import { SmartshareError } from '@smartshare/codec'

/** The bytes of base64. Throws RPC_ANSWER. */
export function bytesOfBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    throw new SmartshareError('RPC_ANSWER', 'bytes that are not base64')
  }
}

/** Base64 (RFC 4648 §4). */
export function base64OfBytes(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
