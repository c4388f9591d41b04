import { Reader } from './reader.ts'
import type { Schema } from './schema.ts'
import { Writer } from './writer.ts'

export { type ErrorDetails, SmartshareError } from './error.ts'
export { pack, unpack } from './packed.ts'
export { MAX_DEPTH, Reader } from './reader.ts'
export {
  amount,
  array,
  bigUint,
  bool,
  bytes,
  either,
  fixedBytes,
  type Infer,
  mapped,
  optional,
  record,
  type Schema,
  text,
  u64,
  uint,
} from './schema.ts'
export { sharedBytes } from './shared-bytes.ts'
export { textBytes } from './text-bytes.ts'
export { Writer } from './writer.ts'

/**
 * The deterministic CBOR of `value` (docs/spec/bytes.md §2). Throws CODEC_* if it does not fit its schema. `place` gives the
 * bytes for it: `sharedBytes` for what lives shortly.
 */
export function encode<T>(schema: Schema<T>, value: T, place?: (size: number) => Uint8Array): Uint8Array {
  // A buffer for each level, since some schemas encode their parts by themselves: a new one per value costs more than it holds.
  const writer = writers[level] ?? new Writer()
  writers[level] = writer
  level++
  try {
    schema.write(writer, value)
    return writer.finish(place)
  } finally {
    level--
    if (writer.capacityBytes > MOST_KEPT_BYTES) writers[level] = undefined
    else writer.clear()
  }
}

/** A writer whose buffer grew beyond this is not kept. */
const MOST_KEPT_BYTES = 65_536
const writers: (Writer | undefined)[] = []
let level = 0

/**
 * The value that `bytes` encode, and nothing else: strict, whole, within all bounds. Throws CODEC_*.
 * Byte strings in the result are views into `bytes`: do not change `bytes` while they are in use.
 */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes)
  const value = schema.read(reader)
  reader.end()
  return value
}
