import { MAX_MESSAGE_BYTES } from './messages.ts'

/** Pieces that wait to be used again, at most; more are left to the collector. */
const MOST_FREE_PIECES = 128
const PIECES_PER_CALL = 16

/**
 * Memory for chunks that goes round between the link, the workers and back. It is shared with the workers instead of
 * handed over: fresh megabytes for every chunk would keep the collector busy with marking the whole heap, over and over.
 * A piece that is lost (its message was dropped) is only garbage.
 */
export class ChunkMemory {
  readonly #free = new Set<SharedArrayBuffer>()
  readonly #onSomeTaken: () => void
  #taken = 0

  /** `onSomeTaken` is called for every `PIECES_PER_CALL` pieces taken. */
  constructor(onSomeTaken: () => void = () => undefined) {
    this.#onSomeTaken = onSomeTaken
  }

  /** Exactly `bytes` bytes, with whatever they held before; undefined if that is more than any chunk needs. */
  take(bytes: number): Uint8Array | undefined {
    if (bytes > MAX_MESSAGE_BYTES) return undefined
    this.#count()
    const [piece = new SharedArrayBuffer(MAX_MESSAGE_BYTES)] = this.#free
    this.#free.delete(piece)
    return new Uint8Array(piece, 0, bytes)
  }

  /** The piece that `bytes` lie in once more, as `length` bytes, for whoever has not given it back. */
  again(bytes: Uint8Array, length: number): Uint8Array {
    this.#count()
    return new Uint8Array(bytes.buffer, 0, length)
  }

  /** Memory that is used once, since nobody can tell when the link is done with it. */
  fresh(bytes: number): Uint8Array {
    this.#count()
    return new Uint8Array(bytes)
  }

  /** Takes back the piece that `bytes` lie in, whole; nothing may use any part of it afterwards. Other memory is left alone. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes
    const isPiece = buffer instanceof SharedArrayBuffer && buffer.byteLength === MAX_MESSAGE_BYTES
    if (isPiece && this.#free.size < MOST_FREE_PIECES) this.#free.add(buffer)
  }

  /** Lets go of what waits: an idle process holds no memory for chunks. */
  clear(): void {
    this.#free.clear()
  }

  #count(): void {
    this.#taken += 1
    if (this.#taken % PIECES_PER_CALL === 0) this.#onSomeTaken()
  }
}
