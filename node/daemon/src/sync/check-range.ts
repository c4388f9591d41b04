import {
  type Block,
  certificateHash,
  certificatesHash,
  type DelegateSet,
  decodeBlock,
  decodeCertificate,
  decodeSet,
  FINAL,
  headerHash,
  quorum,
  seatsOf,
  setHash,
  statementHash,
  transactionsRoot,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { bls, equalBytes } from '@smartshare/crypto'
import type { FinalRecord } from '../consensus/final-record.ts'
import type { BlockRange } from './protocol.ts'

/** Where a range is to go on. */
export interface ChainEnd {
  readonly chainId: Uint8Array
  /** Hash and height of the last final block that is known. */
  readonly hash: Uint8Array
  readonly height: number
  /** The delegates of the term of the blocks that follow. */
  readonly set: DelegateSet
  /** Lowest height at which that term may end. */
  readonly lastHeight: number
}

export interface CheckedRange {
  /** Only the last has its certificate, since only that one was checked. */
  readonly finals: readonly FinalRecord[]
  /** The delegates of the next term, if this one ends with the range. */
  readonly nextSet: DelegateSet | null
  /** Of the encoded blocks. */
  readonly sizeBytes: number
}

/**
 * Checks that a range of blocks follows on what is known and was made final: one signature at its end, every ancestor by its
 * hash, every body by the roots of its header. What lies at or below the known height is left out. Throws SYNC_RANGE, CODEC_*
 * or BLOCK_TOO_LARGE: each of them is the fault of who sent it.
 */
export function checkRange(end: ChainEnd, range: BlockRange): CheckedRange {
  const finals: FinalRecord[] = []
  let { hash, height } = end
  let sizeBytes = 0
  for (const encoded of range.blocks) {
    const block = decodeBlock(encoded)
    const { header } = block
    if (header.height <= end.height) continue
    if (header.height !== height + 1 || !equalBytes(header.parent, hash))
      throw wrong('the blocks do not follow', height)
    if (header.term !== end.set.term) throw wrong('a block is of another term', header.height)
    if (!bodyMatches(block)) throw wrong('a body is not that of its header', header.height)
    hash = headerHash(header)
    height = header.height
    sizeBytes += encoded.length
    finals.push({ hash, block, certificate: null })
  }
  const last = finals.at(-1)
  // All of it may be known already: then nothing can be said against whoever sent it.
  if (last === undefined) return { finals, nextSet: null, sizeBytes }
  // Certificate and set are kept for long: they must not hold the memory of the whole answer.
  const certificate = decodeCertificate(Uint8Array.from(range.certificate))
  const certified = { ...last, certificate }
  if (!isFinalBy(end.chainId, end.set, certified)) throw wrong('the certificate does not hold', height)
  finals[finals.length - 1] = certified
  return { finals, nextSet: nextSetOf(end, last.block, range.nextSet), sizeBytes }
}

/** True if the body is the one that the header commits to. */
export function bodyMatches({ header, rootCertificate, transactions, quarantines }: Block): boolean {
  const named = rootCertificate === null ? new Uint8Array(32) : certificateHash(rootCertificate)
  return (
    transactions.length === header.transactionCount &&
    equalBytes(certificatesHash(named, quarantines), header.certificateHash) &&
    equalBytes(transactionsRoot(transactions), header.transactionsRoot)
  )
}

/** True if the block has a certificate by which a quorum of the set made it final. */
export function isFinalBy(chainId: Uint8Array, set: DelegateSet, { hash, block, certificate }: FinalRecord): boolean {
  if (certificate === null) return false
  const { term, slot, kind, value, bitmap, signature } = certificate
  const seats = seatsOf(bitmap, set.members.length)
  // The last block of a term may have been proposed again in a later slot.
  if (kind !== FINAL || term !== set.term || slot < block.header.slot || !equalBytes(value, hash)) return false
  if (seats === undefined || seats.length < quorum(set.members.length)) return false
  const keys = seats.map((seat) => set.members[seat]!.key)
  try {
    return bls.verifyAggregate(keys, statementHash({ chainId, term, slot, kind, value }), signature)
  } catch (error) {
    if (SmartshareError.is(error)) return false
    throw error
  }
}

function nextSetOf(end: ChainEnd, { header }: Block, encoded: Uint8Array | null): DelegateSet | null {
  if (header.nextSet === null || header.height < end.lastHeight) return null
  const set = encoded === null ? undefined : decodeSet(Uint8Array.from(encoded))
  if (set === undefined || set.term !== end.set.term + 1 || !equalBytes(setHash(set), header.nextSet)) {
    throw wrong('the next set is missing or another', header.height)
  }
  return set
}

function wrong(why: string, height: number): SmartshareError {
  return new SmartshareError('SYNC_RANGE', `a range of blocks cannot be used: ${why}`, { height })
}
