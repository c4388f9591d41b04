import type { Stream } from '@libp2p/interface'
import { SmartshareError } from '@smartshare/codec'
import { decodeError, encodeError, errorForPeer, MAX_ERROR_BYTES } from './errors.ts'
import { FrameKind } from './frame.ts'
import { FramedStream } from './framed-stream.ts'
import type { ChannelLimits, LinkLimits } from './limits.ts'
import type { ProtocolMetrics } from './metrics.ts'
import { TokenBucket } from './quota.ts'

/** What a waiting message costs besides its bytes, so that many tiny ones count too. */
const MESSAGE_OVERHEAD_BYTES = 128
/** How long an aborted stream stays to let its code arrive, milliseconds. */
const ABORT_GRACE_MS = 5_000

export interface ChannelInit {
  readonly stream: Stream
  readonly peer: string
  readonly protocol: string
  readonly limits: ChannelLimits
  readonly link: LinkLimits
  readonly metrics: ProtocolMetrics
  now(): number
  onFault(error: SmartshareError): void
  onGone(channel: Channel): void
}

/**
 * Messages in both directions between two peers, in order, with back-pressure. Each side ends its own direction with
 * `close`; a stream that breaks off without that is an error for the reader, so nothing half arrives unnoticed.
 */
export class Channel implements AsyncIterable<Uint8Array> {
  readonly peer: string
  readonly protocol: string
  /** True if the peer opened it. */
  readonly inbound: boolean
  readonly #init: ChannelInit
  readonly #framed: FramedStream
  readonly #pace: TokenBucket
  #paceTimer: NodeJS.Timeout | undefined
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #readers: { resolve(message: Uint8Array | undefined): void; reject(error: SmartshareError): void }[] = []
  #remoteEnded = false
  #localEnded = false
  #error: SmartshareError | undefined
  #streamClosed = false
  #discardBeforeMs: number | undefined
  #gone = false
  #heardAtMs: number

  constructor(init: ChannelInit) {
    this.peer = init.peer
    this.protocol = init.protocol
    this.inbound = init.stream.direction === 'inbound'
    this.#init = init
    this.#heardAtMs = init.now()
    this.#pace = new TokenBucket(init.limits.bytesPerSecond, init.now())
    this.#framed = new FramedStream({
      stream: init.stream,
      peer: init.peer,
      metrics: init.metrics,
      maxQueuedSends: init.limits.maxQueuedSends,
      maxQueuedBytes: init.limits.maxQueuedBytes,
      frameTimeoutMs: init.link.frameTimeoutMs,
      stallTimeoutMs: init.link.stallTimeoutMs,
      now: init.now,
      bound: (kind, id) => this.#bound(kind, id),
      memory: init.limits.memory,
      onFrame: (kind, _id, payload) => this.#onFrame(kind, payload),
      onBytes: (bytes) => this.#onBytes(bytes),
      onFault: (error) => {
        this.#error ??= error
        init.onFault(error)
      },
      onEnd: (error) => this.#onEnd(error),
      onClosed: () => {
        this.#streamClosed = true
        if (this.#framed.ended) this.#leave()
      },
    })
  }

  /** Begins to read; called once by the link. */
  open(): void {
    this.#framed.open()
  }

  /**
   * Sends one message, or one message given in parts. Resolves when there is room for the next, so awaiting it holds
   * the sender to the pace of the reader. The bytes are not copied: do not change them afterwards.
   * Errors: LINK_TOO_LARGE, LINK_QUEUE_FULL (too many unawaited sends), LINK_CLOSED, or what the peer aborted with.
   */
  send(message: Uint8Array | readonly Uint8Array[]): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#localEnded) return Promise.reject(this.#closed('This side of the channel has been closed'))
    const parts = message instanceof Uint8Array ? [message] : message
    const { maxMessageBytes } = this.#init.limits
    let sizeBytes = 0
    for (const part of parts) sizeBytes += part.length
    if (sizeBytes > maxMessageBytes) {
      const details = { sizeBytes, maxMessageBytes }
      return Promise.reject(new SmartshareError('LINK_TOO_LARGE', 'The message is longer than its bound', details))
    }
    return this.#framed.send(FrameKind.Message, 0, parts)
  }

  /** The next message, or undefined when the peer has closed its side; rejects when the channel broke off. */
  receive(): Promise<Uint8Array | undefined> {
    const message = this.#queue.shift()
    if (message !== undefined) {
      this.#queuedBytes -= message.length + MESSAGE_OVERHEAD_BYTES
      this.#maybeResume()
      return Promise.resolve(message)
    }
    if (this.#remoteEnded) return Promise.resolve(undefined)
    if (this.#error !== undefined) return Promise.reject(this.#error)
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>()
    this.#readers.push({ resolve, reject })
    return promise
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let message = await this.receive(); message !== undefined; message = await this.receive()) yield message
  }

  /** Ends this side; the peer's messages can still be read. Resolves when all has left this process's hands. */
  async close(): Promise<void> {
    if (this.#localEnded || this.#error !== undefined) return
    this.#localEnded = true
    this.#heardAtMs = this.#init.now()
    this.#framed.send(FrameKind.End, 0, []).catch(() => undefined)
    await this.#framed.close()
    this.#maybeGone()
  }

  /**
   * Breaks off both sides: nothing more is read or sent, and the peer's reader and writer get the code. The stream itself
   * is reset by the peer when it has heard, or by us if it takes too long; a reset at once could overtake the code.
   */
  abort(error = new SmartshareError('LINK_ABORTED', 'The channel was broken off')): void {
    if (this.#gone || this.#error !== undefined) return
    this.#error = error
    this.#localEnded = true
    for (const reader of this.#readers.splice(0)) reader.reject(error)
    this.#framed.sendLast(FrameKind.Abort, 0, [encodeError(errorForPeer(error))], error)
    this.#dropInput(ABORT_GRACE_MS)
  }

  /** Resets the stream at once. */
  cut(error: SmartshareError): void {
    this.#framed.abort(error)
    this.#fail(error)
  }

  /** True once both sides have ended or the channel broke off. */
  get gone(): boolean {
    return this.#gone
  }

  /** Nobody reads any more: what still comes is dropped until the peer ends, for a bounded time. */
  discard(): void {
    if (!this.#gone) this.#dropInput(this.#init.limits.lingerTimeoutMs)
  }

  /** Deadlines; called by the link's sweep. */
  check(): void {
    this.#framed.check()
    const { now, limits, peer } = this.#init
    const nowMs = now()
    const halfOpen = this.#localEnded !== this.#remoteEnded
    if (!halfOpen || this.#queue.length > 0 || this.#framed.unsentBytes > 0) this.#heardAtMs = nowMs
    const silent = nowMs - this.#heardAtMs > limits.lingerTimeoutMs
    if (silent || nowMs > (this.#discardBeforeMs ?? nowMs)) {
      this.cut(new SmartshareError('LINK_STALLED', 'One side ended and the other did not follow in time', { peer }))
    }
  }

  #dropInput(graceMs: number): void {
    this.#discardBeforeMs = this.#init.now() + graceMs
    this.#queue = []
    this.#queuedBytes = 0
    this.#maybeResume()
  }

  #bound(kind: number, id: number): number {
    if (id !== 0 || this.#remoteEnded) return -1
    if (kind === FrameKind.Message) return this.#init.limits.maxMessageBytes
    if (kind === FrameKind.End) return 0
    return kind === FrameKind.Abort ? MAX_ERROR_BYTES : -1
  }

  #onBytes(bytes: number): void {
    this.#heardAtMs = this.#init.now()
    const waitMs = this.#pace.owe(bytes, this.#heardAtMs)
    if (waitMs < 1 || this.#paceTimer !== undefined) return
    this.#framed.pause()
    this.#paceTimer = setTimeout(() => {
      this.#paceTimer = undefined
      this.#maybeResume()
    }, waitMs)
  }

  #onFrame(kind: number, payload: Uint8Array): void {
    if (kind === FrameKind.Abort) {
      const error = decodeError(payload, this.peer)
      this.#error ??= error
      this.#framed.abort(error)
      return
    }
    if (kind === FrameKind.End) {
      this.#remoteEnded = true
      for (const reader of this.#readers.splice(0)) reader.resolve(undefined)
      this.#maybeGone()
      return
    }
    if (this.#discardBeforeMs !== undefined) return
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader.resolve(payload)
      return
    }
    this.#queue.push(payload)
    this.#queuedBytes += payload.length + MESSAGE_OVERHEAD_BYTES
    if (this.#queuedBytes >= this.#init.limits.receiveQueueBytes) this.#framed.pause()
  }

  #maybeResume(): void {
    if (this.#paceTimer !== undefined || !this.#framed.paused) return
    if (this.#queuedBytes * 2 <= this.#init.limits.receiveQueueBytes) this.#framed.resume()
  }

  #onEnd(error: SmartshareError): void {
    if (!this.#remoteEnded) this.#fail(this.#error ?? error)
    else if (this.#streamClosed) this.#leave()
  }

  #fail(error: SmartshareError): void {
    this.#error ??= error
    for (const reader of this.#readers.splice(0)) reader.reject(this.#error)
    this.#leave()
  }

  #maybeGone(): void {
    if (this.#remoteEnded && this.#localEnded) this.#leave()
  }

  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    clearTimeout(this.#paceTimer)
    this.#paceTimer = undefined
    this.#init.onGone(this)
  }

  #closed(message: string): SmartshareError {
    return new SmartshareError('LINK_CLOSED', message, { peer: this.peer, protocol: this.protocol })
  }
}
