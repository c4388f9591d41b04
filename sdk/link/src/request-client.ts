import type { Stream } from '@libp2p/interface'
import { SmartshareError } from '@smartshare/codec'
import { decodeError, MAX_ERROR_BYTES } from './errors.ts'
import { FrameKind } from './frame.ts'
import { FramedStream } from './framed-stream.ts'
import { type LinkLimits, MAX_FRAME_BYTES } from './limits.ts'
import type { ProtocolMetrics } from './metrics.ts'

/** How long an answer may take in general, milliseconds. */
const DEFAULT_REQUEST_TIMEOUT_MS = 10_000
/** A peer must answer a cancelled request too, within this time; else the stream is given up. */
const CANCEL_GRACE_MS = 30_000
/** Bytes of requests that are not answered yet, per peer and protocol; beyond it LINK_QUEUE_FULL. */
const MAX_HELD_BYTES = 64 * 1024 * 1024
/** A request carries the bound of its answer in front: u32. */
export const REQUEST_HEAD_BYTES = 4

export interface RequestOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Largest answer that is accepted, bytes. */
  readonly maxResponseBytes: number
}

export interface RequestClientInit {
  readonly peer: string
  readonly protocol: string
  readonly limits: LinkLimits
  readonly metrics: ProtocolMetrics
  now(): number
  open(): Promise<Stream>
  onFault(error: SmartshareError): void
  /** The client is of no more use; the next request takes a new one. */
  onGone(client: RequestClient): void
}

interface Pending {
  readonly body: Uint8Array
  readonly maxResponseBytes: number
  resolve(response: Uint8Array): void
  reject(error: SmartshareError): void
}

/**
 * The asking side of one peer and protocol: one long-lived stream, opened with the first request, many requests in
 * flight. Every request gets exactly one answer, cancelled ones too, so a peer cannot slip in answers nobody asked for.
 */
export class RequestClient {
  readonly #init: RequestClientInit
  #framed: FramedStream | undefined
  #error: SmartshareError | undefined
  #nextId = 1
  #heldBytes = 0
  readonly #inFlight = new Map<number, Pending>()
  /** Bounds of answers still owed to requests that were given up. */
  readonly #cancelled = new Map<number, { maxResponseBytes: number; sinceMs: number }>()
  readonly #queue = new Set<Pending>()

  constructor(init: RequestClientInit) {
    this.#init = init
    init.open().then(
      (stream) => this.#start(stream),
      (error: SmartshareError) => this.#fail(error),
    )
  }

  /** Asks; resolves with the answer. The body is not copied: do not change it before the answer is there. */
  request(body: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { limits, metrics, peer, protocol } = this.#init
    const { timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS, signal, maxResponseBytes } = options
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (signal?.aborted) return Promise.reject(cancelled(peer, protocol))
    if (body.length + REQUEST_HEAD_BYTES > MAX_FRAME_BYTES) {
      const details = { sizeBytes: body.length, maxBytes: MAX_FRAME_BYTES }
      return Promise.reject(
        new SmartshareError('LINK_TOO_LARGE', 'The request is longer than any frame may be', details),
      )
    }
    if (this.#queue.size >= limits.maxQueuedRequests || this.#heldBytes + body.length > MAX_HELD_BYTES) {
      metrics.refused++
      const details = { peer, protocol, queued: this.#queue.size, heldBytes: this.#heldBytes }
      return Promise.reject(new SmartshareError('LINK_QUEUE_FULL', 'Too many requests wait for this peer', details))
    }
    metrics.requestsOut++
    return new Promise((resolve, reject) => {
      this.#heldBytes += body.length
      const leave = (): void => {
        this.#heldBytes -= body.length
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const pending: Pending = {
        body,
        maxResponseBytes: Math.min(maxResponseBytes, MAX_FRAME_BYTES),
        resolve: (response) => {
          leave()
          resolve(response)
        },
        reject: (error) => {
          leave()
          metrics.failed++
          reject(error)
        },
      }
      const onAbort = (): void => this.#giveUp(pending, cancelled(peer, protocol))
      const timer = setTimeout(() => {
        const details = { peer, protocol, timeoutMs }
        this.#giveUp(pending, new SmartshareError('LINK_TIMEOUT', 'The peer did not answer in time', details))
      }, timeoutMs)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#queue.add(pending)
      this.#pump()
    })
  }

  /** Deadlines; called by the link's sweep. */
  check(): void {
    this.#framed?.check()
    const [oldest] = this.#cancelled.values()
    if (oldest !== undefined && this.#init.now() - oldest.sinceMs > CANCEL_GRACE_MS) {
      const details = { peer: this.#init.peer, protocol: this.#init.protocol }
      this.close(new SmartshareError('LINK_STALLED', 'The peer leaves requests unanswered', details))
    }
  }

  close(error: SmartshareError): void {
    this.#framed?.abort(error)
    this.#fail(error)
  }

  #start(stream: Stream): void {
    const { limits, metrics, now, peer } = this.#init
    if (this.#error !== undefined) {
      stream.abort(this.#error)
      return
    }
    this.#framed = new FramedStream({
      stream,
      peer,
      metrics,
      now,
      maxQueuedSends: 2 * limits.maxInFlightRequests,
      maxQueuedBytes: 2 * MAX_HELD_BYTES,
      frameTimeoutMs: limits.frameTimeoutMs,
      stallTimeoutMs: limits.stallTimeoutMs,
      bound: (kind, id) => this.#bound(kind, id),
      onFrame: (kind, id, payload) => this.#onFrame(kind, id, payload),
      onFault: (error) => this.#init.onFault(error),
      onEnd: (error) => {
        this.#fail(error)
        this.#framed?.abort(error)
      },
    })
    this.#framed.open()
    this.#pump()
  }

  #pump(): void {
    const framed = this.#framed
    if (framed === undefined) return
    for (const pending of this.#queue) {
      if (this.#inFlight.size + this.#cancelled.size >= this.#init.limits.maxInFlightRequests) return
      this.#queue.delete(pending)
      const id = this.#takeId()
      this.#inFlight.set(id, pending)
      const head = new Uint8Array(REQUEST_HEAD_BYTES)
      new DataView(head.buffer).setUint32(0, pending.maxResponseBytes)
      framed.send(FrameKind.Request, id, [head, pending.body]).catch((error: SmartshareError) => {
        if (this.#inFlight.delete(id)) pending.reject(error)
      })
    }
  }

  #takeId(): number {
    do this.#nextId = this.#nextId === 0xffff_ffff ? 1 : this.#nextId + 1
    while (this.#inFlight.has(this.#nextId) || this.#cancelled.has(this.#nextId))
    return this.#nextId
  }

  #bound(kind: number, id: number): number {
    const owed = this.#inFlight.get(id) ?? this.#cancelled.get(id)
    if (owed === undefined) return -1
    if (kind === FrameKind.Response) return owed.maxResponseBytes
    return kind === FrameKind.Failure ? MAX_ERROR_BYTES : -1
  }

  #onFrame(kind: number, id: number, payload: Uint8Array): void {
    const pending = this.#inFlight.get(id)
    this.#inFlight.delete(id)
    this.#cancelled.delete(id)
    if (kind === FrameKind.Response) pending?.resolve(payload)
    else pending?.reject(decodeError(payload, this.#init.peer))
    this.#pump()
  }

  #giveUp(pending: Pending, error: SmartshareError): void {
    if (!this.#queue.delete(pending)) {
      for (const [id, other] of this.#inFlight) {
        if (other !== pending) continue
        this.#inFlight.delete(id)
        this.#cancelled.set(id, { maxResponseBytes: pending.maxResponseBytes, sinceMs: this.#init.now() })
        this.#framed?.send(FrameKind.Cancel, id, []).catch(() => undefined)
      }
    }
    pending.reject(error)
  }

  #fail(error: SmartshareError): void {
    if (this.#error !== undefined) return
    this.#error = error
    const all = [...this.#inFlight.values(), ...this.#queue]
    this.#inFlight.clear()
    this.#cancelled.clear()
    this.#queue.clear()
    for (const pending of all) pending.reject(error)
    this.#init.onGone(this)
  }
}

function cancelled(peer: string, protocol: string): SmartshareError {
  return new SmartshareError('LINK_CANCELLED', 'The request was given up', { peer, protocol })
}
