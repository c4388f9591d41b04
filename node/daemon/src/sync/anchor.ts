import {
  decodeHeader,
  encodeCertificate,
  encodeHeader,
  executedHash,
  firstAccumulator,
  type Header,
  headerHash,
  MAX_SEATS,
} from '@smartshare/chain'
import { array, bytes, decode, encode, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import { equalBytes, proveInRange, type RangeAccumulator, rangeUpTo } from '@smartshare/crypto'
import {
  encodeExecutedProof,
  type LightRules,
  type LightState,
  MAX_CERTIFICATE_BYTES,
  MAX_HEADER_BYTES,
  MAX_RANGE_HASHES,
  verifyExecuted,
} from '@smartshare/light'
import type { ChainStore } from '@smartshare/store'
import type { FinalChain } from '../consensus/final-chain.ts'
import { decodeFinal, encodeFinal, type FinalRecord, MAX_FINAL_BYTES } from '../consensus/final-record.ts'
import { bodyMatches } from './check-range.ts'

// What ties a snapshot to the chain: a proof that a quorum of delegates certified what was executed at its height, and the last
// blocks of its term, from which consensus goes on.

const hash = fixedBytes(32)
/** The order of turns of the next term reaches back a whole round of slots, and no two blocks share a slot. */
const MAX_HEADERS = MAX_SEATS + 2

const schema = record({
  /** A final header that names a root at or above the height of the snapshot, and its certificate. */
  header: bytes(MAX_HEADER_BYTES, 1),
  certificate: bytes(MAX_CERTIFICATE_BYTES, 1),
  /** What was executed at the height, and its path in the range that the header names. */
  executed: record({ height: uint(), blockHash: hash, stateRoot: hash, receiptsRoot: hash }),
  siblings: array(hash, MAX_RANGE_HASHES),
  peaks: array(hash, MAX_RANGE_HASHES),
  /** The block of the height, the last of its term, with its Final certificate, as in the block log. */
  final: bytes(MAX_FINAL_BYTES, 1),
  /** Headers up to and with that block: all of the term and the one before it, or as many slots as a set may have seats. */
  headers: array(bytes(MAX_HEADER_BYTES, 1), MAX_HEADERS, 1),
})
type Anchor = Infer<typeof schema>

/** Makes the anchor of a height that is the last of its term; undefined while no certified header covers it. Throws BLOCK_PRUNED. */
export async function makeAnchor(
  finals: FinalChain,
  store: ChainStore,
  height: number,
): Promise<Uint8Array | undefined> {
  const certified = finals.latestCertified
  const final = await finals.at(height)
  const facts = store.facts(height)
  if (certified?.certificate == null || final?.certificate == null || facts === undefined) return undefined
  const { header } = certified.block
  if (header.rootHeight < height) return undefined
  const path = proveInRange(header.rootHeight + 1, height, (level, index) => store.rangeNode(level, index))
  const { blockHash, stateRoot, receiptsRoot } = facts
  return encode(schema, {
    header: encodeHeader(header),
    certificate: encodeCertificate(certified.certificate),
    executed: { height, blockHash, stateRoot, receiptsRoot },
    siblings: [...path.siblings],
    peaks: [...path.peaks],
    final: encodeFinal(final),
    headers: headersUpTo(store, final.block.header),
  })
}

function headersUpTo(store: ChainStore, last: Header): Uint8Array[] {
  const headers = [encodeHeader(last)]
  for (let height = last.height - 1; height > 0; height--) {
    const stored = store.header(height)?.header
    if (stored === undefined) break
    headers.unshift(stored)
    const { term, slot } = decodeHeader(stored)
    if (term !== last.term || slot <= last.slot - MAX_SEATS) break
  }
  return headers
}

/** The block at which an anchor stands, with what consensus needs of those before it. */
export interface AnchoredBlock {
  /** The last block of its term. Its certificate is to be checked against the set that the state names. */
  readonly final: FinalRecord
  /** Its term's headers that matter, ascending, itself the last; and the accumulator on which the term stands if it reaches there. */
  readonly headers: readonly Header[]
  readonly accumulator: Uint8Array
}

/** What an anchor shows once it is checked. */
export interface CheckedAnchor extends AnchoredBlock {
  readonly height: number
  readonly stateRoot: Uint8Array
  readonly receiptsRoot: Uint8Array
  /** The range over everything executed up to the height. */
  readonly range: RangeAccumulator
  /** What is believed after it. */
  readonly trust: LightState
}

/** The term of the delegates who have to be known for `checkAnchor`. Throws SNAPSHOT_MANIFEST. */
export function termOfAnchor(encoded: Uint8Array): number {
  return decodeHeader(decodeAnchor(encoded).header).term
}

/** Checks an anchor with the delegates of its term. Throws SNAPSHOT_MANIFEST, and as `verifyExecuted`. */
export function checkAnchor(trust: LightState, encoded: Uint8Array, height: number, rules: LightRules): CheckedAnchor {
  const anchor = decodeAnchor(encoded)
  const { header, certificate, executed, siblings, peaks } = anchor
  const proof = encodeExecutedProof({ header, certificate, executed, siblings, peaks })
  const proven = verifyExecuted(trust, proof, height, rules)
  const count = proven.header.rootHeight + 1
  const range = rangeUpTo(executedHash(executed), { index: height, count, siblings, peaks })
  const final = decodeFinal(Uint8Array.from(anchor.final))
  if (
    !equalBytes(final.hash, executed.blockHash) ||
    final.certificate === null ||
    final.block.header.nextSet === null
  ) {
    throw wrong('its block is not the one that was executed, or does not end a term')
  }
  const { headers, accumulator } = checkHeaders(trust.chainId, final, anchor.headers)
  const stateRoot = executed.stateRoot.slice()
  const receiptsRoot = executed.receiptsRoot.slice()
  return { height, stateRoot, receiptsRoot, range, final, headers, accumulator, trust: proven.state }
}

/** The block of an anchor, which is only as true as the anchor. Throws SNAPSHOT_MANIFEST or CODEC_*. */
export function readAnchor(chainId: Uint8Array, encoded: Uint8Array): AnchoredBlock {
  const anchor = decodeAnchor(encoded)
  const final = decodeFinal(Uint8Array.from(anchor.final))
  if (final.certificate === null || final.block.header.nextSet === null) throw wrong('its block does not end a term')
  if (!bodyMatches(final.block)) throw wrong('the body of its block is not that of the header')
  return { final, ...checkHeaders(chainId, final, anchor.headers) }
}

/** Every header is the parent of the next; they begin before the term or far enough back. */
function checkHeaders(chainId: Uint8Array, final: FinalRecord, encoded: readonly Uint8Array[]) {
  const headers = encoded.map((one) => decodeHeader(Uint8Array.from(one)))
  const { term, slot } = final.block.header
  let hash = final.hash
  for (const header of headers.toReversed()) {
    if (!equalBytes(headerHash(header), hash)) throw wrong('its headers do not follow on each other')
    hash = header.parent
  }
  const own = headers.filter((header) => header.term === term)
  const first = headers[0]!
  const accumulator = equalBytes(hash, chainId) ? firstAccumulator(chainId) : first.accumulator
  if (own.length === headers.length && !equalBytes(hash, chainId) && first.slot > slot - MAX_SEATS) {
    throw wrong('its headers do not reach back far enough')
  }
  return { headers: own, accumulator }
}

function decodeAnchor(encoded: Uint8Array): Anchor {
  try {
    return decode(schema, encoded)
  } catch (error) {
    throw new SmartshareError('SNAPSHOT_MANIFEST', 'the anchor of a snapshot cannot be read', {}, error)
  }
}

function wrong(why: string): SmartshareError {
  return new SmartshareError('SNAPSHOT_MANIFEST', `a snapshot cannot be used: ${why}`)
}
