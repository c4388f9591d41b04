import { SmartshareError } from '@smartshare/codec'

/** Codes that cross the wire look like this; anything else is not let in. */
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/
const MAX_CODE_BYTES = 64
const MAX_MESSAGE_BYTES = 512
/** Payload bound of an error frame: length byte, code, message. */
export const MAX_ERROR_BYTES = 1 + MAX_CODE_BYTES + MAX_MESSAGE_BYTES

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Writes code and message of an error as [length of code (1 B)] [code] [message]. Details never cross. */
export function encodeError(error: SmartshareError): Uint8Array {
  const code = encoder.encode(CODE.test(error.code) ? error.code : 'LINK_HANDLER_FAILED')
  const bytes = new Uint8Array(MAX_ERROR_BYTES)
  bytes[0] = code.length
  bytes.set(code, 1)
  const start = 1 + code.length
  const { written } = encoder.encodeInto(error.message, bytes.subarray(start, start + MAX_MESSAGE_BYTES))
  return bytes.subarray(0, start + written)
}

/** Reads what `encodeError` wrote; `details.remote` tells the peer's word from our own. */
export function decodeError(payload: Uint8Array, peer: string): SmartshareError {
  const length = payload[0] ?? 0
  const code = decoder.decode(payload.subarray(1, 1 + length))
  const message = decoder.decode(payload.subarray(1 + length))
  if (!CODE.test(code)) {
    return new SmartshareError('LINK_HANDLER_FAILED', 'The peer failed without a known code', { peer, remote: true })
  }
  return new SmartshareError(code, message, { peer, remote: true })
}

/** What a peer may learn of a failure: our own coded errors as they are, of anything else only that it happened. */
export function errorForPeer(error: unknown): SmartshareError {
  if (SmartshareError.is(error)) return error
  return new SmartshareError('LINK_HANDLER_FAILED', 'The request could not be handled')
}

/** Turns whatever was thrown into a coded error and keeps the cause. */
export function asLinkError(error: unknown, code: string, message: string, peer: string): SmartshareError {
  return SmartshareError.is(error) ? error : new SmartshareError(code, message, { peer }, error)
}
