import type { Header } from '@smartshare/chain'
import { compactLog, decodeRecord, encodeRecord, type LogRecord, type TermStart } from '@smartshare/consensus'
import type { OpenedVoteLog, VoteLog } from '@smartshare/store'
import type { ConsensusLog } from './consensus-driver.ts'

/** Bytes written since the last compaction after which the log is compacted again. */
const COMPACT_BYTES = 64 * 1024 * 1024

/**
 * What consensus learned, on disk before it is sent (docs/spec/chain.md): a restart goes on from it. What is lost of it is learned
 * anew; what the delegate promised lies with its signer.
 */
export class RecordLog implements ConsensusLog {
  /** The term that ran last. */
  readonly term: TermStart | undefined
  private readonly log: VoteLog
  private records: LogRecord[]
  private writtenBytes = 0

  private constructor({ log, records }: OpenedVoteLog) {
    this.log = log
    this.records = records.map(decodeRecord)
    this.term = this.records.findLast((record) => record.type === 'term')?.start
  }

  /** `lastFinal`: the last block that the block log holds. */
  static async open(opened: OpenedVoteLog, lastFinal: Header | null): Promise<RecordLog> {
    const log = new RecordLog(opened)
    await log.compact(lastFinal)
    return log
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
  }

  /** True if so much was written that compaction is worth it. */
  get isLong(): boolean {
    return this.writtenBytes > COMPACT_BYTES
  }

  /** Drops what no restart needs any more. */
  async compact(lastFinal: Header | null): Promise<void> {
    this.records = compactLog(this.records, lastFinal)
    this.writtenBytes = 0
    // Appends that come meanwhile follow after these in the file, as they do in memory.
    await this.log.rewrite(this.records.map(encodeRecord))
  }
}
