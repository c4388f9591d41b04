import { SmartshareError } from '@smartshare/codec'
import type { Disk, DiskFile } from './disk.ts'
import { decodeFrame, encodeFrames, FRAME_HEAD_BYTES, judgeTail, type PlacedFrame, payloadLength } from './frame.ts'

/** Kinds of frames in log files. */
export const HEADER = 0
export const BLOCK = 1
export const VOTE_RECORD = 2
const SEGMENT_INDEX = 3
export const SEAL = 4

const FORMAT = 1
const CHAIN_ID_BYTES = 32

/** What a log file begins with: its format, whose chain it belongs to, and a mark of its owner. */
export function headerPayload(chainId: Uint8Array, mark: number): Uint8Array {
  const payload = new Uint8Array(2 + CHAIN_ID_BYTES)
  payload[0] = FORMAT
  payload[1] = mark
  payload.set(chainId, 2)
  return payload
}

/** The mark of a header. Throws STORE_VERSION or STORE_OTHER_GENESIS. */
export function readHeader(frame: PlacedFrame, chainId: Uint8Array, path: string): number {
  const { payload } = frame
  if (frame.kind !== HEADER || payload.length !== 2 + CHAIN_ID_BYTES) throw damaged(path, frame.at, 'no header')
  if (payload[0] !== FORMAT) {
    throw new SmartshareError('STORE_VERSION', 'The log was written in another format', {
      path,
      format: payload[0] as number,
      known: FORMAT,
    })
  }
  if (Buffer.compare(payload.subarray(2), chainId) !== 0) {
    throw new SmartshareError('STORE_OTHER_GENESIS', 'The log belongs to another network', { path })
  }
  return payload[1] as number
}

export interface Scan {
  readonly frames: PlacedFrame[]
  /** Where the last whole frame ends. */
  readonly end: number
  readonly damage: SmartshareError | undefined
}

/** All frames of a file up to its end, its torn tail, or damage. */
export async function scanFile(file: DiskFile, path: string): Promise<Scan> {
  const bytes = await file.read(0, await file.size())
  const frames: PlacedFrame[] = []
  let end = 0
  for (let frame = decodeFrame(bytes, 0); frame !== undefined; frame = decodeFrame(bytes, end)) {
    frames.push(frame)
    end = frame.end
  }
  const tail = judgeTail(bytes, end)
  return { frames, end, damage: tail.kind === 'damaged' ? damaged(path, end, tail.reason) : undefined }
}

/** The frame at a place that was found before. Throws LOG_DAMAGED if it is no longer whole. */
export async function readFrame(file: DiskFile, at: number, path: string): Promise<PlacedFrame> {
  const head = await file.read(at, FRAME_HEAD_BYTES)
  const length = payloadLength(head, 0)
  const bytes = length === undefined ? head : await file.read(at, FRAME_HEAD_BYTES + length)
  const frame = decodeFrame(bytes, 0, at)
  if (frame === undefined) throw damaged(path, at, 'the record does not check')
  return frame
}

/** Writes a whole file so that its name means either all of it or, as before, nothing. */
export async function writeWhole(disk: Disk, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const draft = `${folder}/${name}.draft`
  const file = await disk.open(draft, true)
  try {
    await file.truncate(0)
    await file.write(0, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(draft, `${folder}/${name}`)
  await disk.syncFolder(folder)
}

/** The file that tells where the blocks of a finished segment are: first height, size of the segment, places. */
export function encodeIndex(firstHeight: number, sizeBytes: number, places: readonly number[]): Uint8Array {
  const payload = Buffer.alloc(8 + 4 * places.length)
  payload.writeBigUInt64BE(BigInt(sizeBytes), 0)
  places.forEach((place, i) => {
    payload.writeUInt32BE(place, 8 + 4 * i)
  })
  return encodeFrames([{ kind: SEGMENT_INDEX, number: firstHeight, payload }], 0)
}

/** Undefined if the index is damaged or not about a segment of this size: then the segment itself tells. */
export function decodeIndex(bytes: Uint8Array, sizeBytes: number): { first: number; places: number[] } | undefined {
  const frame = decodeFrame(bytes, 0)
  if (frame === undefined || frame.kind !== SEGMENT_INDEX || frame.end !== bytes.length) return undefined
  const payload = Buffer.from(frame.payload)
  if (payload.length < 8 || payload.length % 4 !== 0 || Number(payload.readBigUInt64BE(0)) !== sizeBytes)
    return undefined
  const places: number[] = []
  for (let at = 8; at < payload.length; at += 4) places.push(payload.readUInt32BE(at))
  return { first: frame.number, places }
}

export function damaged(path: string, at: number, reason: string): SmartshareError {
  return new SmartshareError(
    'LOG_DAMAGED',
    `The log is damaged at byte ${at}: ${reason}. Move the file away to fetch its blocks again from peers`,
    { path, at },
  )
}
