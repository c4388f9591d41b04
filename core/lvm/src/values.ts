export { textBytes } from '@smartshare/codec'

/**
 * What goes in and out of Lua: nil, booleans, integers of 64 bits (bigint), floats (number), strings of bytes, lists, and
 * tables with text keys. A table that is neither a list nor has only text keys stays inside.
 */
export type LuaValue = null | boolean | bigint | number | Uint8Array | readonly LuaValue[] | LuaRecord
export type LuaRecord = ReadonlyMap<string, LuaValue>

/** Tables in tables. */
export const MAX_DEPTH = 16
/** Values that leave Lua at once, as arguments of a call of the host or as results, with those in tables. */
export const MAX_ITEMS = 65_536
/** Bytes of all strings that leave Lua at once. */
export const MAX_BYTES = 1_048_576

/** A mark of the byte order stays, or two keys would become one. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Shorter texts, as keys mostly are, are quicker without the engine's decoder. */
const SHORT = 32

/** The text that bytes are in UTF-8; undefined if they are none. */
export function bytesText(bytes: Uint8Array): string | undefined {
  if (bytes.length <= SHORT && bytes.every(isAscii)) return String.fromCharCode(...bytes)
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

function isAscii(byte: number): boolean {
  return byte < 0x80
}
