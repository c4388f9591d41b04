import { decode, encode, type Schema } from '@smartshare/codec'
import { prefixEnd, type StateReader } from '@smartshare/state'

/** What a table writes to. */
export interface StateWriter extends StateReader {
  set(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
}

/** A part of a module's key space that holds values of one schema: key = module ‖ table ‖ parts. */
export class Table<T> {
  private readonly prefix: Uint8Array
  private readonly schema: Schema<T>

  constructor(module: number, table: number, schema: Schema<T>) {
    this.prefix = Uint8Array.of(module, table)
    this.schema = schema
  }

  /** The whole key of an entry. */
  key(...parts: readonly Uint8Array[]): Uint8Array {
    let length = this.prefix.length
    for (const part of parts) length += part.length
    const key = new Uint8Array(length)
    key.set(this.prefix)
    let at = this.prefix.length
    for (const part of parts) {
      key.set(part, at)
      at += part.length
    }
    return key
  }

  get(reader: Pick<StateReader, 'get'>, ...parts: readonly Uint8Array[]): T | undefined {
    const stored = reader.get(this.key(...parts))
    return stored === undefined ? undefined : decode(this.schema, stored)
  }

  set(writer: StateWriter, value: T, ...parts: readonly Uint8Array[]): void {
    writer.set(this.key(...parts), encode(this.schema, value))
  }

  delete(writer: StateWriter, ...parts: readonly Uint8Array[]): void {
    writer.delete(this.key(...parts))
  }

  /** Entries whose key begins with `parts`, in order, at most `limit`; keys come without the table's prefix. */
  *entries(
    reader: StateReader,
    parts: readonly Uint8Array[],
    options: { limit: number; reverse?: boolean; after?: Uint8Array },
  ): Generator<[Uint8Array, T]> {
    const first = this.key(...parts)
    const from = options.after === undefined ? first : afterKey(this.key(options.after))
    for (const [key, value] of reader.range(from, prefixEnd(first), options)) {
      yield [key.subarray(this.prefix.length), decode(this.schema, value)]
    }
  }
}

function afterKey(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
