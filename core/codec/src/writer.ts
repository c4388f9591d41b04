import { SmartshareError } from './error.ts'

const FIRST_CAPACITY_BYTES = 256
const TWO_32 = 0x1_0000_0000
const MAX_U64 = (1n << 64n) - 1n

/** A growing buffer that writes CBOR items in their shortest form (RFC 8949 §4.2.1). */
export class Writer {
  private buffer = new Uint8Array(FIRST_CAPACITY_BYTES)
  private view = new DataView(this.buffer.buffer)
  private length = 0

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.length
  }

  /** Bytes that the buffer holds before it has to grow. */
  get capacityBytes(): number {
    return this.buffer.length
  }

  /** Head of major type `major` (0 … 7) with an argument below 2^53. */
  head(major: number, argument: number): void {
    this.reserve(9)
    const type = major << 5
    if (argument < 24) {
      this.buffer[this.length++] = type | argument
    } else if (argument < 0x100) {
      this.buffer[this.length++] = type | 24
      this.buffer[this.length++] = argument
    } else if (argument < 0x1_0000) {
      this.buffer[this.length++] = type | 25
      this.view.setUint16(this.length, argument)
      this.length += 2
    } else if (argument < TWO_32) {
      this.buffer[this.length++] = type | 26
      this.view.setUint32(this.length, argument)
      this.length += 4
    } else {
      this.buffer[this.length++] = type | 27
      this.view.setUint32(this.length, Math.floor(argument / TWO_32))
      this.view.setUint32(this.length + 4, argument % TWO_32)
      this.length += 8
    }
  }

  /** Unsigned integer below 2^64. */
  bigUint(value: bigint): void {
    this.bigHead(0, value)
  }

  /** Head of major type `major` with an argument below 2^64. */
  bigHead(major: number, value: bigint): void {
    if (value < 0n || value > MAX_U64) throw new SmartshareError('CODEC_VALUE', 'integer outside 0 … 2^64 − 1')
    if (value <= 0xffff_ffffn) {
      this.head(major, Number(value))
      return
    }
    this.reserve(9)
    this.buffer[this.length++] = (major << 5) | 27
    this.view.setBigUint64(this.length, value)
    this.length += 8
  }

  /** One byte as it is (`false`, `true`, `null`). */
  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.length++] = value
  }

  /** Bytes as they are: the content of a string, or an item that is encoded already. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A copy of everything written; `place` gives the bytes for it, if not an array of its own. */
  finish(place?: (size: number) => Uint8Array): Uint8Array {
    if (place === undefined) return this.buffer.slice(0, this.length)
    const bytes = place(this.length)
    bytes.set(this.buffer.subarray(0, this.length))
    return bytes
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.length = 0
  }

  private reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2))
    larger.set(this.buffer.subarray(0, this.length))
    this.buffer = larger
    this.view = new DataView(larger.buffer)
  }
}
