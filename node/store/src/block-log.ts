import { SmartshareError } from '@smartshare/codec'
import { Appender } from './appender.ts'
import type { Disk, DiskFile } from './disk.ts'
import { encodeFrames, type PlacedFrame } from './frame.ts'
import {
  BLOCK,
  damaged,
  decodeIndex,
  encodeIndex,
  HEADER,
  headerPayload,
  readFrame,
  readHeader,
  scanFile,
  writeWhole,
} from './segment.ts'

/** A segment takes no more blocks above this size. */
const SEGMENT_BYTES = 64 * 1_048_576
/** Finished segments whose index is kept in memory. */
const MOST_INDEXES = 16

export interface BlockLogOptions {
  readonly chainId: Uint8Array
  readonly segmentBytes?: number
}

export interface LoggedBlock {
  readonly height: number
  /** What was appended: the block with its certificate, in the caller's encoding. */
  readonly payload: Uint8Array
}

/** A segment that is full and never changes again. */
interface Finished {
  readonly name: string
  readonly first: number
  readonly last: number
}

/** The segment at the end of the log. */
interface Growing {
  readonly name: string
  readonly path: string
  readonly file: DiskFile
  readonly appender: Appender
  readonly first: number
  /** Where the durable blocks begin. */
  readonly places: number[]
  /** The height that is to be handed to the appender next. */
  next: number
}

/**
 * The final blocks of the chain in the order of heights, in files of about 64 MiB. It is the write-ahead log of the
 * state: `append` resolves only when the block is durable, and after a crash execution takes up from here.
 *
 * A file is never changed but at its end. A tail that was torn off by a crash is cut when the log is opened; damage to
 * anything that was acknowledged is refused with LOG_DAMAGED, when it is opened or when it is read.
 */
export class BlockLog {
  readonly #disk: Disk
  readonly #folder: string
  readonly #chainId: Uint8Array
  readonly #segmentBytes: number
  #finished: Finished[] = []
  readonly #indexes = new Map<string, readonly number[]>()
  /** Undefined while the log has no file. */
  #growing: Growing | undefined
  /** The height that is to be appended next; undefined: any. */
  #next: number | undefined
  /** Counts failures: blocks that were handed over before one must not be written after it. */
  #failures = 0
  /** The last append: it ends after all before it. */
  #told: Promise<unknown> = Promise.resolve()
  /** Changes of files, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #turns = 0
  #closed = false

  private constructor(disk: Disk, folder: string, options: BlockLogOptions) {
    this.#disk = disk
    this.#folder = folder
    this.#chainId = options.chainId
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES
  }

  /** Throws LOG_DAMAGED, STORE_OTHER_GENESIS, STORE_VERSION or STORE_IO. */
  static async open(disk: Disk, folder: string, options: BlockLogOptions): Promise<BlockLog> {
    const log = new BlockLog(disk, folder, options)
    await disk.makeFolder(folder)
    const names = (await disk.list(folder)).filter((name) => /^blocks-\d{8}\.log$/.test(name))
    for (const [i, name] of names.entries()) {
      if (i < names.length - 1) await log.#openFinished(name)
      else await log.#openLast(name)
    }
    return log
  }

  /** Lowest height in the log; undefined if it is empty. */
  get firstHeight(): number | undefined {
    return this.#finished[0]?.first ?? (this.lastHeight === undefined ? undefined : this.#growing?.first)
  }

  /** Highest durable height; undefined if the log is empty. */
  get lastHeight(): number | undefined {
    const growing = this.#growing
    if (growing !== undefined && growing.places.length > 0) return growing.first + growing.places.length - 1
    return this.#finished.at(-1)?.last
  }

  /**
   * Resolves when the block is durable, and not before all appends called before it have settled. The first block may
   * have any height, every other must be the next (LOG_ORDER). After an error nothing of it is in the log, nor of the
   * blocks handed over after it, and the height may be tried again.
   */
  async append(height: number, payload: Uint8Array): Promise<void> {
    if (this.#closed) throw new SmartshareError('LOG_CLOSED', 'The log is closed')
    if (this.#next !== undefined && height !== this.#next) throw outOfOrder(height, this.#next)
    this.#next = height + 1
    const written = this.#handOver(height, payload)
    // The ways to the disk differ in length: without this a later block could be told of first.
    const told = Promise.allSettled([this.#told, written]).then(() => written)
    this.#told = told
    await told
  }

  /** The payload of a height; undefined if it is not in the log. Throws LOG_DAMAGED. */
  async read(height: number): Promise<Uint8Array | undefined> {
    const growing = this.#growing
    if (growing !== undefined && height >= growing.first) {
      const place = growing.places[height - growing.first]
      return place === undefined ? undefined : await readBlock(growing.file, growing.path, place, height)
    }
    const segment = this.#finished.findLast(({ first, last }) => height >= first && height <= last)
    if (segment === undefined) return undefined
    const path = this.#pathOf(segment.name)
    try {
      const places = this.#indexes.get(segment.name) ?? (await this.#openSegment(segment.name)).places
      const file = await this.#disk.open(path, false)
      try {
        return await readBlock(file, path, places[height - segment.first] as number, height)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (!SmartshareError.is(error, 'STORE_MISSING')) throw error
      if (!this.#finished.includes(segment)) return undefined
      throw damaged(path, 0, 'the file has vanished')
    }
  }

  /** Blocks from a height on, up to the end of the log or the limits; at least one if there is one. */
  async *range(from: number, most: { blocks: number; bytes: number }): AsyncGenerator<LoggedBlock> {
    let bytes = 0
    for (let height = from; height < from + most.blocks; height += 1) {
      const payload = await this.read(height)
      if (payload === undefined) return
      bytes += payload.length
      if (height > from && bytes > most.bytes) return
      yield { height, payload }
    }
  }

  /** Removes the oldest files as long as all their blocks are below `height`. */
  prune(height: number): Promise<void> {
    return this.#inTurn(async () => {
      while ((this.#finished[0]?.last ?? height) < height) {
        const { name } = this.#finished.shift() as Finished
        await this.#removeSegment(name)
      }
    })
  }

  /** Removes all blocks, so that the log can go on at another height after the state was fetched from peers. */
  clear(): Promise<void> {
    return this.#inTurn(async () => {
      const names = this.#finished.map(({ name }) => name)
      if (this.#growing !== undefined) {
        await this.#growing.appender.idle()
        await this.#growing.file.close()
        names.push(this.#growing.name)
      }
      this.#growing = undefined
      this.#finished = []
      this.#next = undefined
      // From the end, so that after a crash the rest is still without a gap.
      for (const name of names.reverse()) await this.#removeSegment(name)
    })
  }

  /** Waits for what is being written and closes the file. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#inTurn(async () => {
      await this.#growing?.appender.idle()
      await this.#growing?.file.close()
    })
  }

  async #handOver(height: number, payload: Uint8Array): Promise<void> {
    const failures = this.#failures
    try {
      const growing = this.#growing
      // While no files are changed, blocks go straight to the appender and share its syncs.
      if (this.#turns === 0 && growing !== undefined && growing.next === height && this.#hasRoom(growing)) {
        await this.#write(growing, height, payload)
      } else {
        await this.#writeInTurn(height, payload, failures)
      }
    } catch (error) {
      this.#fail(failures)
      throw error
    }
  }

  async #writeInTurn(height: number, payload: Uint8Array, failures: number): Promise<void> {
    let written: Promise<void> | undefined
    await this.#inTurn(async () => {
      const growing = await this.#segmentFor(height, failures)
      written = this.#write(growing, height, payload)
      // Here only the order is kept; who waits for the disk is told below.
      written.catch(() => {})
    })
    await written
  }

  async #write(growing: Growing, height: number, payload: Uint8Array): Promise<void> {
    growing.next = height + 1
    const failures = this.#failures
    try {
      const [place] = await growing.appender.append([{ kind: BLOCK, number: height, payload }])
      growing.places.push(place as number)
    } catch (error) {
      this.#fail(failures)
      throw error
    }
  }

  /** After a failure only the height after the last durable one is taken; those handed over before it are refused. */
  #fail(failures: number): void {
    if (failures !== this.#failures) return
    this.#failures += 1
    this.#next = this.lastHeight === undefined ? undefined : this.lastHeight + 1
    if (this.#growing !== undefined) this.#growing.next = this.#growing.first + this.#growing.places.length
  }

  #hasRoom({ appender }: Growing): boolean {
    return appender.durableBytes + appender.waitingBytes < this.#segmentBytes
  }

  async #segmentFor(height: number, failures: number): Promise<Growing> {
    const growing = this.#growing
    // What is being written now must be known before the next file begins: it may fail.
    if (growing?.next !== height || !this.#hasRoom(growing)) await growing?.appender.idle()
    if (failures !== this.#failures) throw outOfOrder(height, this.#next ?? height)
    if (growing !== undefined) {
      if (growing.next === height && this.#hasRoom(growing)) return growing
      if (growing.places.length > 0) await this.#finish(growing)
      else await growing.file.close()
      this.#growing = undefined
    }
    const before = this.#finished.at(-1)
    const number = before === undefined ? 1 : Number(before.name.slice(7, 15)) + 1
    this.#growing = await this.#create(`blocks-${String(number).padStart(8, '0')}.log`, height)
    return this.#growing
  }

  async #create(name: string, first: number): Promise<Growing> {
    const path = this.#pathOf(name)
    const header = encodeFrames([{ kind: HEADER, number: first, payload: headerPayload(this.#chainId, 0) }], 0)
    await writeWhole(this.#disk, this.#folder, name, header)
    const file = await this.#disk.open(path, false)
    return { name, path, file, appender: new Appender(file, header.length), first, places: [], next: first }
  }

  /** Writes the index of a full segment and stops growing it. */
  async #finish({ name, first, places, file, appender }: Growing): Promise<void> {
    await writeWhole(this.#disk, this.#folder, indexName(name), encodeIndex(first, appender.durableBytes, places))
    await file.close()
    this.#growing = undefined
    this.#finished.push({ name, first, last: first + places.length - 1 })
    this.#remember(name, places)
  }

  async #openFinished(name: string): Promise<void> {
    const { first, places } = await this.#openSegment(name)
    this.#expectNext(first, name)
    const last = first + places.length - 1
    this.#finished.push({ name, first, last })
    this.#next = last + 1
  }

  /** Reads the index of a finished segment; if that is lost, the segment itself, and writes the index again. */
  async #openSegment(name: string): Promise<{ first: number; places: readonly number[] }> {
    const path = this.#pathOf(name)
    const file = await this.#disk.open(path, false)
    try {
      const sizeBytes = await file.size()
      let index = await this.#readIndex(name, sizeBytes)
      if (index === undefined) {
        const { frames, end, damage } = await scanFile(file, path)
        if (damage !== undefined) throw damage
        // Only the last file may end in the middle of a record: this one was finished.
        if (end !== sizeBytes) throw damaged(path, end, 'the file is cut off')
        index = this.#blocksOf(frames, path)
        await writeWhole(this.#disk, this.#folder, indexName(name), encodeIndex(index.first, sizeBytes, index.places))
      }
      this.#remember(name, index.places)
      return index
    } finally {
      await file.close()
    }
  }

  async #readIndex(name: string, sizeBytes: number): Promise<{ first: number; places: number[] } | undefined> {
    try {
      const file = await this.#disk.open(this.#pathOf(indexName(name)), false)
      try {
        return decodeIndex(await file.read(0, await file.size()), sizeBytes)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (SmartshareError.is(error, 'STORE_MISSING')) return undefined
      throw error
    }
  }

  async #openLast(name: string): Promise<void> {
    const path = this.#pathOf(name)
    const file = await this.#disk.open(path, false)
    try {
      const { frames, end, damage } = await scanFile(file, path)
      if (damage !== undefined) throw damage
      const { first, places } = this.#blocksOf(frames, path)
      this.#expectNext(first, name)
      if (end < (await file.size())) {
        await file.truncate(end)
        await file.sync()
      }
      const next = first + places.length
      this.#growing = { name, path, file, appender: new Appender(file, end), first, places, next }
      if (places.length > 0) this.#next = next
    } catch (error) {
      await file.close()
      throw error
    }
  }

  #blocksOf(frames: readonly PlacedFrame[], path: string): { first: number; places: number[] } {
    const [header, ...blocks] = frames
    if (header === undefined) throw damaged(path, 0, 'there is no header')
    readHeader(header, this.#chainId, path)
    for (const [i, { kind, number, at }] of blocks.entries()) {
      if (kind !== BLOCK || number !== header.number + i) throw damaged(path, at, 'a block is missing')
    }
    return { first: header.number, places: blocks.map(({ at }) => at) }
  }

  #expectNext(first: number, name: string): void {
    if (this.#next === undefined || first === this.#next) return
    throw damaged(this.#pathOf(name), 0, `the file with height ${this.#next} is missing`)
  }

  async #removeSegment(name: string): Promise<void> {
    this.#indexes.delete(name)
    await this.#disk.remove(this.#pathOf(name))
    await this.#disk.remove(this.#pathOf(indexName(name)))
    await this.#disk.syncFolder(this.#folder)
  }

  #remember(name: string, places: readonly number[]): void {
    this.#indexes.set(name, places)
    const [oldest] = this.#indexes.keys()
    if (this.#indexes.size > MOST_INDEXES && oldest !== undefined) this.#indexes.delete(oldest)
  }

  #pathOf(name: string): string {
    return `${this.#folder}/${name}`
  }

  /** Runs work after all work before it. */
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

async function readBlock(file: DiskFile, path: string, place: number, height: number): Promise<Uint8Array> {
  const frame = await readFrame(file, place, path)
  if (frame.kind !== BLOCK || frame.number !== height) throw damaged(path, place, 'another record is there')
  return frame.payload
}

function indexName(name: string): string {
  return name.replace(/\.log$/, '.index')
}

function outOfOrder(height: number, next: number): SmartshareError {
  return new SmartshareError('LOG_ORDER', `The log goes on at height ${next}`, { height, next })
}
