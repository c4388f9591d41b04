import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { SmartshareError } from '@smartshare/codec'
import { Uint8ArrayList } from 'uint8arraylist'
import { FRAME_HEADER_BYTES, FrameReader, writeFrameHeader } from './frame.ts'
import type { ProtocolMetrics } from './metrics.ts'

/** Frames up to this size leave as one buffer: one small copy is cheaper than one more record of the encryption. */
const COALESCE_UP_TO_BYTES = 8 * 1024
/** Bytes handed to the multiplexer at a time: small enough that a vote never waits behind a whole packet. */
const SLICE_BYTES = 512 * 1024

export interface FramedStreamOptions {
  readonly stream: Stream
  readonly peer: string
  readonly metrics: ProtocolMetrics
  readonly maxQueuedSends: number
  readonly maxQueuedBytes: number
  readonly frameTimeoutMs: number
  readonly stallTimeoutMs: number
  now(): number
  bound(kind: number, id: number): number
  /** See FrameReaderOptions. */
  memory?: ((bytes: number) => Uint8Array | undefined) | undefined
  onFrame(kind: number, id: number, payload: Uint8Array): void
  /** Called with the size of what came from the wire, before it is read. */
  onBytes?(bytes: number): void
  /** The peer broke the rules; the stream is cut right after. */
  onFault(error: SmartshareError): void
  /** Once, after the last frame: nothing will come any more. */
  onEnd(error: SmartshareError): void
  /** Once: the stream is gone in both directions; what had come may still be unread. */
  onClosed?(): void
}

interface Waiting {
  readonly chunks: Uint8Array[]
  readonly settled: Promise<void>
  /** Part of it is on the wire: the rest must follow before anything else. */
  begun: boolean
  resolve(): void
  reject(error: SmartshareError): void
}

/**
 * Frames on a libp2p stream, with back-pressure in both directions. Sending holds at most `maxQueuedBytes` and one slice
 * besides what the connection itself holds; receiving stops at once when asked to, and what the peer may still send is
 * limited by the stream's window. Bytes are sent by reference: they must not be changed afterwards.
 */
export class FramedStream {
  readonly #options: FramedStreamOptions
  readonly #stream: Stream
  readonly #reader: FrameReader
  #unread: Uint8Array[] = []
  #reading = false
  #resuming = false
  #ending: SmartshareError | undefined
  #ended = false
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #sentBytes = 0
  #flushing = false
  #writable = true
  #partialSinceMs: number | undefined
  #flushedBytes = 0
  #flushedAtMs: number

  constructor(options: FramedStreamOptions) {
    this.#options = options
    this.#stream = options.stream
    this.#flushedAtMs = options.now()
    this.#reader = new FrameReader({
      bound: options.bound,
      ...(options.memory === undefined ? {} : { memory: options.memory }),
      onFrame: (kind, id, payload) => {
        options.metrics.framesIn++
        options.metrics.bytesIn += payload.length + FRAME_HEADER_BYTES
        options.onFrame(kind, id, payload)
      },
    })
    options.metrics.streams++
  }

  /** Begins to read; separate from the constructor so that the owner is whole when the first frame comes. */
  open(): void {
    const stream = this.#stream
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('remoteCloseWrite', this.#onRemoteEnd)
    stream.addEventListener('drain', this.#onDrain)
    stream.addEventListener('idle', this.#onDrain)
    stream.addEventListener('message', this.#onMessage)
    if (stream.status !== 'open') {
      // Gone already; the peer's last words may still lie in it and are handed over in a microtask.
      this.#ending = this.#closedError(undefined)
      this.#failSends(this.#ending)
      this.#maybeEnd()
      this.#options.onClosed?.()
    }
  }

  get ended(): boolean {
    return this.#ended
  }

  get paused(): boolean {
    return this.#reader.stopped
  }

  /** Bytes that were accepted for sending and are not yet with the connection. */
  get unsentBytes(): number {
    return this.#waitingBytes + this.#stream.writeBufferLength
  }

  /**
   * Sends one frame. Resolves when there is room for the next; rejects with LINK_QUEUE_FULL if too much is waiting
   * already, LINK_CLOSED when the stream is gone.
   */
  send(kind: number, id: number, parts: readonly Uint8Array[]): Promise<void> {
    if (!this.#writable) return Promise.reject(this.#closedError(undefined))
    let payloadBytes = 0
    for (const part of parts) payloadBytes += part.length
    const bytes = payloadBytes + FRAME_HEADER_BYTES
    const { maxQueuedSends, maxQueuedBytes, metrics, peer } = this.#options
    const full = this.#waiting.length >= maxQueuedSends || this.#waitingBytes + bytes > maxQueuedBytes
    if (this.#waiting.length > 0 && full) {
      metrics.refused++
      const details = { peer, waiting: this.#waiting.length, waitingBytes: this.#waitingBytes }
      return Promise.reject(new SmartshareError('LINK_QUEUE_FULL', 'Too much is waiting to be sent already', details))
    }
    metrics.framesOut++
    metrics.bytesOut += bytes
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({
      chunks: frameChunks(kind, id, parts, payloadBytes),
      settled: promise,
      begun: false,
      resolve,
      reject,
    })
    this.#waitingBytes += bytes
    this.#flush()
    return promise
  }

  /** Drops what waits and is not begun (it fails with `error`), sends this frame instead, and takes no more. */
  sendLast(kind: number, id: number, parts: readonly Uint8Array[], error: SmartshareError): void {
    if (!this.#writable) return
    const begun = this.#waiting[0]?.begun === true ? this.#waiting.shift() : undefined
    this.#failSends(error)
    if (begun !== undefined) this.#waiting.push(begun)
    this.#waitingBytes = begun?.chunks.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0
    this.#writable = true
    this.send(kind, id, parts).catch(() => undefined)
    this.#writable = false
  }

  /** Stops reading, between two frames; the peer is held back by the window. */
  pause(): void {
    if (this.#reader.stopped) return
    this.#reader.stop()
    this.#partialSinceMs = undefined
    // Inside resume() the stream must not be paused again: it would forget that it is paused and open its window.
    if (!this.#resuming) this.#pauseStream()
  }

  resume(): void {
    if (!this.#reader.stopped || this.#ended) return
    this.#reader.start()
    this.#read()
    if (this.#reader.stopped || this.#ended) return
    this.#resumeStream()
    this.#read()
    if (this.#reader.stopped) this.#pauseStream()
  }

  /** Ends the own direction after everything waiting has left; resolves when the connection has it all. */
  async close(): Promise<void> {
    if (!this.#writable) return
    this.#writable = false
    await this.#emptied()
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(this.#options.stallTimeoutMs) })
    } catch (error) {
      this.abort(new SmartshareError('LINK_CLOSED', 'The stream ended before all was sent', {}, error))
    }
  }

  /** Cuts both directions at once; what waits to be sent is lost. */
  abort(error: SmartshareError): void {
    this.#ending ??= error
    this.#failSends(error)
    this.#stream.abort(error)
    this.#finish(error)
  }

  /** Cuts peers that send frames too slowly or take nothing; called by the link's sweep. */
  check(): void {
    const { now, frameTimeoutMs, stallTimeoutMs, peer } = this.#options
    const nowMs = now()
    if (this.#partialSinceMs !== undefined && nowMs - this.#partialSinceMs > frameTimeoutMs) {
      this.#fault(new SmartshareError('LINK_STALLED', 'A frame was begun and not completed in time', { peer }))
      return
    }
    const flushedBytes = this.#sentBytes - this.#stream.writeBufferLength
    if (this.unsentBytes === 0 || flushedBytes !== this.#flushedBytes) {
      this.#flushedBytes = flushedBytes
      this.#flushedAtMs = nowMs
    } else if (nowMs - this.#flushedAtMs > stallTimeoutMs) {
      this.#fault(new SmartshareError('LINK_STALLED', 'The peer takes nothing of what waits for it', { peer }))
    }
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    this.#options.onBytes?.(event.data.byteLength)
    if (event.data instanceof Uint8Array) this.#unread.push(event.data)
    else for (const chunk of event.data) this.#unread.push(chunk)
    if (!this.#resuming) this.#read()
  }

  #read(): void {
    if (this.#reading || this.#ended) return
    this.#reading = true
    try {
      let used = 0
      for (const chunk of this.#unread) {
        if (this.#reader.stopped) break
        const taken = this.#reader.push(chunk)
        if (this.#ended) return
        if (taken < chunk.length) {
          this.#unread[used] = chunk.subarray(taken)
          break
        }
        used++
      }
      this.#unread = used === this.#unread.length ? [] : this.#unread.slice(used)
    } catch (error) {
      this.#fault(error as SmartshareError)
      return
    } finally {
      this.#reading = false
    }
    if (this.#reader.stopped || !this.#reader.partial) this.#partialSinceMs = undefined
    else this.#partialSinceMs ??= this.#options.now()
    this.#maybeEnd()
  }

  #maybeEnd(): void {
    const drained = this.#unread.length === 0 && this.#stream.readBufferLength === 0
    if (this.#ending !== undefined && !this.#reader.stopped && drained) this.#finish(this.#ending)
  }

  readonly #onRemoteEnd = (): void => {
    this.#ending ??= this.#closedError(undefined)
    this.#maybeEnd()
  }

  readonly #onClose = (event: StreamCloseEvent): void => {
    this.#ending ??= this.#closedError(event.error)
    this.#failSends(this.#ending)
    // What had come before the end may still lie in a paused stream; it is bounded by the window, so take it in.
    this.#resumeStream()
    this.#read()
    this.#maybeEnd()
    this.#options.onClosed?.()
  }

  readonly #onDrain = (): void => {
    // The stream itself moves its buffer on in a microtask after this event; look once it has.
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    if (this.#flushing) return
    this.#flushing = true
    try {
      while (this.#waiting.length > 0 && this.#stream.writeBufferLength < SLICE_BYTES) {
        const { slice, complete } = takeSlice(this.#waiting)
        this.#sentBytes += slice.byteLength
        this.#waitingBytes -= slice.byteLength
        try {
          this.#stream.send(slice)
        } catch (error) {
          this.#waiting.unshift(...complete)
          this.#failSends(this.#closedError(error))
          return
        }
        for (const entry of complete) entry.resolve()
      }
    } finally {
      this.#flushing = false
    }
  }

  /** Resolves when nothing waits any more, sent or failed. */
  #emptied(): Promise<void> {
    const last = this.#waiting.at(-1)
    return last === undefined ? Promise.resolve() : last.settled.then(undefined, () => undefined)
  }

  #failSends(error: SmartshareError): void {
    this.#writable = false
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const entry of waiting) entry.reject(error)
  }

  #fault(error: SmartshareError): void {
    this.#options.onFault(error)
    this.abort(error)
  }

  #finish(error: SmartshareError): void {
    if (this.#ended) return
    this.#ended = true
    this.#reader.stop()
    this.#unread = []
    this.#partialSinceMs = undefined
    this.#options.metrics.streams--
    this.#failSendsIfGone(error)
    this.#options.onEnd(error)
  }

  /** A peer that has only ended its own direction may still listen. */
  #failSendsIfGone(error: SmartshareError): void {
    if (this.#stream.status !== 'open') this.#failSends(error)
  }

  #pauseStream(): void {
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #resumeStream(): void {
    if (this.#stream.readStatus !== 'paused') return
    this.#resuming = true
    try {
      this.#stream.resume()
    } catch {
      // The connection went away: its bytes were handed over before it tried to answer.
    } finally {
      this.#resuming = false
    }
  }

  #closedError(cause: unknown): SmartshareError {
    return new SmartshareError('LINK_CLOSED', 'The peer or the connection is gone', { peer: this.#options.peer }, cause)
  }
}

function frameChunks(kind: number, id: number, parts: readonly Uint8Array[], payloadBytes: number): Uint8Array[] {
  const coalesce = payloadBytes + FRAME_HEADER_BYTES <= COALESCE_UP_TO_BYTES
  const head = new Uint8Array(FRAME_HEADER_BYTES + (coalesce ? payloadBytes : 0))
  writeFrameHeader(head, payloadBytes, kind, id)
  if (!coalesce) return [head, ...parts.filter((part) => part.length > 0)]
  let at = FRAME_HEADER_BYTES
  for (const part of parts) {
    head.set(part, at)
    at += part.length
  }
  return [head]
}

/** Takes up to SLICE_BYTES from the front of what waits, without copying; `complete` are the entries that are used up. */
function takeSlice(waiting: Waiting[]): { slice: Uint8ArrayList; complete: Waiting[] } {
  const slice = new Uint8ArrayList()
  const complete: Waiting[] = []
  for (let head = waiting[0]; head !== undefined && slice.byteLength < SLICE_BYTES; head = waiting[0]) {
    const room = SLICE_BYTES - slice.byteLength
    const chunk = head.chunks[0]
    if (chunk !== undefined && chunk.length > room) {
      slice.append(chunk.subarray(0, room))
      head.chunks[0] = chunk.subarray(room)
      head.begun = true
      break
    }
    if (chunk !== undefined) slice.append(chunk)
    head.begun = true
    head.chunks.shift()
    if (head.chunks.length === 0) {
      complete.push(head)
      waiting.shift()
    }
  }
  return { slice, complete }
}
