import { LuaError, type LuaRecord, type LuaValue, textBytes } from '@smartshare/lvm'

const MAX_DEPTH = 16
const INTEGER = /^-?(0|[1-9][0-9]*)$/
const LEAST_INT = -(1n << 63n)
const MOST_INT = (1n << 63n) - 1n
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A value of Lua as JSON (RFC 8259), keys in the order of their UTF-16 units; strings must be UTF-8. Throws a LuaError. */
export function encodeJson(value: LuaValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new LuaError('JSON has no infinity and no NaN')
    return JSON.stringify(value)
  }
  if (value instanceof Uint8Array) return JSON.stringify(decodeText(value))
  if (Array.isArray(value)) return `[${value.map(encodeJson).join(',')}]`
  const fields = [...(value as LuaRecord)].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${encodeJson(item)}`).join(',')}}`
}

/** JSON as a value of Lua: numbers without fraction and exponent are integers, `null` in lists and objects is nil. Throws a LuaError. */
export function decodeJson(text: string): LuaValue {
  if (depthOf(text) > MAX_DEPTH) throw new LuaError(`JSON is nested more than ${MAX_DEPTH} deep`)
  try {
    return fromJson(JSON.parse(text, exactIntegers as (key: string, value: unknown) => unknown))
  } catch (error) {
    if (error instanceof LuaError) throw error
    throw new LuaError('this is no JSON')
  }
}

/** The source of a number is given as it stands in the text (ECMA-262, JSON.parse source text access). */
function exactIntegers(_: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined || !INTEGER.test(context.source)) return value
  const exact = BigInt(context.source)
  if (exact < LEAST_INT || exact > MOST_INT) throw new LuaError('an integer of JSON is outside 64 bits')
  return exact
}

function fromJson(value: unknown): LuaValue {
  if (typeof value === 'string') return textBytes(value)
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item)]))
  }
  return value as null | boolean | bigint | number
}

/** How deep brackets lie inside each other, strings aside. */
function depthOf(text: string): number {
  let depth = 0
  let most = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (inString) {
      if (character === '\\') i++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '[' || character === '{') most = Math.max(most, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return most
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new LuaError('JSON holds texts in UTF-8 alone')
  }
}
