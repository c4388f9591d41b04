import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'

/** Where a list goes on, and how many items at most. */
export interface PageOptions {
  readonly limit?: number
  /** The `next` of the page before. */
  readonly after?: Uint8Array
}

/** One page of a list; `next` goes on after it, null at the end. */
export interface Page<T> {
  readonly items: T[]
  readonly next: Uint8Array | null
}

/**
 * A page of the entries of a table that begin with `prefix`, at most `most`. Throws QUERY_CURSOR for an `after` of
 * another list.
 */
export function pageOf<I, T>(
  prefix: Uint8Array,
  { limit = Number.POSITIVE_INFINITY, after }: PageOptions,
  most: number,
  read: (bounded: { limit: number; after?: Uint8Array }) => Iterable<[Uint8Array, I]>,
  view: (found: I) => T,
): Page<T> {
  if (after !== undefined && !equalBytes(after.subarray(0, prefix.length), prefix)) {
    throw new SmartshareError('QUERY_CURSOR', 'the list cannot go on after a place of another list')
  }
  const bounded = Math.max(1, Math.min(limit, most))
  const found = [...read(after === undefined ? { limit: bounded } : { limit: bounded, after })]
  const next = found.length === bounded ? (found.at(-1)?.[0] ?? null) : null
  return { items: found.map(([, one]) => view(one)), next }
}
