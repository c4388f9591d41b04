import { SmartshareError } from '@smartshare/codec'
import { Appender } from './appender.ts'
import type { Disk, DiskFile } from './disk.ts'
import { encodeFrames, type Frame } from './frame.ts'
import { HEADER, headerPayload, readHeader, SEAL, scanFile, VOTE_RECORD, writeWhole } from './segment.ts'

const NAME = 'votes.log'
/** Marks in the header. */
const INTACT = 0
const DAMAGED = 1

export interface OpenedVoteLog {
  readonly log: VoteLog
  /** All records in their order; of a damaged log those before the damage. */
  readonly records: readonly Uint8Array[]
  /**
   * VOTELOG_DAMAGED if promises may be lost: the delegate must then sign nothing until a term begins that it cannot
   * have voted in. It is told again at every opening until `rewrite` has put a log in place that knows this.
   */
  readonly damage: SmartshareError | undefined
}

/**
 * What a delegate promised by signing, and what it needs to go on after a crash. Nothing may be sent before `append`
 * has resolved. The file holds little: at the latest with every term `rewrite` replaces it by what is still needed.
 */
export class VoteLog {
  readonly #disk: Disk
  readonly #folder: string
  readonly #chainId: Uint8Array
  #file: DiskFile
  #appender: Appender
  /** Rewriting and the appends that wait for it, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #turns = 0
  #closed = false

  private constructor(disk: Disk, folder: string, chainId: Uint8Array, file: DiskFile, sizeBytes: number) {
    this.#disk = disk
    this.#folder = folder
    this.#chainId = chainId
    this.#file = file
    this.#appender = new Appender(file, sizeBytes)
  }

  /**
   * `mustExist`: there was a log before, so if it is gone that is damage. Throws STORE_OTHER_GENESIS, STORE_VERSION,
   * STORE_IO or STORE_FULL.
   */
  static async open(disk: Disk, folder: string, chainId: Uint8Array, mustExist: boolean): Promise<OpenedVoteLog> {
    await disk.makeFolder(folder)
    const path = `${folder}/${NAME}`
    const names = await disk.list(folder)
    if (!names.includes(NAME)) {
      const damage = mustExist ? damagedVotes(path, 'the file is missing') : undefined
      return { log: await VoteLog.#make(disk, folder, chainId, [], damage !== undefined), records: [], damage }
    }
    const file = await disk.open(path, false)
    let kept = false
    let found: SmartshareError | undefined
    let records: Uint8Array[]
    try {
      const { frames, end, damage } = await scanFile(file, path)
      const [header] = frames
      const mark = header === undefined || header.kind !== HEADER ? DAMAGED : readHeader(header, chainId, path)
      records = frames.filter(({ kind }) => kind === VOTE_RECORD).map(({ payload }) => payload)
      found = damage
      if (damage === undefined && mark === INTACT) {
        if (end < (await file.size())) {
          await file.truncate(end)
          await file.sync()
        }
        kept = true
        return { log: new VoteLog(disk, folder, chainId, file, end), records, damage: undefined }
      }
    } finally {
      if (!kept) await file.close()
    }
    // The damaged file stays for whoever wants to look at it; the new one is marked until the caller rewrites it.
    if (found !== undefined) await disk.rename(path, `${folder}/votes.damaged`)
    const log = await VoteLog.#make(disk, folder, chainId, records, true)
    return {
      log,
      records,
      damage: damagedVotes(path, found?.message ?? 'it was found damaged before, or has no header'),
    }
  }

  /** Bytes in the file: a measure of when to rewrite it. */
  get sizeBytes(): number {
    return this.#appender.durableBytes
  }

  /** Resolves when all the records are durable. Throws STORE_FULL, LOG_BUSY, LOG_BROKEN, LOG_CLOSED or STORE_IO. */
  async append(records: readonly Uint8Array[]): Promise<void> {
    if (this.#closed) throw new SmartshareError('LOG_CLOSED', 'The log is closed')
    const frames = records.map(frameOf)
    if (this.#turns === 0) {
      await this.#appender.append(frames)
      return
    }
    let written: Promise<unknown> | undefined
    await this.#inTurn(async () => {
      written = this.#appender.append(frames)
      written.catch(() => {})
    })
    await written
  }

  /**
   * Replaces the log by these records, as a whole or, if it fails, not at all. They must hold everything that was promised
   * and still counts. Appends made meanwhile follow after them.
   */
  rewrite(records: readonly Uint8Array[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#appender.idle()
      const { file, sizeBytes } = await writeLog(this.#disk, this.#folder, this.#chainId, records, INTACT)
      await this.#file.close()
      this.#file = file
      this.#appender = new Appender(file, sizeBytes)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#inTurn(async () => {
      await this.#appender.idle()
      await this.#file.close()
    })
  }

  static async #make(
    disk: Disk,
    folder: string,
    chainId: Uint8Array,
    records: readonly Uint8Array[],
    isDamaged: boolean,
  ): Promise<VoteLog> {
    const { file, sizeBytes } = await writeLog(disk, folder, chainId, records, isDamaged ? DAMAGED : INTACT)
    return new VoteLog(disk, folder, chainId, file, sizeBytes)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#turns += 1
    const result = this.#turn.then(work)
    this.#turn = result
      .catch(() => {})
      .finally(() => {
        this.#turns -= 1
      })
    return result
  }
}

async function writeLog(
  disk: Disk,
  folder: string,
  chainId: Uint8Array,
  records: readonly Uint8Array[],
  mark: number,
): Promise<{ file: DiskFile; sizeBytes: number }> {
  const header: Frame = { kind: HEADER, number: 0, payload: headerPayload(chainId, mark) }
  const content = encodeFrames([header, ...records.map(frameOf)], 0)
  // The file appears as a whole, so no part of it can be a torn tail: that is what the seal says of all before it.
  const seal: Frame = { kind: SEAL, number: 0, payload: new Uint8Array() }
  const bytes = Buffer.concat([content, encodeFrames([seal], content.length)])
  await writeWhole(disk, folder, NAME, bytes)
  return { file: await disk.open(`${folder}/${NAME}`, false), sizeBytes: bytes.length }
}

function frameOf(payload: Uint8Array): Frame {
  return { kind: VOTE_RECORD, number: 0, payload }
}

function damagedVotes(path: string, reason: string): SmartshareError {
  return new SmartshareError('VOTELOG_DAMAGED', `Promises of this delegate may be lost: ${reason}`, { path })
}
