import { SmartshareError } from '@smartshare/codec'
import type { Link } from '@smartshare/link'
import { type ChainStore, encodeManifest } from '@smartshare/store'
import type { FinalChain } from '../consensus/final-chain.ts'
import { splitFinal } from '../consensus/final-record.ts'
import { type Difference, differenceAt } from '../follow/difference.ts'
import { encodedHandOver } from './hand-overs.ts'
import {
  type BlockRange,
  decodeRequest,
  encodeAnswer,
  MAX_DIFFERENCES_BYTES,
  MAX_HAND_OVERS_PER_ANSWER,
  MAX_RANGE_BLOCKS,
  MAX_RANGE_BYTES,
  SYNC_LIMITS,
  SYNC_PROTOCOL,
  type SyncStatus,
} from './protocol.ts'
import type { Snapshots } from './snapshots.ts'

/** Differences that are kept ready. */
const MOST_REMEMBERED = 4

export interface ServerParts {
  readonly link: Link
  readonly chainId: Uint8Array
  readonly finals: FinalChain
  readonly store: ChainStore
  readonly snapshots: Pick<Snapshots, 'heights' | 'manifest' | 'chunk'>
  /** Height executed and on disk. */
  readonly committedHeight: () => number
}

/** Answers nodes that are behind, from what is executed and on disk. */
export class SyncServer {
  private readonly parts: ServerParts
  private readonly recent = new Map<number, Difference>()

  private constructor(parts: ServerParts) {
    this.parts = parts
  }

  static async start(parts: ServerParts): Promise<SyncServer> {
    const server = new SyncServer(parts)
    await parts.link.handle(SYNC_PROTOCOL, (request) => server.answer(request), SYNC_LIMITS)
    return server
  }

  private async answer(encoded: Uint8Array): Promise<Uint8Array> {
    const asked = decodeRequest(encoded)
    switch (asked.kind) {
      case 'status':
        return encodeAnswer('status', this.status())
      case 'blocks':
        return encodeAnswer('blocks', await this.range(asked.request.from, asked.request.count))
      case 'handOvers':
        return encodeAnswer('handOvers', this.handOvers(asked.request.term))
      case 'manifest':
        return encodeAnswer('manifest', encodeManifest(await this.parts.snapshots.manifest(asked.request.height)))
      case 'chunk':
        return encodeAnswer('chunk', await this.parts.snapshots.chunk(asked.request.height, asked.request.index))
      case 'differences':
        return encodeAnswer('differences', this.differences(asked.request.from, asked.request.count))
    }
  }

  /** Throws SYNC_NOT_THERE or SYNC_TOO_LARGE. */
  private differences(from: number, count: number): Difference[] {
    const { store, committedHeight } = this.parts
    if (from + count - 1 > committedHeight()) {
      throw new SmartshareError('SYNC_NOT_THERE', `height ${from + count - 1} is not executed here yet`)
    }
    const found: Difference[] = []
    let sizeBytes = 0
    for (let height = from; height < from + count; height++) {
      const difference = this.recent.get(height) ?? differenceAt(store, height)
      if (difference === undefined) {
        throw new SmartshareError('SYNC_NOT_THERE', `the difference of height ${height} is not kept here`)
      }
      this.remember(height, difference)
      sizeBytes += difference.changes.length + difference.receipts.length
      if (sizeBytes > MAX_DIFFERENCES_BYTES) {
        throw new SmartshareError('SYNC_TOO_LARGE', `the differences from ${from} on are too large to be handed over`)
      }
      found.push(difference)
    }
    return found
  }

  /** Many nodes ask for the same heights, the last ones. */
  private remember(height: number, difference: Difference): void {
    this.recent.delete(height)
    this.recent.set(height, difference)
    const [oldest] = this.recent.keys()
    if (this.recent.size > MOST_REMEMBERED && oldest !== undefined) this.recent.delete(oldest)
  }

  private handOvers(first: number): Uint8Array[] {
    const { store, committedHeight } = this.parts
    const found: Uint8Array[] = []
    for (let term = first; found.length < MAX_HAND_OVERS_PER_ANSWER; term++) {
      const encoded = encodedHandOver(store, committedHeight(), term)
      if (encoded === undefined) break
      found.push(encoded)
    }
    return found
  }

  private status(): SyncStatus {
    const { chainId, finals, committedHeight, snapshots } = this.parts
    return { chainId, lowest: finals.lowestHeight, height: committedHeight(), snapshots: [...snapshots.heights] }
  }

  /**
   * Final blocks of one term from a height on: `count` of them and on to the next certified one, or up to the last certified one
   * within the bounds. Throws BLOCK_PRUNED or SYNC_NOT_THERE.
   */
  private async range(from: number, count: number): Promise<BlockRange> {
    const { finals, store, committedHeight } = this.parts
    finals.checkKept(from)
    const term = from > committedHeight() ? undefined : store.facts(from)?.term
    if (term === undefined) throw new SmartshareError('SYNC_NOT_THERE', `height ${from} is not final here yet`)
    const blocks: Uint8Array[] = []
    let certified: { count: number; certificate: Uint8Array } = { count: 0, certificate: new Uint8Array(0) }
    let sizeBytes = 0
    for (let height = from; height <= committedHeight() && blocks.length < MAX_RANGE_BLOCKS; height++) {
      if (store.facts(height)?.term !== term) break
      const encoded = await finals.encodedAt(height)
      if (encoded === undefined) break
      const { block, certificate } = splitFinal(encoded)
      sizeBytes += block.length
      if (sizeBytes > MAX_RANGE_BYTES && blocks.length > 0) break
      blocks.push(block)
      if (certificate === null) continue
      certified = { count: blocks.length, certificate }
      if (blocks.length >= count) break
    }
    if (certified.count === 0)
      throw new SmartshareError('SYNC_NOT_THERE', `no block after ${from} is certified here yet`)
    const last = from + certified.count - 1
    // Of a last block that nothing follows yet only its header tells whether it ends the term: the set is given anyway.
    const isEnd = (store.facts(last + 1)?.term ?? term + 1) !== term
    const nextSet = isEnd ? store.electedSet(term + 1) : undefined
    return { blocks: blocks.slice(0, certified.count), certificate: certified.certificate, nextSet: nextSet ?? null }
  }
}
