import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { SmartshareError } from '@smartshare/codec'
import { MAX_OPEN_READS } from './copy-reader.ts'
import { fileError } from './files.ts'
import type { ObjectReader } from './object-reader.ts'
import { chunkCount, PLAIN_CHUNK_BYTES, plainBytesOf } from './sizes.ts'

/** Chunks on their way at a time: this bounds the memory of a `get`. One copy alone can be asked for all of them. */
const CHUNKS_UNDER_WAY = MAX_OPEN_READS

export interface GetProgress {
  readonly doneBytes: number
  readonly totalBytes: number
}

export interface GetOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: GetProgress) => void
}

/**
 * Writes an object to a file, which appears whole or not at all. Chunks come in any order from any copy and go straight
 * to their place. Returns the size. Throws STORAGE_UNAVAILABLE, STORAGE_FULL, STORAGE_IO.
 */
export async function readToFile(reader: ObjectReader, path: string, options: GetOptions = {}): Promise<number> {
  const totalBytes = plainBytesOf(reader.copyBytes)
  const partial = `${path}.part-${randomBytes(6).toString('hex')}`
  const handle = await open(partial, 'wx', 0o600).catch((error: unknown) => {
    throw fileError(error)
  })
  try {
    try {
      await readChunks(reader, handle.fd, totalBytes, options)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(partial, path)
    return totalBytes
  } catch (error) {
    await rm(partial, { force: true })
    throw fileError(error)
  }
}

async function readChunks(reader: ObjectReader, fd: number, totalBytes: number, options: GetOptions): Promise<void> {
  const chunks = chunkCount(totalBytes)
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal])
  let next = 0
  let done = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < chunks; index = next++) {
      await reader.chunk(index, { fd }, signal)
      done++
      options.onProgress?.({ doneBytes: Math.min(totalBytes, done * PLAIN_CHUNK_BYTES), totalBytes })
    }
  }
  const workers = Array.from({ length: Math.min(CHUNKS_UNDER_WAY, chunks) }, async () => {
    try {
      await work()
    } catch (error) {
      stop.abort(error)
      throw error
    }
  })
  // All must have ended before the file is closed: a late write must not hit another file.
  const outcomes = await Promise.allSettled(workers)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/**
 * The bytes `start` … `end` (exclusive; all if not said) of an object, in order, holding a few chunks at a time. Throws
 * STORAGE_RANGE for what is not in the object, STORAGE_UNAVAILABLE.
 */
export async function* readRange(
  reader: ObjectReader,
  range: { start?: number; end?: number } = {},
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const totalBytes = plainBytesOf(reader.copyBytes)
  const { start = 0, end = totalBytes } = range
  if (start < 0 || end > totalBytes || start > end) {
    throw new SmartshareError('STORAGE_RANGE', 'the object has not these bytes', { start, end, totalBytes })
  }
  // Even of nothing the one chunk is read: an object that cannot be opened must not look empty.
  const first = Math.floor(start / PLAIN_CHUNK_BYTES)
  const last = start === end ? first : Math.floor((end - 1) / PLAIN_CHUNK_BYTES)
  if (start === end && totalBytes > 0) return
  const ahead: Promise<Uint8Array | undefined>[] = []
  let next = first
  for (let index = first; index <= last; index++) {
    while (next <= last && ahead.length < CHUNKS_UNDER_WAY) {
      const chunk = reader.chunk(next++, undefined, signal)
      chunk.catch(() => undefined)
      ahead.push(chunk)
    }
    const plain = (await ahead.shift()) as Uint8Array
    const base = index * PLAIN_CHUNK_BYTES
    const piece = plain.subarray(Math.max(0, start - base), Math.min(plain.length, end - base))
    if (piece.length > 0) yield piece
  }
}
