import { SmartshareError } from './error.ts'

/** Deepest nesting of records and arrays. */
export const MAX_DEPTH = 16
const TWO_32 = 0x1_0000_0000

/** Reads CBOR items strictly: only the shortest form, only within the bytes that are there. */
export class Reader {
  readonly bytes: Uint8Array
  position = 0
  private depth = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.bytes.length - this.position
  }

  /** The next byte without reading it; −1 at the end. */
  peek(): number {
    return this.bytes[this.position] ?? -1
  }

  /** Argument of a head of the given major type, if it is below 2^53. */
  head(major: number): number {
    const info = this.initial(major)
    if (info < 24) return info
    const start = this.position
    if (info === 24) {
      this.advance(1)
      return this.atLeast(this.bytes[start]!, 24)
    }
    if (info === 25) {
      this.advance(2)
      return this.atLeast(this.bytes[start]! * 0x100 + this.bytes[start + 1]!, 0x100)
    }
    if (info === 26) {
      this.advance(4)
      return this.atLeast(this.word(start), 0x1_0000)
    }
    if (info === 27) {
      this.advance(8)
      const value = this.word(start) * TWO_32 + this.word(start + 4)
      if (value > Number.MAX_SAFE_INTEGER) throw new SmartshareError('CODEC_RANGE', 'integer above 2^53 − 1')
      return this.atLeast(value, TWO_32)
    }
    throw new SmartshareError('CODEC_NOT_CANONICAL', 'indefinite or reserved length')
  }

  /** Unsigned integer below 2^64. */
  bigUint(): bigint {
    return this.bigHead(0)
  }

  /** Argument of a head of the given major type, below 2^64. */
  bigHead(major: number): bigint {
    if ((this.peek() & 0x1f) !== 27) return BigInt(this.head(major))
    this.initial(major)
    const start = this.position
    this.advance(8)
    const high = this.word(start)
    if (high === 0) throw new SmartshareError('CODEC_NOT_CANONICAL', 'longer head than needed')
    return (BigInt(high) << 32n) | BigInt(this.word(start + 4))
  }

  /** The next `count` bytes as a view, not a copy. */
  take(count: number): Uint8Array {
    const start = this.position
    this.advance(count)
    return this.bytes.subarray(start, start + count)
  }

  /** Runs `read` one level deeper. */
  nested<T>(read: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new SmartshareError('CODEC_DEPTH', `nesting above ${MAX_DEPTH}`)
    const value = read()
    this.depth--
    return value
  }

  /** Refuses bytes after the end. */
  end(): void {
    if (this.remaining > 0) throw new SmartshareError('CODEC_TRAILING', `${this.remaining} bytes after the end`)
  }

  private initial(major: number): number {
    const byte = this.peek()
    if (byte < 0) throw new SmartshareError('CODEC_TRUNCATED', 'the bytes end in the middle of an item')
    if (byte >> 5 !== major) throw new SmartshareError('CODEC_TYPE', `major type ${byte >> 5} where ${major} belongs`)
    this.position++
    return byte & 0x1f
  }

  private advance(count: number): void {
    if (count > this.remaining) throw new SmartshareError('CODEC_TRUNCATED', 'the bytes end in the middle of an item')
    this.position += count
  }

  private atLeast(value: number, least: number): number {
    if (value < least) throw new SmartshareError('CODEC_NOT_CANONICAL', 'longer head than needed')
    return value
  }

  private word(at: number): number {
    const b = this.bytes
    return b[at]! * 0x100_0000 + ((b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!)
  }
}
