import { SmartshareError } from '@smartshare/codec'
import { sha256 } from '@smartshare/crypto'

// How records lie in a log file, one behind the other:
//   0  3 B   "SSP"
//   3  1 B   kind
//   4  4 B   length of the payload
//   8  8 B   number (a height)
//   16 8 B   bytes of the file that were durable when this was written
//   24 4 B   the first bytes of SHA-256 over the 24 before
//   28 8 B   the first bytes of SHA-256 over the 24 before and the payload
//   36       payload
// Numbers are big-endian. The fourth field tells a torn tail from damage: what a later record calls durable was
// acknowledged, so it must not be missing; anything else that does not check was never promised to anybody.

export const FRAME_HEAD_BYTES = 36
/** Far above the largest block with its certificate. */
export const MOST_PAYLOAD_BYTES = 16 * 1_048_576
const FIELDS_BYTES = 24
const HEAD_CHECK_BYTES = 4
const CHECK_AT = FIELDS_BYTES + HEAD_CHECK_BYTES
const CHECK_BYTES = 8
const MAGIC = Buffer.from('SSP')
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512

export interface Frame {
  readonly kind: number
  readonly number: number
  readonly payload: Uint8Array
}

export interface PlacedFrame extends Frame {
  readonly at: number
  readonly end: number
  readonly durable: number
}

export function frameBytes(payloadBytes: number): number {
  return FRAME_HEAD_BYTES + payloadBytes
}

/** Frames as they are to be written at `at`, when the bytes before `durable` are durable. Throws LOG_RECORD_SIZE. */
export function encodeFrames(frames: readonly Frame[], durable: number): Uint8Array {
  let total = 0
  for (const { payload } of frames) {
    if (payload.length > MOST_PAYLOAD_BYTES) {
      throw new SmartshareError('LOG_RECORD_SIZE', 'The record is too large for the log', { sizeBytes: payload.length })
    }
    total += frameBytes(payload.length)
  }
  const bytes = Buffer.alloc(total)
  let at = 0
  for (const { kind, number, payload } of frames) {
    const end = at + frameBytes(payload.length)
    bytes.set(MAGIC, at)
    bytes[at + 3] = kind
    bytes.writeUInt32BE(payload.length, at + 4)
    bytes.writeBigUInt64BE(BigInt(number), at + 8)
    bytes.writeBigUInt64BE(BigInt(durable), at + 16)
    bytes.set(payload, at + FRAME_HEAD_BYTES)
    bytes.set(headCheckOf(bytes, at), at + FIELDS_BYTES)
    bytes.set(checkOf(bytes.subarray(at, end)), at + CHECK_AT)
    at = end
  }
  return bytes
}

/** The frame that begins at `at` in `bytes`, which begin at `base` in the file; undefined if none does. */
export function decodeFrame(bytes: Uint8Array, at: number, base = 0): PlacedFrame | undefined {
  const length = payloadLength(bytes, at)
  if (length === undefined || at + frameBytes(length) > bytes.length) return undefined
  const end = at + frameBytes(length)
  const frame = asBuffer(bytes.subarray(at, end))
  if (!checkOf(frame).equals(frame.subarray(CHECK_AT, FRAME_HEAD_BYTES))) return undefined
  const number = Number(frame.readBigUInt64BE(8))
  const durable = Number(frame.readBigUInt64BE(16))
  const payload = frame.subarray(FRAME_HEAD_BYTES)
  return { kind: frame[3] as number, number, payload, durable, at: base + at, end: base + end }
}

/** Length of the payload if a whole head begins at `at`. */
export function payloadLength(bytes: Uint8Array, at: number): number | undefined {
  if (at + FRAME_HEAD_BYTES > bytes.length) return undefined
  for (let i = 0; i < MAGIC.length; i += 1) if (bytes[at + i] !== MAGIC[i]) return undefined
  if (!headCheckOf(bytes, at).equals(bytes.subarray(at + FIELDS_BYTES, at + CHECK_AT))) return undefined
  const length = asBuffer(bytes).readUInt32BE(at + 4)
  return length <= MOST_PAYLOAD_BYTES ? length : undefined
}

export type Tail =
  /** The file ends with a whole frame, or with what was never acknowledged: it may be cut there. */
  { readonly kind: 'whole' | 'torn' } | { readonly kind: 'damaged'; readonly reason: string }

/** What to think of the bytes from `at` on, where no frame begins. */
export function judgeTail(bytes: Uint8Array, at: number): Tail {
  if (at === bytes.length) return { kind: 'whole' }
  const buffer = asBuffer(bytes)
  for (let next = buffer.indexOf(MAGIC, at + 1); next !== -1; next = buffer.indexOf(MAGIC, next + 1)) {
    const frame = decodeFrame(bytes, next)
    if (frame !== undefined && frame.durable > at) {
      return { kind: 'damaged', reason: `a record at ${next} says that this was durable` }
    }
  }
  const length = payloadLength(bytes, at)
  const end = at + (length === undefined ? FRAME_HEAD_BYTES : frameBytes(length))
  if (end > bytes.length || hasEmptySector(bytes, at, end)) return { kind: 'torn' }
  return { kind: 'damaged', reason: 'the last record is all there but does not check' }
}

/** True if some sector between `from` and `to` was never written. */
function hasEmptySector(bytes: Uint8Array, from: number, to: number): boolean {
  for (let start = from - (from % SECTOR_BYTES); start < to; start += SECTOR_BYTES) {
    const part = bytes.subarray(Math.max(start, from), Math.min(start + SECTOR_BYTES, to))
    if (part.every((byte) => byte === 0)) return true
  }
  return false
}

function headCheckOf(bytes: Uint8Array, at: number): Buffer {
  return asBuffer(sha256(bytes.subarray(at, at + FIELDS_BYTES))).subarray(0, HEAD_CHECK_BYTES)
}

function checkOf(frame: Uint8Array): Buffer {
  const checked = Buffer.allocUnsafe(frame.length - FRAME_HEAD_BYTES + FIELDS_BYTES)
  checked.set(frame.subarray(0, FIELDS_BYTES))
  checked.set(frame.subarray(FRAME_HEAD_BYTES), FIELDS_BYTES)
  return asBuffer(sha256(checked)).subarray(0, CHECK_BYTES)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
