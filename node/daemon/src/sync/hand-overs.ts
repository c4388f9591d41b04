import {
  type Certificate,
  type DelegateSet,
  decodeCertificate,
  decodeHeader,
  decodeSet,
  type Header,
  setHash,
} from '@smartshare/chain'
import { equalBytes } from '@smartshare/crypto'
import { encodeHandOver } from '@smartshare/light'
import type { ChainStore } from '@smartshare/store'

/** How a set was seated: it, and a certified final header of the term before that names its hash. */
export interface StoredHandOver {
  readonly set: DelegateSet
  readonly header: Header
  readonly certificate: Certificate
}

/** How the set of a term was seated, from what is stored up to a height; undefined if that is not known here. */
export function findHandOver(store: ChainStore, committedHeight: number, term: number): StoredHandOver | undefined {
  const encoded = store.electedSet(term)
  if (encoded === undefined) return undefined
  const set = decodeSet(encoded)
  const hash = setHash(set)
  // The headers that name the set are the last ones of its term.
  for (let height = firstHeightOf(store, committedHeight, term) - 1; height > 0; height--) {
    const stored = store.header(height)
    if (stored === undefined) return undefined
    const header = decodeHeader(stored.header)
    if (header.nextSet === null || !equalBytes(header.nextSet, hash)) return undefined
    if (stored.certificate !== null) return { set, header, certificate: decodeCertificate(stored.certificate) }
  }
  return undefined
}

/** The same as the record of docs/spec/light.md, with every member in full. */
export function encodedHandOver(store: ChainStore, committedHeight: number, term: number): Uint8Array | undefined {
  const found = findHandOver(store, committedHeight, term)
  const height = found?.header.height
  const stored = height === undefined ? undefined : store.header(height)
  if (found === undefined || stored === undefined || stored.certificate === null) return undefined
  const { header, certificate } = stored
  return encodeHandOver({ version: 1, header, certificate, members: [...found.set.members] })
}

/** Height of the first executed block of a term or later; one above the last if there is none. */
function firstHeightOf(store: ChainStore, committedHeight: number, term: number): number {
  let low = Math.max(1, store.lowestFacts)
  let high = committedHeight + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (store.facts(middle)!.term >= term) high = middle
    else low = middle + 1
  }
  return low
}
