import { SmartshareError } from '@smartshare/codec'

/**
 * A frame is [length of the payload: u32] [kind: u8] [id: u32] [payload], big-endian. Requests use `id` to match
 * answers; on channels it is 0. The length is judged before anything of the payload is kept.
 */
export const FRAME_HEADER_BYTES = 9

/** Kinds of frames; 1–4 travel on request streams, 5–7 on channels. */
export const FrameKind = { Request: 1, Response: 2, Failure: 3, Cancel: 4, Message: 5, End: 6, Abort: 7 } as const

/** Payloads up to this size are copied out, so that a kept vote does not hold on to a whole network buffer. */
const COPY_UP_TO_BYTES = 4 * 1024
/** Larger payloads go into memory that is used again, if there is such. */
const LEAST_MEMORY_BYTES = 64 * 1024

export function writeFrameHeader(target: Uint8Array, payloadBytes: number, kind: number, id: number): void {
  const view = new DataView(target.buffer, target.byteOffset, FRAME_HEADER_BYTES)
  view.setUint32(0, payloadBytes)
  view.setUint8(4, kind)
  view.setUint32(5, id)
}

export interface FrameReaderOptions {
  /** Largest payload of such a frame, bytes; −1 if it may not come now. Called as soon as the header is there. */
  bound(kind: number, id: number): number
  onFrame(kind: number, id: number, payload: Uint8Array): void
  /** Memory of exactly this size for a large payload: the parts are copied into it as they come. */
  memory?(bytes: number): Uint8Array | undefined
}

/**
 * Cuts a stream of bytes into frames. It holds at most the part of one frame that has arrived, and it can be stopped
 * between two frames: `push` returns how much it took.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES)
  readonly #headerView = new DataView(this.#header.buffer)
  #headerBytes = 0
  #missing = 0
  /** Where the payload goes; without it, its parts are kept until all are there. */
  #target: Uint8Array | undefined
  #parts: Uint8Array[] = []
  #stopped = false

  constructor(options: FrameReaderOptions) {
    this.#options = options
  }

  /** True while a frame has begun and is not complete. */
  get partial(): boolean {
    return this.#headerBytes > 0
  }

  get stopped(): boolean {
    return this.#stopped
  }

  stop(): void {
    this.#stopped = true
  }

  start(): void {
    this.#stopped = false
  }

  /**
   * Reads frames from `chunk` until it is used up or the reader is stopped; returns the number of bytes taken.
   * Throws LINK_BAD_FRAME for a kind that may not come, LINK_TOO_LARGE for a length above its bound.
   */
  push(chunk: Uint8Array): number {
    let at = 0
    while (!this.#stopped && at < chunk.length) {
      if (this.#headerBytes < FRAME_HEADER_BYTES) {
        const take = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, chunk.length - at)
        this.#header.set(chunk.subarray(at, at + take), this.#headerBytes)
        this.#headerBytes += take
        at += take
        if (this.#headerBytes < FRAME_HEADER_BYTES) return at
        this.#missing = this.#judge()
      }
      const take = Math.min(this.#missing, chunk.length - at)
      const part = chunk.subarray(at, at + take)
      if (this.#target !== undefined) this.#target.set(part, this.#target.length - this.#missing)
      else if (take > 0) this.#parts.push(part)
      at += take
      this.#missing -= take
      if (this.#missing === 0) this.#finish()
    }
    return at
  }

  #judge(): number {
    const length = this.#headerView.getUint32(0)
    const kind = this.#headerView.getUint8(4)
    const bound = this.#options.bound(kind, this.#headerView.getUint32(5))
    if (bound < 0) throw new SmartshareError('LINK_BAD_FRAME', 'A frame came that has no place here', { kind })
    if (length > bound) {
      throw new SmartshareError('LINK_TOO_LARGE', 'A frame is longer than its bound', { kind, length, bound })
    }
    if (length >= LEAST_MEMORY_BYTES) this.#target = this.#options.memory?.(length)
    return length
  }

  #finish(): void {
    const payload = this.#target ?? join(this.#parts, this.#headerView.getUint32(0))
    this.#target = undefined
    this.#parts = []
    this.#headerBytes = 0
    this.#options.onFrame(this.#headerView.getUint8(4), this.#headerView.getUint32(5), payload)
  }
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts
  if (first !== undefined && parts.length === 1 && size > COPY_UP_TO_BYTES) return first
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
