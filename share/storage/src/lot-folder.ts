import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode, fixedBytes, type Infer, record, SmartshareError, uint } from '@smartshare/codec'
import { DATA_BLOCK_BYTES, DataTree, HASH_BYTES } from '@smartshare/crypto'
import { fileError, readFully, readIfThere, writeDurably } from './files.ts'
import { CHUNK_BYTES, MAX_COPY_BYTES, PACKET_BYTES } from './sizes.ts'

// One lot on a provider's disk is a folder:
//   lot        what it is: agreement and size
//   packet-N   the bytes, 64 MiB in each
//   progress   how many bytes are durable, while the upload is under way
//   tops       one hash for each 64 KiB, written when all is there
//   receipt    root and size, written last: with it the lot is complete

const lotSchema = record({ agreement: uint(), sizeBytes: uint(MAX_COPY_BYTES, 1) })
const receiptSchema = record({ root: fixedBytes(HASH_BYTES), sizeBytes: uint(MAX_COPY_BYTES, 1) })
const progressSchema = uint()

/** What a folder holds. */
export type LotFacts = Infer<typeof lotSchema>
/** What a provider has put its name to: the data tree's root over the lot's bytes. */
export type LotReceipt = Infer<typeof receiptSchema>

/** Where bytes of a lot are on the disk. */
interface PacketSpan {
  readonly packet: number
  readonly position: number
  readonly length: number
}

/** The packets that hold `length` bytes from `offset`. */
function* packetSpans(offset: number, length: number): Generator<PacketSpan> {
  for (let at = offset; at < offset + length; ) {
    const packet = Math.floor(at / PACKET_BYTES)
    const position = at - packet * PACKET_BYTES
    const here = Math.min(PACKET_BYTES - position, offset + length - at)
    yield { packet, position, length: here }
    at += here
  }
}

/** Bytes of the block tops of a lot. */
export function topsBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / DATA_BLOCK_BYTES) * HASH_BYTES
}

/** Names and small files of one lot's folder. */
export class LotFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  packetPath(packet: number): string {
    return join(this.path, `packet-${String(packet).padStart(5, '0')}`)
  }

  async openPacket(packet: number, flags: 'r' | 'r+' | 'a+'): Promise<FileHandle> {
    const path = this.packetPath(packet)
    try {
      if (flags !== 'a+') return await open(path, flags)
      // Made if missing, but never opened for appending: positions would not count then.
      await (await open(path, 'a', 0o600)).close()
      return await open(path, 'r+')
    } catch (error) {
      throw fileError(error)
    }
  }

  writeFacts(facts: LotFacts): Promise<void> {
    return writeDurably(join(this.path, 'lot'), encode(lotSchema, facts))
  }

  /** Undefined if the folder was left before its first file was whole. */
  async readFacts(): Promise<LotFacts | undefined> {
    return readRecord(join(this.path, 'lot'), lotSchema)
  }

  /** Called only after the bytes are durable, so the mark may lag behind after a crash and never runs ahead. */
  async writeProgress(durableBytes: number): Promise<void> {
    await writeMark(join(this.path, 'progress'), encode(progressSchema, durableBytes))
  }

  /** Whole chunks that are certainly on the disk. */
  async readProgress(): Promise<number> {
    const durable = (await readRecord(join(this.path, 'progress'), progressSchema)) ?? 0
    return durable - (durable % CHUNK_BYTES)
  }

  writeTops(tops: Uint8Array): Promise<void> {
    return writeDurably(join(this.path, 'tops'), tops)
  }

  /** The tree of a complete lot. Throws STORAGE_DAMAGED if its file is lost or is not that of `receipt`. */
  async readTree(receipt: LotReceipt): Promise<DataTree> {
    const tops = await readIfThere(join(this.path, 'tops'))
    if (tops?.length === topsBytes(receipt.sizeBytes)) {
      const tree = DataTree.fromTops(receipt.sizeBytes, tops)
      if (Buffer.compare(tree.root, receipt.root) === 0) return tree
    }
    throw new SmartshareError('STORAGE_DAMAGED', 'the tree of a lot is lost or damaged', { path: this.path })
  }

  writeReceipt(receipt: LotReceipt): Promise<void> {
    return writeDurably(join(this.path, 'receipt'), encode(receiptSchema, receipt))
  }

  async readReceipt(): Promise<LotReceipt | undefined> {
    return readRecord(join(this.path, 'receipt'), receiptSchema)
  }

  /** Fills `bytes` from `offset` of a lot. Throws STORAGE_SHORT or STORAGE_IO if they are not there. */
  async read(offset: number, bytes: Uint8Array): Promise<Uint8Array> {
    const { length } = bytes
    let at = 0
    for (const span of packetSpans(offset, length)) {
      const handle = await this.openPacket(span.packet, 'r')
      try {
        await readFully(handle, bytes.subarray(at, at + span.length), span.position)
      } finally {
        await handle.close()
      }
      at += span.length
    }
    return bytes
  }
}

async function readRecord<T>(path: string, schema: Parameters<typeof decode<T>>[0]): Promise<T | undefined> {
  const bytes = await readIfThere(path)
  if (bytes === undefined) return undefined
  try {
    return decode(schema, bytes)
  } catch {
    // Torn or foreign: as good as not there. What matters is checked against the root before it is signed.
    return undefined
  }
}

/** A mark of a few bytes that may be lost; kept small and without syncing, since it is written every few megabytes. */
async function writeMark(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const handle = await open(path, 'w', 0o600)
    try {
      await handle.write(bytes)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error)
  }
}
