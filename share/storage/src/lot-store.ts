import { readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { type DataProof, DataTree, equalBytes, HASH_BYTES } from '@smartshare/crypto'
import { fileError, makeFolder } from './files.ts'
import { LotFolder, type LotReceipt } from './lot-folder.ts'
import { hashLot, LotWriter } from './lot-writer.ts'
import type { WorkerPool } from './worker-pool.ts'

/** Free bytes that stay on the disk, so that the agent itself can go on writing its small files. */
const DISK_MARGIN_BYTES = 16 * 1024 * 1024
/** Lots on one device; each is a folder and an entry in memory. */
const MAX_LOTS = 1_000_000
/** Trees of lots under inspection that are kept in memory: 512 KiB for each GiB of data. */
const MAX_CACHED_TREES = 8
const FOLDER_NAME = /^\d{1,16}$/

export interface LotStoreOptions {
  /** Folder of all lots. The caller holds its lock. */
  readonly folder: string
  /** Most bytes that lots may take, whether already written or only promised. */
  readonly quotaBytes: number
  readonly pool: WorkerPool
}

/** What the store knows of one lot. */
export interface LotEntry {
  readonly agreement: number
  readonly sizeBytes: number
  /** Present once the lot is complete. */
  readonly receipt: LotReceipt | undefined
}

/**
 * The lots of a provider on its disk, one folder for each agreement. Every byte is kept once. A lot is complete when
 * its receipt is there; what is not complete can be resumed.
 */
export class LotStore {
  readonly #options: LotStoreOptions
  readonly #lots: Map<number, LotEntry>
  readonly #writers = new Map<number, LotWriter>()
  readonly #trees = new Map<number, DataTree>()
  #promisedBytes = 0

  private constructor(options: LotStoreOptions, lots: Map<number, LotEntry>) {
    this.#options = options
    this.#lots = lots
    for (const { sizeBytes } of lots.values()) this.#promisedBytes += sizeBytes
  }

  /** Reads what is there; folders that never got their first file are removed. Throws STORAGE_IO, STORAGE_FULL. */
  static async open(options: LotStoreOptions): Promise<LotStore> {
    await makeFolder(options.folder)
    const lots = new Map<number, LotEntry>()
    for (const name of await readdir(options.folder)) {
      const path = join(options.folder, name)
      const folder = new LotFolder(path)
      const facts = FOLDER_NAME.test(name) ? await folder.readFacts() : undefined
      if (facts === undefined || facts.agreement !== Number(name)) {
        await rm(path, { recursive: true, force: true })
        continue
      }
      const receipt = await folder.readReceipt()
      lots.set(facts.agreement, { ...facts, receipt: receipt?.sizeBytes === facts.sizeBytes ? receipt : undefined })
    }
    return new LotStore(options, lots)
  }

  /** The threads that write and hash, and the memory through which they get their bytes. */
  get pool(): WorkerPool {
    return this.#options.pool
  }

  /** Bytes promised to all lots, written or not. */
  get promisedBytes(): number {
    return this.#promisedBytes
  }

  /** Bytes that new lots may still take. */
  get freeBytes(): number {
    return Math.max(0, this.#options.quotaBytes - this.#promisedBytes)
  }

  entries(): LotEntry[] {
    return [...this.#lots.values()]
  }

  entry(agreement: number): LotEntry | undefined {
    return this.#lots.get(agreement)
  }

  /**
   * Takes up the writing of a lot, new or begun before; only one writer at a time (STORAGE_IN_USE). Throws
   * STORAGE_FULL when quota or disk have no room for all of it, STORAGE_COMPLETE when it is complete already.
   */
  async write(agreement: number, sizeBytes: number): Promise<LotWriter> {
    const known = this.#lots.get(agreement)
    if (this.#writers.has(agreement)) throw new SmartshareError('STORAGE_IN_USE', 'this lot is being written')
    if (known?.receipt !== undefined) throw new SmartshareError('STORAGE_COMPLETE', 'this lot is complete already')
    if (known !== undefined && known.sizeBytes !== sizeBytes) {
      throw new SmartshareError('STORAGE_SIZE', 'this lot was begun with another size', { known: known.sizeBytes })
    }
    const folder = this.#folder(agreement)
    if (known === undefined) await this.#begin(folder, agreement, sizeBytes)
    const writer = await LotWriter.resume(folder, this.#options.pool, sizeBytes)
    if (this.#writers.has(agreement) || !this.#lots.has(agreement)) {
      await writer.close()
      throw new SmartshareError('STORAGE_IN_USE', 'this lot is being written or was just removed')
    }
    this.#writers.set(agreement, writer)
    return writer
  }

  /** Lets go of a lot that was being written; `receipt` from its writer's `finish` makes it complete. */
  async endWriting(agreement: number, receipt?: LotReceipt): Promise<void> {
    const writer = this.#writers.get(agreement)
    await writer?.close()
    this.#writers.delete(agreement)
    const known = this.#lots.get(agreement)
    if (receipt === undefined || known === undefined) return
    const folder = this.#folder(agreement)
    await folder.writeReceipt(receipt)
    this.#lots.set(agreement, { ...known, receipt })
  }

  /** Forgets the bytes of a lot that turned out wrong before its receipt was given; the promise of room stays. */
  async restart(agreement: number): Promise<void> {
    const known = this.#lots.get(agreement)
    if (known === undefined || known.receipt !== undefined) return
    await this.endWriting(agreement)
    const folder = this.#folder(agreement)
    await this.#erase(agreement)
    await makeFolder(folder.path)
    await folder.writeFacts({ agreement, sizeBytes: known.sizeBytes })
  }

  /** Bytes of a complete lot. Throws STORAGE_UNKNOWN, STORAGE_OFFSET, STORAGE_SHORT, STORAGE_IO. */
  async read(agreement: number, offset: number, length: number): Promise<Uint8Array> {
    const { sizeBytes } = this.#complete(agreement)
    if (offset + length > sizeBytes) {
      throw new SmartshareError('STORAGE_OFFSET', 'the lot ends before that', { offset, length, sizeBytes })
    }
    return this.#folder(agreement).read(offset, this.pool.memory.fresh(length))
  }

  /**
   * Opens segments of a complete lot, reading one block of 64 KiB for each. Throws DATA_DAMAGED, STORAGE_DAMAGED or
   * STORAGE_SHORT if the disk no longer holds what the receipt says: the provider hears of it first.
   */
  async prove(agreement: number, segments: readonly number[]): Promise<DataProof[]> {
    const receipt = this.#complete(agreement)
    const tree = await this.#tree(agreement, receipt)
    const proofs: DataProof[] = []
    for (const segment of segments) {
      const { offset, length } = tree.blockOf(segment)
      proofs.push(tree.prove(segment, await this.#folder(agreement).read(offset, new Uint8Array(length))))
    }
    return proofs
  }

  /**
   * Reads a whole lot again. A lost or damaged tree is written anew if the bytes are all right; of damaged bytes it tells
   * in how many blocks of 64 KiB they are. Throws STORAGE_SHORT or STORAGE_IO when the bytes cannot be read at all.
   */
  async scrub(agreement: number): Promise<{ blocks: number; damagedBlocks: number }> {
    const receipt = this.#complete(agreement)
    const folder = this.#folder(agreement)
    const tops = await hashLot(folder, this.#options.pool, receipt.sizeBytes)
    const found = DataTree.fromTops(receipt.sizeBytes, tops)
    this.#trees.delete(agreement)
    const blocks = tops.length / HASH_BYTES
    if (equalBytes(found.root, receipt.root)) {
      await folder.writeTops(tops)
      return { blocks, damagedBlocks: 0 }
    }
    const known = await folder.readTree(receipt).catch(() => undefined)
    if (known === undefined) return { blocks, damagedBlocks: blocks }
    const right = known.blockTops
    const isRight = (block: number) =>
      equalBytes(
        tops.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES),
        right.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES),
      )
    const damagedBlocks = Array.from({ length: blocks }, (_, block) => isRight(block)).filter((ok) => !ok).length
    return { blocks, damagedBlocks }
  }

  /** Deletes a lot. One that is being written is left alone until its writer ends (STORAGE_IN_USE). */
  async remove(agreement: number): Promise<void> {
    const known = this.#lots.get(agreement)
    if (known === undefined) return
    if (this.#writers.has(agreement)) throw new SmartshareError('STORAGE_IN_USE', 'this lot is being written')
    this.#lots.delete(agreement)
    this.#trees.delete(agreement)
    await this.#erase(agreement)
    this.#promisedBytes -= known.sizeBytes
  }

  /** Ends all writers. */
  async close(): Promise<void> {
    for (const agreement of [...this.#writers.keys()]) await this.endWriting(agreement)
  }

  #folder(agreement: number): LotFolder {
    return new LotFolder(join(this.#options.folder, String(agreement)))
  }

  async #begin(folder: LotFolder, agreement: number, sizeBytes: number): Promise<void> {
    if (sizeBytes > this.freeBytes) {
      const details = { sizeBytes, freeBytes: this.freeBytes, quotaBytes: this.#options.quotaBytes }
      throw new SmartshareError('STORAGE_FULL', 'the quota of this provider has no room for the lot', details)
    }
    if (this.#lots.size >= MAX_LOTS) throw new SmartshareError('STORAGE_FULL', 'too many lots', { max: MAX_LOTS })
    // Taken before the first wait, so that two lots at once cannot both have the last room.
    this.#promisedBytes += sizeBytes
    this.#lots.set(agreement, { agreement, sizeBytes, receipt: undefined })
    try {
      await this.#checkDisk(sizeBytes)
      await makeFolder(folder.path)
      await folder.writeFacts({ agreement, sizeBytes })
    } catch (error) {
      this.#promisedBytes -= sizeBytes
      this.#lots.delete(agreement)
      await rm(folder.path, { recursive: true, force: true }).catch(() => undefined)
      throw error
    }
  }

  async #checkDisk(sizeBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#options.folder).catch((error: unknown) => {
      throw fileError(error)
    })
    const freeBytes = bavail * bsize
    if (freeBytes >= sizeBytes + DISK_MARGIN_BYTES) return
    throw new SmartshareError('STORAGE_FULL', 'the disk has no room for the lot', { sizeBytes, freeBytes })
  }

  #complete(agreement: number): LotReceipt {
    const receipt = this.#lots.get(agreement)?.receipt
    if (receipt !== undefined) return receipt
    throw new SmartshareError('STORAGE_UNKNOWN', 'there is no complete lot of this agreement here', { agreement })
  }

  async #tree(agreement: number, receipt: LotReceipt): Promise<DataTree> {
    const known = this.#trees.get(agreement)
    if (known !== undefined) return known
    const tree = await this.#folder(agreement).readTree(receipt)
    const [oldest] = this.#trees.keys()
    if (this.#trees.size >= MAX_CACHED_TREES && oldest !== undefined) this.#trees.delete(oldest)
    this.#trees.set(agreement, tree)
    return tree
  }

  async #erase(agreement: number): Promise<void> {
    await rm(this.#folder(agreement).path, { recursive: true, force: true }).catch((error: unknown) => {
      throw fileError(error)
    })
  }
}
