import { SSP, type Token } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, parseAddress } from '@smartshare/crypto'
import { wrongParams } from './method.ts'

/** Padding that base64 of n bytes ends with, by n modulo 3. */
const PADDING = ['', '==', '='] as const

/** The bytes of canonical base64 (RFC 4648 §4). Throws RPC_PARAMS. */
export function bytesOfBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what is no digit; the length betrays it.
  const padding = PADDING[bytes.length % 3] as string
  if (text.length !== Math.ceil(bytes.length / 3) * 4 || !text.endsWith(padding)) throw wrongParams('not base64')
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The address in a parameter. Throws RPC_PARAMS. */
export function addressOf(text: string): Uint8Array {
  try {
    return parseAddress(text)
  } catch (error) {
    throw SmartshareError.is(error) ? wrongParams(error.message) : error
  }
}

/** The token in a parameter: SSP, or the address of another. Throws RPC_PARAMS. */
export function tokenOf(text: string): Token {
  return text === 'SSP' ? SSP : addressOf(text)
}

/** The 32 bytes of a parameter that its schema has checked already. */
export function hashOf(text: string): Uint8Array {
  return fromHex(text)
}

/** Whether `part` stands anywhere in `bytes`. */
export function holdsBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  const view = (of: Uint8Array) => Buffer.from(of.buffer, of.byteOffset, of.byteLength)
  return view(bytes).includes(view(part))
}
