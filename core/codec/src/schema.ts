import { SmartshareError } from './error.ts'
import type { Reader } from './reader.ts'
import { textBytes } from './text-bytes.ts'
import type { Writer } from './writer.ts'

/** How values of one type are written and read; the schemas below combine into records. */
export interface Schema<T> {
  write(writer: Writer, value: T): void
  read(reader: Reader): T
}

/** The type of the values of a schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never

const NULL_BYTE = 0xf6
const FALSE_BYTE = 0xf4
const TRUE_BYTE = 0xf5
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function outOfRange(what: string): SmartshareError {
  return new SmartshareError('CODEC_RANGE', `${what} outside its range`)
}

function checkLength(what: string, length: number, least: number, most: number): void {
  if (length < least || length > most) {
    throw new SmartshareError('CODEC_LENGTH', `${what} of length ${length} where ${least} … ${most} belongs`)
  }
}

/** Integer `least` … `most` as a number (at most 2^53 − 1). */
export function uint(most: number = Number.MAX_SAFE_INTEGER, least = 0): Schema<number> {
  return {
    write(writer, value) {
      if (!Number.isInteger(value) || value < least || value > most) throw outOfRange('integer')
      writer.head(0, value)
    },
    read(reader) {
      const value = reader.head(0)
      if (value < least || value > most) throw outOfRange('integer')
      return value
    },
  }
}

/** Integer 0 … `most` as a bigint (at most 2^64 − 1). */
export function bigUint(most: bigint): Schema<bigint> {
  return {
    write(writer, value) {
      if (value > most) throw outOfRange('integer')
      writer.bigUint(value)
    },
    read(reader) {
      const value = reader.bigUint()
      if (value > most) throw outOfRange('integer')
      return value
    },
  }
}

/** Integer 0 … 2^64 − 1. */
export const u64: Schema<bigint> = bigUint((1n << 64n) - 1n)
/** Amount of grains or of an IOT_Coin's smallest unit, 0 … 2^63 − 1. */
export const amount: Schema<bigint> = bigUint((1n << 63n) - 1n)

/** `false` or `true`. */
export const bool: Schema<boolean> = {
  write(writer, value) {
    writer.byte(value ? TRUE_BYTE : FALSE_BYTE)
  },
  read(reader) {
    const byte = reader.peek()
    if (byte !== TRUE_BYTE && byte !== FALSE_BYTE) throw new SmartshareError('CODEC_TYPE', 'no boolean')
    reader.take(1)
    return byte === TRUE_BYTE
  },
}

/** Byte string of `least` … `most` bytes. What is read is a view into the decoded bytes, not a copy. */
export function bytes(most: number, least = 0): Schema<Uint8Array> {
  return {
    write(writer, value) {
      checkLength('byte string', value.length, least, most)
      writer.head(2, value.length)
      writer.raw(value)
    },
    read(reader) {
      const length = reader.head(2)
      checkLength('byte string', length, least, most)
      return reader.take(length)
    },
  }
}

/** Byte string of exactly `size` bytes. */
export function fixedBytes(size: number): Schema<Uint8Array> {
  return bytes(size, size)
}

/** UTF-8 text of at most `most` bytes. */
export function text(most: number, least = 0): Schema<string> {
  return {
    write(writer, value) {
      if (!value.isWellFormed()) throw new SmartshareError('CODEC_UTF8', 'text with a lone surrogate')
      const encoded = textBytes(value)
      checkLength('text', encoded.length, least, most)
      writer.head(3, encoded.length)
      writer.raw(encoded)
    },
    read(reader) {
      const length = reader.head(3)
      checkLength('text', length, least, most)
      const encoded = reader.take(length)
      try {
        return utf8Decoder.decode(encoded)
      } catch {
        throw new SmartshareError('CODEC_UTF8', 'text that is not UTF-8')
      }
    },
  }
}

/** Array of `least` … `most` items of one schema. */
export function array<T>(item: Schema<T>, most: number, least = 0): Schema<T[]> {
  return {
    write(writer, values) {
      checkLength('array', values.length, least, most)
      writer.head(4, values.length)
      for (const value of values) item.write(writer, value)
    },
    read(reader) {
      const length = reader.head(4)
      checkLength('array', length, least, most)
      // Every item takes at least a byte: a length that cannot be true reserves no memory.
      if (length > reader.remaining) {
        throw new SmartshareError('CODEC_TRUNCATED', 'the bytes end in the middle of an array')
      }
      return reader.nested(() => {
        const values: T[] = []
        for (let i = 0; i < length; i++) values.push(item.read(reader))
        return values
      })
    },
  }
}

/** `null` or a value. */
export function optional<T>(item: Schema<T>): Schema<T | null> {
  return {
    write(writer, value) {
      if (value === null) writer.byte(NULL_BYTE)
      else item.write(writer, value)
    },
    read(reader) {
      if (reader.peek() !== NULL_BYTE) return item.read(reader)
      reader.take(1)
      return null
    },
  }
}

/** The first schema for values and items of major type `major`, the second for all others. */
export function either<A, B>(major: number, isFirst: (value: A | B) => boolean, first: Schema<A>, second: Schema<B>) {
  const schema: Schema<A | B> = {
    write(writer, value) {
      if (isFirst(value)) first.write(writer, value as A)
      else second.write(writer, value as B)
    },
    read(reader) {
      return reader.peek() >> 5 === major ? first.read(reader) : second.read(reader)
    },
  }
  return schema
}

type RecordOf<F extends Record<string, Schema<unknown>>> = { -readonly [K in keyof F]: Infer<F[K]> }

/** Record: an array of exactly these fields in the order in which they are written here. */
export function record<F extends Record<string, Schema<unknown>>>(fields: F): Schema<RecordOf<F>> {
  const entries = Object.entries(fields)
  return {
    write(writer, value) {
      writer.head(4, entries.length)
      for (const [name, schema] of entries) schema.write(writer, (value as Record<string, unknown>)[name])
    },
    read(reader) {
      const length = reader.head(4)
      checkLength('record', length, entries.length, entries.length)
      return reader.nested(() => {
        const value: Record<string, unknown> = {}
        for (const [name, schema] of entries) value[name] = schema.read(reader)
        return value as never
      })
    },
  }
}

/** Another view of a schema's values, for example a public type over its stored form. */
export function mapped<S, T>(schema: Schema<S>, toStored: (value: T) => S, fromStored: (stored: S) => T): Schema<T> {
  return {
    write: (writer, value) => schema.write(writer, toStored(value)),
    read: (reader) => fromStored(schema.read(reader)),
  }
}
