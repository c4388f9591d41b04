import { SmartshareError } from '@smartshare/codec'
import { MAX_JSON_DEPTH } from './limits.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d

/** The JSON value of a request. Throws RPC_PARSE for what is not JSON, or nested deeper than any request needs. */
export function parseJson(bytes: Buffer): unknown {
  // Looked at before parsing: a few megabytes of brackets would become a hundred megabytes of objects.
  if (isDeep(bytes)) {
    throw new SmartshareError('RPC_PARSE', `JSON nested deeper than ${MAX_JSON_DEPTH} levels`)
  }
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new SmartshareError('RPC_PARSE', 'the request is not JSON')
  }
}

function isDeep(bytes: Buffer): boolean {
  let depth = 0
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) at = endOfString(bytes, at + 1)
    else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
      depth += 1
      if (depth > MAX_JSON_DEPTH) return true
    } else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) depth -= 1
    at += 1
  }
  return false
}

/** Position of the quote that ends the string which begins at `from`, or the end of the bytes. */
function endOfString(bytes: Buffer, from: number): number {
  let end = bytes.indexOf(QUOTE, from)
  while (end >= 0) {
    let backslashes = 0
    while (end - 1 - backslashes >= from && bytes[end - 1 - backslashes] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return end
    end = bytes.indexOf(QUOTE, end + 1)
  }
  return bytes.length
}
