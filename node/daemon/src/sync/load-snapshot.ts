import { type DelegateSet, encodeCertificate, encodeHeader, encodeSet, setHash } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { encodeRecord, type LogRecord, type TermStart, termAfter } from '@smartshare/consensus'
import { equalBytes } from '@smartshare/crypto'
import { currentTerm, nextSet } from '@smartshare/runtime'
import type { StateReader } from '@smartshare/state'
import {
  type ChainStore,
  type Manifest,
  type OpenedStore,
  partsOf,
  readChunk,
  type SnapshotFolder,
} from '@smartshare/store'
import { encodeFinal } from '../consensus/final-record.ts'
import { type AnchoredBlock, type CheckedAnchor, readAnchor } from './anchor.ts'
import { isFinalBy } from './check-range.ts'

export interface SnapshotToLoad {
  readonly folder: SnapshotFolder
  readonly manifest: Manifest
  readonly anchor: CheckedAnchor
  readonly store: ChainStore
  readonly chainId: Uint8Array
}

/**
 * Fills an empty store from chunks that were checked. Throws SNAPSHOT_MISSING if one is gone, SNAPSHOT_MANIFEST if the anchor does
 * not fit the state, STATE_DAMAGED if the chunks are not what they were.
 */
export async function loadSnapshot({ folder, manifest, anchor, store, chainId }: SnapshotToLoad): Promise<void> {
  const { height, range, final } = anchor
  await store.load(entriesOf(folder, manifest), () => {
    const { before, after } = setsAt(store.state, anchor, chainId)
    const { header } = final.block
    return {
      facts: {
        height,
        blockHash: final.hash,
        stateRoot: anchor.stateRoot,
        rangeRoot: range.root(),
        receiptsRoot: anchor.receiptsRoot,
        term: before.term,
        nextSetHash: setHash(after),
      },
      range,
      header: { header: encodeHeader(header), certificate: encodeCertificate(final.certificate!) },
      sets: [before, after].map((set) => ({ term: set.term, set: encodeSet(set) })),
    }
  })
}

/** Has the block log and consensus go on from the block at which the state stands. May be repeated after a crash. */
export async function settleSnapshot({
  manifest,
  folder,
  chainId,
  silentUntilMs,
}: {
  readonly manifest: Manifest
  readonly folder: OpenedStore
  readonly chainId: Uint8Array
  /** 0, or the time until which a delegate must not have signed: what it signed elsewhere is not known here. */
  readonly silentUntilMs: number
}): Promise<void> {
  const anchor = readAnchor(chainId, manifest.anchor)
  const { before, after } = setsAt(folder.state.state, anchor, chainId)
  if (folder.blocks.lastHeight === undefined) await folder.blocks.append(manifest.height, encodeFinal(anchor.final))
  const { hash, block, certificate } = anchor.final
  const { height, timeMs, rootHeight, stateRoot, rangeRoot } = block.header
  // Of the old term only its set and the accumulator on which it stood matter.
  const base = {
    hash,
    height,
    timeMs,
    rootHeight,
    stateRoot,
    rangeRoot,
    rootCertificate: null,
    accumulator: anchor.accumulator,
  }
  const old: TermStart = { set: before, base, seed: anchor.accumulator, previous: null }
  const start = termAfter(old, { hash, block, terminal: certificate! }, anchor.headers, after)
  const records: LogRecord[] = [{ type: 'term', start }]
  if (silentUntilMs > 0) records.push({ type: 'floor', term: after.term, slot: 0, silentUntilMs })
  await folder.votes.log.append(records.map(encodeRecord))
}

/** The set of the term that ends at the anchor and the next one, as the state names them, both checked against its block. */
function setsAt(
  state: Pick<StateReader, 'get'>,
  { final }: AnchoredBlock,
  chainId: Uint8Array,
): { before: DelegateSet; after: DelegateSet } {
  const { header } = final.block
  const { term, members } = currentTerm(state)
  const before = { term, members }
  const after = nextSet(state)
  const fits = term === header.term && after !== undefined && header.nextSet !== null
  if (!fits || !equalBytes(setHash(after), header.nextSet!) || !isFinalBy(chainId, before, final)) {
    throw new SmartshareError(
      'SNAPSHOT_MANIFEST',
      'a snapshot cannot be used: its last block does not end the term of its state',
    )
  }
  return { before, after }
}

async function* entriesOf(folder: SnapshotFolder, { height, depths }: Manifest) {
  for (const index of partsOf(depths).keys()) {
    const chunk = await folder.chunk(height, index)
    if (chunk === undefined) {
      throw new SmartshareError('SNAPSHOT_MISSING', `chunk ${index} of the snapshot is missing`, { height, index })
    }
    yield readChunk(chunk).entries
  }
}
