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

const utf8 = new TextEncoder()

/** The bytes of a text, as Lua holds strings. */
export function textBytes(text: string): Uint8Array {
  return utf8.encode(text)
}
