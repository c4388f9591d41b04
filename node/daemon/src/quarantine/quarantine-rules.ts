import {
  type Block,
  type DelegateSet,
  headerHash,
  MAX_BLOCK_QUARANTINES,
  parseTransaction,
  type Quarantine,
  type QuarantineSubject,
  quarantineStatementHash,
  quorum,
  seatsOf,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { bls, equalBytes } from '@smartshare/crypto'

// Which quarantines a block may carry, and which roots those after it may name (docs/spec/chain.md, "Quarantine").

/** Where a block stands: its own height and the one that it names as executed. */
interface Standing {
  readonly height: number
  readonly rootHeight: number
  readonly term: number
}

/** True if the block names a root whose execution an ancestor changes: the next one that it may name is that ancestor's. */
export function namesChangedRoot({ rootHeight }: Standing, lineage: readonly Block[]): boolean {
  return lineage.some(
    ({ header, quarantines }) =>
      header.height > rootHeight && quarantines.some((quarantine) => quarantine.height <= rootHeight),
  )
}

/** Of the quarantines at hand those that a block is to carry. `lineage`: its ancestors down to the named root. */
export function chooseQuarantines(
  offered: readonly Quarantine[],
  standing: Standing,
  lineage: readonly Block[],
  chainId: Uint8Array,
): Quarantine[] {
  return offered
    .filter((one) => one.term === standing.term && fits(one, standing, lineage, chainId))
    .sort(byPlace)
    .slice(0, MAX_BLOCK_QUARANTINES)
}

/** Throws BLOCK_QUARANTINE if a block may not carry what it carries. */
export function checkQuarantines(
  quarantines: readonly Quarantine[],
  standing: Standing,
  lineage: readonly Block[],
  { chainId, set }: { readonly chainId: Uint8Array; readonly set: DelegateSet },
): void {
  for (const [i, one] of quarantines.entries()) {
    if (i > 0 && byPlace(quarantines[i - 1]!, one) >= 0) throw invalid('that are out of order')
    if (!fits(one, standing, lineage, chainId)) throw invalid('of what is no transaction that waits for execution')
    if (!isByQuorum(one, chainId, set)) throw invalid('that no quorum signed')
  }
}

/**
 * Indexes of the transactions of a final block that later blocks quarantine. The first of these that names a root at its height or
 * above ends them, so that must be final.
 */
export async function quarantinedAt(
  height: number,
  blockAt: (height: number) => Promise<Pick<Block, 'header' | 'quarantines'> | undefined>,
): Promise<number[]> {
  const indexes: number[] = []
  for (let at = height + 1; ; at++) {
    const block = await blockAt(at)
    if (block === undefined || block.header.rootHeight >= height) return indexes
    indexes.push(...block.quarantines.filter((one) => one.height === height).map(({ index }) => index))
  }
}

/** True if one seat of the set signed this. */
export function isSignedBy(
  subject: QuarantineSubject & { readonly seat: number; readonly signature: Uint8Array },
  chainId: Uint8Array,
  set: DelegateSet,
): boolean {
  const key = set.members[subject.seat]?.key
  if (key === undefined || subject.term !== set.term) return false
  return holds(() => bls.verify(key, quarantineStatementHash(chainId, subject), subject.signature))
}

function isByQuorum(one: Quarantine, chainId: Uint8Array, set: DelegateSet): boolean {
  const seats = seatsOf(one.bitmap, set.members.length)
  if (one.term !== set.term || seats === undefined || seats.length < quorum(set.members.length)) return false
  const keys = seats.map((seat) => set.members[seat]!.key)
  return holds(() => bls.verifyAggregate(keys, quarantineStatementHash(chainId, one), one.signature))
}

/** True if the transaction stands in an ancestor above the named root, and no ancestor quarantines it yet. */
function fits(one: Quarantine, { rootHeight }: Standing, lineage: readonly Block[], chainId: Uint8Array): boolean {
  const block = lineage.find(({ header }) => header.height === one.height)
  if (block === undefined || one.height <= rootHeight || !names(one, block, chainId)) return false
  return !lineage.some(({ quarantines }) => quarantines.some((known) => byPlace(known, one) === 0))
}

/** True if the subject is a transaction of this block. */
export function names(
  { block: hash, index, transactionId }: QuarantineSubject,
  block: Block,
  chainId: Uint8Array,
): boolean {
  const wire = block.transactions[index]
  if (wire === undefined || !equalBytes(headerHash(block.header), hash)) return false
  return equalBytes(parseTransaction(wire, chainId).id, transactionId)
}

function byPlace(a: Pick<Quarantine, 'height' | 'index'>, b: Pick<Quarantine, 'height' | 'index'>): number {
  return a.height - b.height || a.index - b.index
}

/** Signature schemes throw for bytes that are no point of the curve: then the signature is wrong. */
function holds(check: () => boolean): boolean {
  try {
    return check()
  } catch (error) {
    if (SmartshareError.is(error)) return false
    throw error
  }
}

function invalid(what: string): SmartshareError {
  return new SmartshareError('BLOCK_QUARANTINE', `a block with quarantines ${what}`)
}
