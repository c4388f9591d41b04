import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { fileError } from './files.ts'
import type { CopyKey, ObjectKey } from './keys.ts'
import { chunkCount, chunkSpan, copyBytesOf, MAX_OBJECT_BYTES, PLAIN_CHUNK_BYTES, TAG_BYTES } from './sizes.ts'
import type { WorkerPool } from './worker-pool.ts'

/** One chunk as a copy holds it, in memory of the pool, and the node of the data tree above it. */
export interface CopyChunk {
  readonly bytes: Uint8Array
  readonly top: Uint8Array
}

let nextSourceId = 0

/**
 * An object to be stored, read as often as copies need it: each goes at its own pace, so a slow one holds up nobody and
 * no chunk waits in memory for it.
 */
export class ObjectSource {
  /** Bytes of the plain object, and of each copy. */
  readonly plainBytes: number
  readonly copyBytes: number
  readonly chunks: number
  readonly #id = nextSourceId++
  readonly #handle: FileHandle
  readonly #sealed: boolean
  readonly #pool: WorkerPool
  readonly #object: ObjectKey
  readonly #path: string | undefined
  readonly #tags: Uint8Array
  readonly #known: Uint8Array
  #underWay = 0
  #closing: PromiseWithResolvers<void> | undefined

  constructor(init: {
    handle: FileHandle
    sealed: boolean
    plainBytes: number
    pool: WorkerPool
    object: ObjectKey
    /** A file to delete at the end. */
    temporaryPath?: string
  }) {
    this.plainBytes = init.plainBytes
    this.copyBytes = copyBytesOf(init.plainBytes)
    this.chunks = chunkCount(init.plainBytes)
    this.#handle = init.handle
    this.#sealed = init.sealed
    this.#pool = init.pool
    this.#object = init.object
    this.#path = init.temporaryPath
    this.#tags = new Uint8Array(this.chunks * TAG_BYTES)
    this.#known = new Uint8Array(this.chunks)
  }

  /**
   * Chunk `index` for one copy, in the memory of a chunk (`spare`) that is not needed any more if there is one. Throws
   * STORAGE_SOURCE_CHANGED if the file is not what it was.
   */
  async chunk(index: number, copy: CopyKey, spare?: Uint8Array): Promise<CopyChunk> {
    if (this.#closing !== undefined) throw new SmartshareError('STORAGE_CLOSED', 'the source has been closed')
    const { length, last } = chunkSpan(this.copyBytes, index)
    const source = { id: this.#id, fd: this.#handle.fd, sealed: this.#sealed }
    const { memory } = this.#pool
    const bytes = spare === undefined ? (memory.take(length) as Uint8Array) : memory.again(spare, length)
    this.#underWay++
    try {
      const args = { source, index, last, object: this.#object, copy, into: bytes }
      const { tag, top } = await this.#pool.run('seal', args)
      this.#mustBeSame(index, tag)
      return { bytes, top }
    } catch (error) {
      if (!SmartshareError.is(error, 'STORAGE_SHORT')) throw error
      throw new SmartshareError(
        'STORAGE_SOURCE_CHANGED',
        'the file became shorter while it was stored',
        { index },
        error,
      )
    } finally {
      this.#underWay--
      this.#maybeClosed()
    }
  }

  /** Takes back a chunk that nobody needs any more and that has left for good, for any copy. */
  giveBack({ bytes }: Pick<CopyChunk, 'bytes'>): void {
    this.#pool.memory.give(bytes)
  }

  /** Closes the file once nothing reads it any more. */
  async close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise
    const closing = Promise.withResolvers<void>()
    this.#closing = closing
    this.#maybeClosed()
    await closing.promise
    await this.#handle.close()
    if (this.#path !== undefined) await rm(this.#path, { force: true })
  }

  #maybeClosed(): void {
    if (this.#underWay === 0) this.#closing?.resolve()
  }

  /**
   * Two different contents must never leave under one key and nonce: that would show their difference. The tag names
   * the content, so what changed between two readings is found before it is sent.
   */
  #mustBeSame(index: number, tag: Uint8Array): void {
    const at = index * TAG_BYTES
    if (this.#known[index] === 0) {
      this.#known[index] = 1
      this.#tags.set(tag, at)
    } else if (Buffer.compare(tag, this.#tags.subarray(at, at + TAG_BYTES)) !== 0) {
      throw new SmartshareError('STORAGE_SOURCE_CHANGED', 'the file changed while it was stored', { index })
    }
  }
}

/** A file as the source. Throws STORAGE_SOURCE if there is no such regular file, STORAGE_SIZE if it is too large. */
export async function fileSource(path: string, object: ObjectKey, pool: WorkerPool): Promise<ObjectSource> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new SmartshareError('STORAGE_SOURCE', 'there is no such file', { path }, error)
  })
  if (!facts.isFile()) throw new SmartshareError('STORAGE_SOURCE', 'only files can be stored', { path })
  copyBytesOf(facts.size)
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new SmartshareError('STORAGE_SOURCE', 'the file cannot be read', { path }, error)
  })
  return new ObjectSource({ handle, sealed: false, plainBytes: facts.size, pool, object })
}

/**
 * A stream as the source. Its size must be known before the tender and its bytes may be needed again, so it is first
 * written to a file in `folder`: sealed, never plain. Throws STORAGE_SIZE, STORAGE_FULL, or what the stream throws.
 */
export async function streamSource(
  stream: AsyncIterable<Uint8Array>,
  folder: string,
  object: ObjectKey,
  pool: WorkerPool,
): Promise<ObjectSource> {
  const path = join(folder, `spool-${randomBytes(8).toString('hex')}`)
  const handle = await open(path, 'wx+', 0o600).catch((error: unknown) => {
    throw fileError(error)
  })
  try {
    const plainBytes = await spool(stream, handle.fd, object, pool)
    return new ObjectSource({ handle, sealed: true, plainBytes, pool, object, temporaryPath: path })
  } catch (error) {
    await handle.close()
    await rm(path, { force: true })
    throw error
  }
}

async function spool(
  stream: AsyncIterable<Uint8Array>,
  fd: number,
  object: ObjectKey,
  pool: WorkerPool,
): Promise<number> {
  let chunk = new Uint8Array(PLAIN_CHUNK_BYTES)
  let filled = 0
  let index = 0
  let plainBytes = 0
  let writing: Promise<unknown> = Promise.resolve()
  for await (const piece of stream) {
    plainBytes += piece.length
    if (plainBytes > MAX_OBJECT_BYTES) {
      await writing
      throw new SmartshareError('STORAGE_SIZE', `an object has at most ${MAX_OBJECT_BYTES} bytes`)
    }
    for (let at = 0; at < piece.length; ) {
      // A full chunk waits until a byte follows it: the last one is sealed differently.
      if (filled === PLAIN_CHUNK_BYTES) {
        await writing
        writing = pool.run('spool', { fd, index: index++, last: false, bytes: chunk, object }, true)
        writing.catch(() => undefined)
        chunk = new Uint8Array(PLAIN_CHUNK_BYTES)
        filled = 0
      }
      const taken = Math.min(piece.length - at, PLAIN_CHUNK_BYTES - filled)
      chunk.set(piece.subarray(at, at + taken), filled)
      filled += taken
      at += taken
    }
  }
  await writing
  await pool.run('spool', { fd, index, last: true, bytes: chunk.slice(0, filled), object }, true)
  return plainBytes
}
