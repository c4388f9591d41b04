import { SmartshareError } from '@smartshare/codec'

/** Most bytes of a key (docs/spec/bytes.md §7). */
export const MOST_KEY_BYTES = 255
/** Most bytes of a value: 1 MiB (docs/spec/bytes.md §7). */
export const MOST_VALUE_BYTES = 1_048_576

export interface RangeOptions {
  /** Most entries to yield; without it the range ends at its bounds. */
  readonly limit?: number
  /** From the last key downwards instead of from the first upwards. */
  readonly reverse?: boolean
}

export type StateEntry = readonly [key: Uint8Array, value: Uint8Array]

/**
 * An ordered map from keys (1 … 255 B) to values (1 B … 1 MiB), read synchronously. What comes out belongs to the
 * state: callers must not modify it.
 */
export interface StateReader {
  get(key: Uint8Array): Uint8Array | undefined
  /**
   * Entries with `from` ≤ key < `to` in the order of bytes, lazily; without `to` up to the last key.
   * Stopping early costs nothing.
   */
  range(from: Uint8Array, to: Uint8Array | undefined, options?: RangeOptions): Iterable<StateEntry>
}

/** What one key became: `value` null means deleted, `previous` undefined means that it did not exist. */
export interface StateChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly previous: Uint8Array | undefined
}

/** Throws `STATE_KEY_SIZE` unless the key has 1 … 255 bytes. */
export function checkKey(key: Uint8Array): void {
  if (key.length < 1 || key.length > MOST_KEY_BYTES) {
    throw new SmartshareError('STATE_KEY_SIZE', `A key has 1 to ${MOST_KEY_BYTES} bytes, this one ${key.length}`, {
      sizeBytes: key.length,
    })
  }
}

/** Throws `STATE_VALUE_SIZE` unless the value has 1 B … 1 MiB. */
export function checkValue(value: Uint8Array): void {
  if (value.length < 1 || value.length > MOST_VALUE_BYTES) {
    throw new SmartshareError(
      'STATE_VALUE_SIZE',
      `A value has 1 to ${MOST_VALUE_BYTES} bytes, this one ${value.length}`,
      { sizeBytes: value.length },
    )
  }
}

/** Throws `STATE_KEY_SIZE` unless a bound of a range has at most 255 bytes; it may be empty. */
export function checkBound(bound: Uint8Array | undefined): void {
  if (bound !== undefined && bound.length > 0) checkKey(bound)
}

/** The first key after all keys that begin with `prefix`, for `range(prefix, prefixEnd(prefix))`; undefined: no end. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1
  if (length === 0) return undefined
  const end = prefix.slice(0, length)
  end[length - 1] = (end[length - 1] as number) + 1
  return end
}
