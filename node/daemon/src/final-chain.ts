import {
  type Block,
  type Certificate,
  decodeBlock,
  decodeCertificate,
  encodeBlock,
  encodeCertificate,
  headerHash,
  MAX_BLOCK_BYTES,
} from '@smartshare/chain'
import { bytes, decode, encode, optional, record, SmartshareError } from '@smartshare/codec'
import type { BlockLog } from '@smartshare/store'

const MAX_CERTIFICATE_BYTES = 1_024
/** Final blocks kept in memory below the last named root: proposals of other branches may name a little older ones. */
const MARGIN = 16

const recordSchema = record({
  block: bytes(MAX_BLOCK_BYTES),
  certificate: optional(bytes(MAX_CERTIFICATE_BYTES)),
})

/** A final block with its own Final certificate, if it has one and not just a descendant. */
export interface FinalRecord {
  readonly hash: Uint8Array
  readonly block: Block
  readonly certificate: Certificate | null
}

/** The final blocks: all in the block log, those that a named root does not cover yet in memory too. */
export class FinalChain {
  private readonly log: BlockLog
  private readonly recent = new Map<number, FinalRecord>()
  private oldest: number
  private tip: number
  private certified: FinalRecord | undefined

  private constructor(log: BlockLog) {
    this.log = log
    this.tip = log.lastHeight ?? 0
    this.oldest = this.tip + 1
  }

  /** Reads the last final blocks back, down to the root that the last one names. */
  static async open(log: BlockLog): Promise<FinalChain> {
    const chain = new FinalChain(log)
    let rootHeight = chain.tip
    for (let height = chain.tip; height > 0; height--) {
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

  /** The last final block; undefined if there is only genesis. */
  get last(): FinalRecord | undefined {
    return this.recent.get(this.tip)
  }

  /** The latest final block that has a Final certificate of its own. */
  get latestCertified(): FinalRecord | undefined {
    return this.certified
  }

  /** Adds the next final block; resolves when it is on disk, with the block as it was written. */
  async append(final: FinalRecord): Promise<Uint8Array> {
    const { height, rootHeight } = final.block.header
    if (height !== this.tip + 1) throw new SmartshareError('STATE_DAMAGED', `final height ${height} after ${this.tip}`)
    this.tip = height
    this.recent.set(height, final)
    if (final.certificate !== null) this.certified = final
    for (; this.oldest < rootHeight - MARGIN; this.oldest++) this.recent.delete(this.oldest)
    const block = encodeBlock(final.block)
    const certificate = final.certificate === null ? null : encodeCertificate(final.certificate)
    await this.log.append(height, encode(recordSchema, { block, certificate }))
    return block
  }

  /** A final block that is still in memory. */
  recentAt(height: number): FinalRecord | undefined {
    return this.recent.get(height)
  }

  async at(height: number): Promise<FinalRecord | undefined> {
    if (height < 1 || height > this.tip) return undefined
    return this.recent.get(height) ?? (await this.read(height))
  }

  private async read(height: number): Promise<FinalRecord> {
    const stored = await this.log.read(height)
    if (stored === undefined) throw new SmartshareError('STATE_DAMAGED', `final block ${height} is missing in the log`)
    const { block: encoded, certificate } = decode(recordSchema, stored)
    const block = decodeBlock(encoded)
    return {
      hash: headerHash(block.header),
      block,
      certificate: certificate === null ? null : decodeCertificate(certificate),
    }
  }
}
