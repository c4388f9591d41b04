import { fdatasyncSync, readSync, writeSync } from 'node:fs'
import { type ErrorDetails, SmartshareError } from '@smartshare/codec'
import { DATA_BLOCK_BYTES, DataTree, DataTreeBuilder, HASH_BYTES } from '@smartshare/crypto'
import { copyCipherAt, openChunk, sealChunk } from './chunk-cipher.ts'
import type { CopyKey, ObjectKey } from './keys.ts'
import { CHUNK_BYTES, PLAIN_CHUNK_BYTES, TAG_BYTES } from './sizes.ts'

// What the workers do: all that costs processor time or waits for a disk. File descriptors are those of the process,
// so the thread that opened a file keeps it open until the task has ended.

/** Where a plain or sealed chunk is read from. */
interface ChunkSource {
  /** Names the source in this process; unlike its descriptor, never used again. */
  readonly id: number
  readonly fd: number
  /** True if the file holds sealed chunks, false if it holds the plain object. */
  readonly sealed: boolean
}

interface TaskKinds {
  /** Reads a chunk, seals it and enciphers it for one copy, into shared memory of its length. */
  seal: {
    args: { source: ChunkSource; index: number; last: boolean; object: ObjectKey; copy: CopyKey; into: Uint8Array }
    /** `top` is the node of the data tree above the chunk; `tag` tells whether the source is still the same. */
    result: { tag: Uint8Array; top: Uint8Array }
  }
  /** Seals given plain bytes and writes them to a file of sealed chunks. */
  spool: {
    args: { fd: number; index: number; last: boolean; bytes: Uint8Array; object: ObjectKey }
    result: { written: number }
  }
  /** Deciphers and opens a chunk as it came from a provider. */
  open: {
    args: { index: number; last: boolean; bytes: Uint8Array; object: ObjectKey; copy: CopyKey }
    result: { plain: Uint8Array }
  }
  /** As `open`, and writes the plain bytes to their place in a file. */
  openTo: {
    args: { fd: number; index: number; last: boolean; bytes: Uint8Array; object: ObjectKey; copy: CopyKey }
    result: { written: number }
  }
  /** Writes a chunk of a copy; `tops` are the nodes above its blocks of 64 KiB. */
  store: {
    args: { fd: number; offset: number; bytes: Uint8Array; wholeCopy: boolean }
    result: { tops: Uint8Array }
  }
  /** Reads stored bytes again for their tops; `damaged` never happens here, a short file does. */
  rehash: {
    args: { fd: number; offset: number; length: number; wholeCopy: boolean }
    result: { tops: Uint8Array }
  }
  /** Makes what was written to these files durable. */
  sync: { args: { fds: readonly number[] }; result: Record<string, never> }
}

export type TaskName = keyof TaskKinds
export type TaskArgs<K extends TaskName> = TaskKinds[K]['args']
export type TaskResult<K extends TaskName> = TaskKinds[K]['result']

/** Memory of this worker that is used again and again: fresh megabytes for every chunk keep the collector busy. */
const plainScratch = new Uint8Array(PLAIN_CHUNK_BYTES)
const sealedScratch = new Uint8Array(CHUNK_BYTES)
/**
 * What `sealedScratch` holds. Copies go side by side, so the next task is often the same chunk for another copy: it is
 * sealed once.
 */
let sealedKey = ''

/** Gives large memory back at once instead of leaving it to the collector; the bytes must not be used any more. */
function release(bytes: Uint8Array): void {
  if (bytes.buffer.byteLength >= LEAST_RELEASED_BYTES && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0)
}

const LEAST_RELEASED_BYTES = 64 * 1024
const PART_BYTES = 64 * 1024

function ioError(error: unknown): SmartshareError {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new SmartshareError('STORAGE_FULL', 'the disk is full', { system: code }, error)
  }
  return new SmartshareError('STORAGE_IO', 'a file could not be read or written', { system: code ?? '' }, error)
}

/** Fills `bytes` from `offset` of a file. */
function readExactly(fd: number, offset: number, bytes: Uint8Array): Uint8Array {
  let at = 0
  while (at < bytes.length) {
    const read = readWithCode(fd, bytes, at, offset + at)
    if (read === 0) {
      throw new SmartshareError('STORAGE_SHORT', 'a file is shorter than it was', { offset: offset + at })
    }
    at += read
  }
  return bytes
}

function readWithCode(fd: number, bytes: Uint8Array, at: number, position: number): number {
  try {
    return readSync(fd, bytes, at, bytes.length - at, position)
  } catch (error) {
    throw ioError(error)
  }
}

function writeExactly(fd: number, offset: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, offset + at)
  } catch (error) {
    throw ioError(error)
  }
}

/** The sealed chunk in memory that the next call overwrites. */
function sealedChunk({ source, index, last, object, into: { length } }: TaskArgs<'seal'>): Uint8Array {
  const key = `${source.id} ${index}`
  const sealed = sealedScratch.subarray(0, length)
  if (key === sealedKey) return sealed
  sealedKey = ''
  if (source.sealed) {
    readExactly(source.fd, index * CHUNK_BYTES, sealed)
  } else {
    const plain = plainScratch.subarray(0, length - TAG_BYTES)
    readExactly(source.fd, index * PLAIN_CHUNK_BYTES, plain)
    const { ciphertext, tag } = sealChunk(object, index, last, plain)
    sealed.set(ciphertext)
    sealed.set(tag, ciphertext.length)
    release(ciphertext)
  }
  sealedKey = key
  return sealed
}

function seal(args: TaskArgs<'seal'>): TaskResult<'seal'> {
  const sealed = sealedChunk(args)
  const cipher = copyCipherAt(args.copy, args.index * CHUNK_BYTES)
  // In parts that stay in the processor's cache until they are copied.
  for (let at = 0; at < sealed.length; at += PART_BYTES) {
    const part = cipher.update(sealed.subarray(at, at + PART_BYTES))
    args.into.set(part, at)
    release(part)
  }
  const { top } = new DataTreeBuilder().update(args.into).finish()
  return { tag: sealed.slice(sealed.length - TAG_BYTES), top }
}

function spool({ fd, index, last, bytes, object }: TaskArgs<'spool'>): TaskResult<'spool'> {
  const { ciphertext, tag } = sealChunk(object, index, last, bytes)
  const written = ciphertext.length + tag.length
  writeExactly(fd, index * CHUNK_BYTES, ciphertext)
  writeExactly(fd, index * CHUNK_BYTES + ciphertext.length, tag)
  release(bytes)
  release(ciphertext)
  return { written }
}

function open({ index, last, bytes, object, copy }: TaskArgs<'open'>): TaskResult<'open'> {
  const sealed = copyCipherAt(copy, index * CHUNK_BYTES).update(bytes)
  try {
    return { plain: openChunk(object, index, last, sealed) }
  } finally {
    release(bytes)
    release(sealed)
  }
}

function openTo(args: TaskArgs<'openTo'>): TaskResult<'openTo'> {
  const { plain } = open(args)
  const written = plain.length
  writeExactly(args.fd, args.index * PLAIN_CHUNK_BYTES, plain)
  release(plain)
  return { written }
}

/**
 * The tops of the blocks in `chunk`. Only in a copy of a single block may the top stand lower than a block's place;
 * elsewhere padding lifts it, as joining it behind another block shows.
 */
function blockTops(chunk: Uint8Array, wholeCopy: boolean): Uint8Array {
  const tree = new DataTreeBuilder().update(chunk).finish()
  if (wholeCopy || chunk.length >= DATA_BLOCK_BYTES) return tree.blockTops
  const before = { sizeBytes: DATA_BLOCK_BYTES, top: new Uint8Array(HASH_BYTES) }
  return DataTree.join([before, { sizeBytes: chunk.length, top: tree.top }], BLOCK_LEVEL).blockTops.slice(HASH_BYTES)
}

const BLOCK_LEVEL = Math.log2(DATA_BLOCK_BYTES / 64)

function store({ fd, offset, bytes, wholeCopy }: TaskArgs<'store'>): TaskResult<'store'> {
  writeExactly(fd, offset, bytes)
  const tops = blockTops(bytes, wholeCopy)
  release(bytes)
  return { tops }
}

function rehash({ fd, offset, length, wholeCopy }: TaskArgs<'rehash'>): TaskResult<'rehash'> {
  // The scratch for sealed chunks serves here too, so what it held is gone.
  sealedKey = ''
  return { tops: blockTops(readExactly(fd, offset, sealedScratch.subarray(0, length)), wholeCopy) }
}

function sync({ fds }: TaskArgs<'sync'>): TaskResult<'sync'> {
  try {
    for (const fd of fds) fdatasyncSync(fd)
  } catch (error) {
    throw ioError(error)
  }
  return {}
}

const tasks: { [K in TaskName]: (args: TaskArgs<K>) => TaskResult<K> } = {
  seal,
  spool,
  open,
  openTo,
  store,
  rehash,
  sync,
}

/** What travels between the pool and a worker. */
export interface TaskRequest {
  readonly id: number
  readonly name: TaskName
  readonly args: unknown
}
export type TaskReply =
  | { readonly id: number; readonly result: TaskResult<TaskName> }
  | { readonly id: number; readonly error: { code: string; message: string; details: ErrorDetails } }

/** Does a task; never throws. The second part are the buffers to hand over instead of copying them. */
export function perform({ id, name, args }: TaskRequest): { reply: TaskReply; transfer: ArrayBuffer[] } {
  try {
    const result = (tasks[name] as (args: unknown) => TaskResult<TaskName>)(args)
    return { reply: { id, result }, transfer: ownBuffers(result) }
  } catch (error) {
    const coded = SmartshareError.is(error)
      ? error
      : new SmartshareError('STORAGE_WORKER', `a task failed: ${(error as Error).message}`)
    return { reply: { id, error: coded.toPlain() }, transfer: [] }
  }
}

/** The memory behind byte arrays that own all of it; what is a view into something larger is copied instead. */
function ownBuffers(values: object): ArrayBuffer[] {
  return Object.values(values)
    .filter((value): value is Uint8Array<ArrayBuffer> => value instanceof Uint8Array)
    .filter((bytes) => bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer)
    .map((bytes) => bytes.buffer)
}
