import { decode, encode, type Reader, type Schema, SmartshareError, type Writer } from '@smartshare/codec'
import { compareBytes } from '@smartshare/crypto'
import type { LuaRecord, LuaValue } from '@smartshare/lvm'

/** Major types of CBOR (RFC 8949 §3.1), and the heads of what has no argument. */
const UINT = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const LIST = 4
const MAP = 5
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
const FLOAT64 = 0xfb
const MAX_INT = (1n << 63n) - 1n
const MAX_ITEMS = 65_536
const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Any value of Lua as CBOR, one encoding for each (docs/spec/contracts.md, "Values"): integers of 64 bits, floats always as
 * eight bytes, strings as byte strings, lists, and tables with text keys as maps in the order of the keys' encodings.
 */
export const anyValue: Schema<LuaValue> = { write, read }

export function encodeValue(value: LuaValue): Uint8Array {
  return encode(anyValue, value)
}

/** Throws CODEC_*. */
export function decodeValue(bytes: Uint8Array): LuaValue {
  return decode(anyValue, bytes)
}

/** Integer of 64 bits with a sign. */
export const integer: Schema<bigint> = {
  write(writer, value) {
    if (value >= 0n) writer.bigHead(UINT, value)
    else writer.bigHead(NEGATIVE, -1n - value)
  },
  read(reader) {
    const major = reader.peek() >> 5
    const argument = reader.bigHead(major === NEGATIVE ? NEGATIVE : UINT)
    if (argument > MAX_INT) throw new SmartshareError('CODEC_RANGE', 'integer outside 64 bits')
    return major === NEGATIVE ? -1n - argument : argument
  },
}

/** Float of 64 bits; there is one NaN. */
export const float: Schema<number> = {
  write(writer, value) {
    const bytes = new Uint8Array(9)
    bytes[0] = FLOAT64
    new DataView(bytes.buffer).setFloat64(1, Number.isNaN(value) ? Number.NaN : value)
    writer.raw(bytes)
  },
  read(reader) {
    const bytes = reader.take(9)
    if (bytes[0] !== FLOAT64) throw new SmartshareError('CODEC_TYPE', 'no float of 64 bits')
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const value = view.getFloat64(1)
    if (Number.isNaN(value) && view.getBigUint64(1) !== 0x7ff8_0000_0000_0000n) {
      throw new SmartshareError('CODEC_NOT_CANONICAL', 'a NaN that is not the one NaN')
    }
    return value
  },
}

function write(writer: Writer, value: LuaValue): void {
  if (value === null) writer.byte(NULL)
  else if (typeof value === 'boolean') writer.byte(value ? TRUE : FALSE)
  else if (typeof value === 'bigint') integer.write(writer, value)
  else if (typeof value === 'number') float.write(writer, value)
  else if (value instanceof Uint8Array) {
    writer.head(BYTES, value.length)
    writer.raw(value)
  } else if (value instanceof Map) writeMap(writer, value as LuaRecord)
  else {
    const list = value as readonly LuaValue[]
    writer.head(LIST, list.length)
    for (const item of list) write(writer, item)
  }
}

function writeMap(writer: Writer, fields: LuaRecord): void {
  const entries = [...fields].map(([key, value]) => ({ key: utf8.encode(key), value }))
  // The order of encodings: shorter keys first (RFC 8949 §4.2.3 and §4.2.1 agree for texts below 24 bytes; we take §4.2.3).
  entries.sort((a, b) => a.key.length - b.key.length || compareBytes(a.key, b.key))
  writer.head(MAP, entries.length)
  for (const { key, value } of entries) {
    writer.head(TEXT, key.length)
    writer.raw(key)
    write(writer, value)
  }
}

function read(reader: Reader): LuaValue {
  const first = reader.peek()
  switch (first >> 5) {
    case UINT:
    case NEGATIVE:
      return integer.read(reader)
    case BYTES:
      return reader.take(reader.head(BYTES)).slice()
    case LIST:
      return readList(reader)
    case MAP:
      return readMap(reader)
  }
  if (first === FLOAT64) return float.read(reader)
  if (first !== NULL && first !== TRUE && first !== FALSE) throw new SmartshareError('CODEC_TYPE', 'no value of Lua')
  reader.take(1)
  return first === NULL ? null : first === TRUE
}

function checkCount(count: number, reader: Reader): void {
  if (count > MAX_ITEMS) throw new SmartshareError('CODEC_LENGTH', `more than ${MAX_ITEMS} values`)
  // Every item takes at least a byte: a length that cannot be true reserves no memory.
  if (count > reader.remaining) throw new SmartshareError('CODEC_TRUNCATED', 'the bytes end in the middle of a list')
}

function readList(reader: Reader): LuaValue {
  const count = reader.head(LIST)
  checkCount(count, reader)
  return reader.nested(() => Array.from({ length: count }, () => read(reader)))
}

function readMap(reader: Reader): LuaValue {
  const count = reader.head(MAP)
  checkCount(count, reader)
  // An empty table is an empty list.
  if (count === 0) throw new SmartshareError('CODEC_NOT_CANONICAL', 'an empty map')
  return reader.nested(() => {
    const fields = new Map<string, LuaValue>()
    let previous: Uint8Array | undefined
    for (let i = 0; i < count; i++) {
      const key = reader.take(reader.head(TEXT))
      if (previous !== undefined && (previous.length - key.length || compareBytes(previous, key)) >= 0) {
        throw new SmartshareError('CODEC_NOT_CANONICAL', 'keys of a map out of order')
      }
      previous = key
      fields.set(keyText(key), read(reader))
    }
    return fields
  })
}

function keyText(key: Uint8Array): string {
  try {
    return strictUtf8.decode(key)
  } catch {
    throw new SmartshareError('CODEC_UTF8', 'text that is not UTF-8')
  }
}
