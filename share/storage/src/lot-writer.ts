import type { FileHandle } from 'node:fs/promises'
import { SmartshareError } from '@smartshare/codec'
import { DATA_BLOCK_BYTES, DataTree, HASH_BYTES } from '@smartshare/crypto'
import { fileError } from './files.ts'
import { type LotFolder, type LotReceipt, topsBytes } from './lot-folder.ts'
import { CHUNK_BYTES, chunkSpan, PACKET_BYTES } from './sizes.ts'
import type { WorkerPool } from './worker-pool.ts'

const TOPS_PER_CHUNK = CHUNK_BYTES / DATA_BLOCK_BYTES

/** Writes one lot, chunk by chunk in order, hashing on the way. What `sync` has confirmed survives a crash. */
export class LotWriter {
  readonly sizeBytes: number
  readonly #folder: LotFolder
  readonly #pool: WorkerPool
  readonly #tops: Uint8Array
  readonly #packets = new Map<number, FileHandle>()
  readonly #pending = new Set<Promise<void>>()
  #syncing: Promise<unknown> = Promise.resolve()
  #acceptedBytes: number
  #durableBytes: number
  #failed: SmartshareError | undefined

  private constructor(folder: LotFolder, pool: WorkerPool, sizeBytes: number, durableBytes: number, tops: Uint8Array) {
    this.#folder = folder
    this.#pool = pool
    this.sizeBytes = sizeBytes
    this.#tops = tops
    this.#acceptedBytes = durableBytes
    this.#durableBytes = durableBytes
  }

  /** Takes up a lot where its durable bytes end; what they hold is hashed again, since the tree is not kept yet. */
  static async resume(folder: LotFolder, pool: WorkerPool, sizeBytes: number): Promise<LotWriter> {
    const tops = new Uint8Array(topsBytes(sizeBytes))
    const marked = Math.min(await folder.readProgress(), sizeBytes)
    const durableBytes = await rehash(folder, pool, sizeBytes, marked, tops)
    return new LotWriter(folder, pool, sizeBytes, durableBytes, tops)
  }

  /** Bytes that survive a crash; an upload goes on from here. */
  get durableBytes(): number {
    return this.#durableBytes
  }

  /** Bytes accepted by `write` so far. */
  get acceptedBytes(): number {
    return this.#acceptedBytes
  }

  /**
   * Takes the next chunk; the memory behind `bytes` belongs to the writer afterwards, which gives it to the pool's
   * `memory` when it can be used again. Resolves when they are written (not yet durable).
   * Throws STORAGE_OFFSET for anything but the next whole chunk, STORAGE_FULL, STORAGE_IO.
   */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed
    const expected = chunkSpan(this.sizeBytes, this.#acceptedBytes / CHUNK_BYTES)
    if (offset !== expected.offset || bytes.length !== expected.length || bytes.length === 0) {
      throw new SmartshareError('STORAGE_OFFSET', 'this is not the next chunk of the lot', {
        offset,
        expected: expected.offset,
        length: bytes.length,
      })
    }
    this.#acceptedBytes += bytes.length
    const work = this.#write(offset, bytes)
    this.#pending.add(work)
    try {
      await work
    } catch (error) {
      // One failed chunk leaves a hole: nothing after it counts, and the upload starts again from the durable bytes.
      this.#failed ??= fileError(error)
      throw this.#failed
    } finally {
      this.#pending.delete(work)
    }
  }

  /** Makes everything accepted so far durable and returns how many bytes that is. Throws STORAGE_FULL, STORAGE_IO. */
  sync(): Promise<number> {
    const work = this.#sync()
    this.#syncing = Promise.allSettled([this.#syncing, work])
    return work
  }

  async #sync(): Promise<number> {
    const target = this.#acceptedBytes
    await Promise.all(this.#pending)
    if (this.#failed !== undefined) throw this.#failed
    const touched = [...this.#packets]
    await this.#pool.run('sync', { fds: touched.map(([, handle]) => handle.fd) })
    await this.#folder.writeProgress(target)
    this.#durableBytes = Math.max(this.#durableBytes, target)
    for (const [packet, handle] of touched) {
      if ((packet + 1) * PACKET_BYTES > target || this.#pending.size > 0) continue
      this.#packets.delete(packet)
      await handle.close()
    }
    return target
  }

  /** Closes a whole lot: data and tree are durable when it returns. Throws STORAGE_INCOMPLETE before the last byte. */
  async finish(): Promise<LotReceipt> {
    if ((await this.sync()) !== this.sizeBytes) {
      throw new SmartshareError('STORAGE_INCOMPLETE', 'bytes of the lot are missing', { durable: this.#durableBytes })
    }
    const root = DataTree.fromTops(this.sizeBytes, this.#tops).root
    await this.#folder.writeTops(this.#tops)
    return { root, sizeBytes: this.sizeBytes }
  }

  /** Lets go of the files after what is under way has ended. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#pending, this.#syncing])
    const open = [...this.#packets.values()]
    this.#packets.clear()
    await Promise.all(open.map((handle) => handle.close()))
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    const packet = Math.floor(offset / PACKET_BYTES)
    const handle = await this.#packet(packet)
    const position = offset - packet * PACKET_BYTES
    const wholeCopy = bytes.length === this.sizeBytes
    const { tops } = await this.#pool.run('store', { fd: handle.fd, offset: position, bytes, wholeCopy }, true)
    this.#pool.memory.give(bytes)
    this.#tops.set(tops, (offset / CHUNK_BYTES) * TOPS_PER_CHUNK * HASH_BYTES)
  }

  async #packet(packet: number): Promise<FileHandle> {
    const known = this.#packets.get(packet)
    if (known !== undefined) return known
    const handle = await this.#folder.openPacket(packet, 'a+')
    const raced = this.#packets.get(packet)
    if (raced !== undefined) {
      await handle.close()
      return raced
    }
    this.#packets.set(packet, handle)
    return handle
  }
}

/** The block tops of all the bytes of a lot as they are on the disk now. Throws STORAGE_SHORT if some are missing. */
export async function hashLot(folder: LotFolder, pool: WorkerPool, sizeBytes: number): Promise<Uint8Array> {
  const tops = new Uint8Array(topsBytes(sizeBytes))
  if ((await rehash(folder, pool, sizeBytes, sizeBytes, tops)) === sizeBytes) return tops
  throw new SmartshareError('STORAGE_SHORT', 'bytes of the lot are missing', { sizeBytes })
}

/** Hashes the chunks below `marked` into `tops`; returns how many bytes really are there. */
async function rehash(
  folder: LotFolder,
  pool: WorkerPool,
  sizeBytes: number,
  marked: number,
  tops: Uint8Array,
): Promise<number> {
  let at = 0
  while (at < marked) {
    const packet = Math.floor(at / PACKET_BYTES)
    const handle = await folder.openPacket(packet, 'r').catch(() => undefined)
    if (handle === undefined) return at
    try {
      const end = Math.min(marked, (packet + 1) * PACKET_BYTES)
      for (; at < end; ) {
        const { offset, length } = chunkSpan(sizeBytes, at / CHUNK_BYTES)
        const position = offset - packet * PACKET_BYTES
        const args = { fd: handle.fd, offset: position, length, wholeCopy: length === sizeBytes }
        const hashed = await pool.run('rehash', args).catch((error: unknown) => {
          if (SmartshareError.is(error, 'STORAGE_SHORT')) return undefined
          throw error
        })
        if (hashed === undefined) return at
        tops.set(hashed.tops, (offset / CHUNK_BYTES) * TOPS_PER_CHUNK * HASH_BYTES)
        at += length
      }
    } finally {
      await handle.close()
    }
  }
  return at
}
