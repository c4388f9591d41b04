import type { Header } from '@smartshare/chain'
import { compactLog, decodeRecord, encodeRecord, type LogRecord, type TermStart } from '@smartshare/consensus'
import type { OpenedVoteLog, VoteLog } from '@smartshare/store'
import type { ConsensusLog } from './consensus-driver.ts'

/** Bytes written since the last compaction after which the log is compacted again. */
const COMPACT_BYTES = 64 * 1024 * 1024

/** What consensus promised and learned, on disk before it is sent (docs/spec/chain.md). */
export class PromiseLog implements ConsensusLog {
  /** False if the log was lost or damaged: the delegate then stays silent until a later term. */
  readonly intact: boolean
  /** The term that ran last. */
  readonly term: TermStart | undefined
  private readonly log: VoteLog
  private records: LogRecord[]
  private writtenBytes = 0
  /** A damaged log may only be replaced once it holds the floor below which the delegate must stay silent. */
  private mayReplace: boolean

  private constructor({ log, records, damage }: OpenedVoteLog) {
    this.log = log
    this.intact = damage === undefined
    this.mayReplace = this.intact
    this.records = records.map(decodeRecord)
    this.term = this.records.findLast((record) => record.type === 'term')?.start
  }

  /** `lastFinal`: the last block that the block log holds. */
  static async open(opened: OpenedVoteLog, lastFinal: Header | null): Promise<PromiseLog> {
    const promises = new PromiseLog(opened)
    await promises.compact(lastFinal)
    return promises
  }

  /** What a restart begins with. */
  get recovered(): readonly LogRecord[] {
    return this.records
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    const encoded = records.map(encodeRecord)
    this.records.push(...records)
    this.writtenBytes += encoded.reduce((sum, one) => sum + one.length, 0)
    await this.log.append(encoded)
    if (records.some(({ type }) => type === 'floor')) this.mayReplace = true
  }

  /** True if so much was written that compaction is worth it. */
  get isLong(): boolean {
    return this.writtenBytes > COMPACT_BYTES
  }

  /** Drops what no restart needs any more. */
  async compact(lastFinal: Header | null): Promise<void> {
    if (!this.mayReplace) return
    this.records = compactLog(this.records, lastFinal)
    this.writtenBytes = 0
    // Appends that come meanwhile follow after these in the file, as they do in memory.
    await this.log.rewrite(this.records.map(encodeRecord))
  }
}
