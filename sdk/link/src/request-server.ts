import type { Stream } from '@libp2p/interface'
import { SmartshareError } from '@smartshare/codec'
import { encodeError, errorForPeer } from './errors.ts'
import { FrameKind } from './frame.ts'
import { FramedStream } from './framed-stream.ts'
import type { LinkLimits, RequestLimits } from './limits.ts'
import type { ProtocolMetrics } from './metrics.ts'
import type { TokenBucket } from './quota.ts'
import { REQUEST_HEAD_BYTES } from './request-client.ts'

export interface RequestContext {
  readonly peer: string
  /** Aborted when the asker gave up, went away, or the handler's time is over: stop working then. */
  readonly signal: AbortSignal
  /** Largest answer the asker takes, bytes; a longer one becomes LINK_TOO_LARGE. */
  readonly maxResponseBytes: number
}

/** Answers one request; the answer may be given in parts. What it throws as SmartshareError reaches the asker. */
export type RequestHandler = (
  request: Uint8Array,
  context: RequestContext,
) => Uint8Array | readonly Uint8Array[] | Promise<Uint8Array | readonly Uint8Array[]>

/** What one peer may ask of one protocol; shared by all its streams. */
export interface RequestQuota {
  readonly requests: TokenBucket
  readonly bytes: TokenBucket
}

export interface RequestServerInit {
  readonly stream: Stream
  readonly peer: string
  readonly protocol: string
  readonly handler: RequestHandler
  readonly limits: RequestLimits
  readonly link: LinkLimits
  readonly metrics: ProtocolMetrics
  readonly quota: RequestQuota
  now(): number
  onFault(error: SmartshareError): void
  /** A request was over the quota and refused. */
  onRefused(error: SmartshareError): void
  onGone(server: RequestServer): void
}

/** The answering side of one stream of requests. A slot is held until its handler has settled and the answer has left. */
export class RequestServer {
  readonly #init: RequestServerInit
  readonly #framed: FramedStream
  readonly #running = new Map<number, AbortController>()
  #slots = 0

  constructor(init: RequestServerInit) {
    this.#init = init
    const { limits, link } = init
    this.#framed = new FramedStream({
      stream: init.stream,
      peer: init.peer,
      metrics: init.metrics,
      now: init.now,
      maxQueuedSends: 2 * limits.maxConcurrent,
      maxQueuedBytes: limits.maxConcurrent * (limits.maxResponseBytes + REQUEST_HEAD_BYTES),
      frameTimeoutMs: link.frameTimeoutMs,
      stallTimeoutMs: link.stallTimeoutMs,
      bound: (kind, id) => this.#bound(kind, id),
      onFrame: (kind, id, payload) => this.#onFrame(kind, id, payload),
      onFault: init.onFault,
      onEnd: (error) => this.#onEnd(error),
    })
  }

  open(): void {
    this.#framed.open()
  }

  check(): void {
    this.#framed.check()
  }

  close(error: SmartshareError): void {
    this.#framed.abort(error)
  }

  #bound(kind: number, id: number): number {
    if (kind === FrameKind.Cancel) return 0
    if (kind !== FrameKind.Request || this.#running.has(id)) return -1
    return this.#init.limits.maxRequestBytes + REQUEST_HEAD_BYTES
  }

  #onFrame(kind: number, id: number, payload: Uint8Array): void {
    if (kind === FrameKind.Cancel) {
      this.#running.get(id)?.abort(new SmartshareError('LINK_CANCELLED', 'The asker gave up'))
      return
    }
    const { limits, metrics, now, peer, protocol, quota } = this.#init
    if (payload.length < REQUEST_HEAD_BYTES) {
      const error = new SmartshareError('LINK_BAD_FRAME', 'A request is shorter than its head', { peer, protocol })
      this.#init.onFault(error)
      this.#framed.abort(error)
      return
    }
    metrics.requestsIn++
    // Taken before the quota is judged: refusals too must leave before more is read.
    this.#slots++
    if (this.#slots >= limits.maxConcurrent) this.#framed.pause()
    const nowMs = now()
    if (!quota.requests.take(1, nowMs) || !quota.bytes.take(payload.length, nowMs)) {
      metrics.refused++
      const error = new SmartshareError('LINK_QUOTA', 'More requests than this peer may send', { peer, protocol })
      this.#init.onRefused(error)
      void this.#answer(FrameKind.Failure, id, [encodeError(error)]).then(() => this.#release())
      return
    }
    const control = new AbortController()
    this.#running.set(id, control)
    const view = new DataView(payload.buffer, payload.byteOffset, REQUEST_HEAD_BYTES)
    const maxResponseBytes = Math.min(view.getUint32(0), limits.maxResponseBytes)
    void this.#run(id, payload.subarray(REQUEST_HEAD_BYTES), control, maxResponseBytes)
  }

  async #run(id: number, body: Uint8Array, control: AbortController, maxResponseBytes: number): Promise<void> {
    const { handler, limits, metrics, peer } = this.#init
    const { signal } = control
    const timer = setTimeout(() => {
      control.abort(new SmartshareError('LINK_TIMEOUT', 'The request took too long to handle', { peer }))
    }, limits.handlerTimeoutMs)
    const given = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => given.reject(signal.reason), { once: true })
    const work = (async () => handler(body, { peer, signal, maxResponseBytes }))()
    try {
      // The asker hears at once when the signal was given; the slot stays taken until the handler has heard it too.
      const response = await Promise.race([work, given.promise])
      await this.#answer(FrameKind.Response, id, withinBound(response, maxResponseBytes))
    } catch (error) {
      metrics.failed++
      await this.#answer(FrameKind.Failure, id, [encodeError(errorForPeer(error))])
    } finally {
      clearTimeout(timer)
    }
    await work.then(undefined, () => undefined)
    this.#release()
  }

  /** Resolves when the answer has left, or the stream is gone and with it whoever waited. */
  async #answer(kind: number, id: number, parts: readonly Uint8Array[]): Promise<void> {
    this.#running.delete(id)
    await this.#framed.send(kind, id, parts).catch(() => undefined)
  }

  #release(): void {
    this.#slots--
    if (this.#framed.paused && this.#slots < this.#init.limits.maxConcurrent) this.#framed.resume()
  }

  #onEnd(error: SmartshareError): void {
    for (const control of this.#running.values()) control.abort(error)
    this.#framed.abort(error)
    this.#init.onGone(this)
  }
}

function withinBound(response: Uint8Array | readonly Uint8Array[], maxBytes: number): readonly Uint8Array[] {
  const parts = response instanceof Uint8Array ? [response] : response
  let sizeBytes = 0
  for (const part of parts) sizeBytes += part.length
  if (sizeBytes <= maxBytes) return parts
  throw new SmartshareError('LINK_TOO_LARGE', 'The answer is longer than the asker takes', { sizeBytes, maxBytes })
}
