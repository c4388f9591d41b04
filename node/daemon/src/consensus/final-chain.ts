import type { Header } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { BlockLog } from '@smartshare/store'
import { decodeFinal, encodeFinal, type FinalRecord } from './final-record.ts'

/** Final blocks kept in memory below the last named root: proposals of other branches may name a little older ones. */
const MARGIN = 16

/** The final blocks: all in the block log, those that a named root does not cover yet in memory too. */
export class FinalChain {
  private readonly log: BlockLog
  private readonly recent = new Map<number, FinalRecord>()
  private oldest: number
  private tip: number
  private certified: FinalRecord | undefined
  /** Blocks above it are kept in memory whatever is named: who waits for their execution needs them. */
  private executed: number

  private constructor(log: BlockLog) {
    this.log = log
    this.tip = log.lastHeight ?? 0
    this.oldest = this.tip + 1
    this.executed = this.tip
  }

  /** Reads the last final blocks back, down to the root that the last one names. */
  static async open(log: BlockLog): Promise<FinalChain> {
    const chain = new FinalChain(log)
    let rootHeight = chain.tip
    const lowest = log.firstHeight ?? 1
    for (let height = chain.tip; height >= lowest; height--) {
      const final = await chain.read(height)
      if (height === chain.tip) rootHeight = final.block.header.rootHeight
      chain.recent.set(height, final)
      chain.oldest = height
      if (final.certificate !== null) chain.certified ??= final
      if (height <= rootHeight - MARGIN && chain.certified !== undefined) break
    }
    return chain
  }

  /** Height of the last final block; 0 if there is only genesis. */
  get height(): number {
    return this.tip
  }

  /** The lowest height whose block is still in the log; one above the last if there is none. */
  get lowestHeight(): number {
    return this.log.firstHeight ?? this.tip + 1
  }

  /** Throws BLOCK_PRUNED if the block of a height was here once, or never because the state was fetched. */
  checkKept(height: number): void {
    const lowest = this.lowestHeight
    if (height < 1 || height >= lowest || height > this.tip) return
    throw new SmartshareError('BLOCK_PRUNED', `blocks below height ${lowest} are not kept here`, { height, lowest })
  }

  /** The last final block; undefined if there is only genesis. */
  get last(): FinalRecord | undefined {
    return this.recent.get(this.tip)
  }

  /** The latest final block that has a Final certificate of its own. */
  get latestCertified(): FinalRecord | undefined {
    return this.certified
  }

  /** Adds the next final block; resolves when it is on disk, with its bytes there (`encodeFinal`). */
  async append(final: FinalRecord): Promise<Uint8Array> {
    const { height, rootHeight } = final.block.header
    if (height !== this.tip + 1) throw new SmartshareError('STATE_DAMAGED', `final height ${height} after ${this.tip}`)
    this.tip = height
    this.recent.set(height, final)
    if (final.certificate !== null) this.certified = final
    this.forget(rootHeight)
    const encoded = encodeFinal(final)
    await this.log.append(height, encoded)
    return encoded
  }

  /** Drops the oldest files of the log as far as they lie wholly below a height. */
  prune(height: number): Promise<void> {
    return this.log.prune(height)
  }

  noteExecuted(height: number): void {
    this.executed = height
    this.forget(this.last?.block.header.rootHeight ?? 0)
  }

  private forget(rootHeight: number): void {
    const keep = Math.min(rootHeight - MARGIN, this.executed)
    for (; this.oldest < keep; this.oldest++) this.recent.delete(this.oldest)
  }

  /** A final block that is still in memory. */
  recentAt(height: number): FinalRecord | undefined {
    return this.recent.get(height)
  }

  /** Headers of the last final blocks above a height, ascending, at most so many. */
  async headersAbove(base: number, most: number): Promise<Header[]> {
    const headers: Header[] = []
    for (let height = this.height; height > base && headers.length < most; height--) {
      headers.push((await this.at(height))!.block.header)
    }
    return headers.reverse()
  }

  /** A final block; undefined above the last one. Throws BLOCK_PRUNED. */
  async at(height: number): Promise<FinalRecord | undefined> {
    if (height < 1 || height > this.tip) return undefined
    const recent = this.recent.get(height)
    if (recent !== undefined) return recent
    this.checkKept(height)
    return this.read(height)
  }

  /** The bytes of a final block in the log; undefined if it is not there. */
  async encodedAt(height: number): Promise<Uint8Array | undefined> {
    return this.log.read(height)
  }

  private async read(height: number): Promise<FinalRecord> {
    const stored = await this.log.read(height)
    if (stored === undefined) throw new SmartshareError('STATE_DAMAGED', `final block ${height} is missing in the log`)
    return decodeFinal(stored)
  }
}
