import type { MessageStream, StreamMessageEvent, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { SmartshareError } from '@smartshare/codec'
import type { LinkLimits } from './limits.ts'
import type { HostCounters } from './metrics.ts'
import { TokenBucket } from './quota.ts'

/** Yamux: header of 12 bytes — version, type, flags (u16), stream (u32), length (u32). */
const YAMUX_HEADER_BYTES = 12
const YAMUX_DATA = 0
const YAMUX_PING = 2
const YAMUX_FLAG_SYN = 1
/** Seconds' worth of new streams that may come at once. */
const STREAM_BURST_SECONDS = 4

export interface MuxerGuardInit {
  readonly limits: LinkLimits
  readonly counters: HostCounters
  now(): number
  onFault(connection: MessageStream, error: SmartshareError): void
}

/**
 * Watches the bytes of a connection before the multiplexer sees them. The yamux decoder keeps a frame of any announced
 * length (up to 4 GiB) until it is complete, and answers every ping and refused stream without looking whether the peer
 * reads; both would let a peer fill our memory, so such connections are cut here.
 */
export function guardMuxer(factory: StreamMuxerFactory, init: MuxerGuardInit): StreamMuxerFactory {
  const createStreamMuxer = factory.createStreamMuxer.bind(factory)
  factory.createStreamMuxer = (connection: MessageStream): StreamMuxer => {
    const scanner = new YamuxScanner(init.limits, init.now)
    // First of all listeners, so that a bad frame never reaches the decoder.
    connection.addEventListener('message', (event: StreamMessageEvent) => {
      init.counters.bytesIn += event.data.byteLength
      const error = scanner.scan(event.data) ?? overfull(connection, init.limits)
      if (error === undefined) return
      event.stopImmediatePropagation()
      init.onFault(connection, error)
      connection.abort(error)
    })
    const send = connection.send.bind(connection)
    connection.send = (data) => {
      init.counters.bytesOut += data.byteLength
      return send(data)
    }
    return createStreamMuxer(connection)
  }
  return factory
}

function overfull(connection: MessageStream, limits: LinkLimits): SmartshareError | undefined {
  if (connection.writeBufferLength <= limits.maxConnectionWriteBytes) return undefined
  const details = { waitingBytes: connection.writeBufferLength }
  return new SmartshareError('LINK_STALLED', 'The peer sends but does not read', details)
}

/** Follows the frame headers in a stream of yamux bytes; holds one header at most. */
export class YamuxScanner {
  readonly #limits: LinkLimits
  readonly #now: () => number
  readonly #opens: TokenBucket
  readonly #header = new Uint8Array(YAMUX_HEADER_BYTES)
  #headerBytes = 0
  #skipBytes = 0

  constructor(limits: LinkLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
    this.#opens = new TokenBucket(limits.streamsPerSecond, now(), STREAM_BURST_SECONDS * limits.streamsPerSecond)
  }

  /** The first thing in `data` that no honest peer sends, if there is one. */
  scan(data: Iterable<Uint8Array> | Uint8Array): SmartshareError | undefined {
    for (const chunk of data instanceof Uint8Array ? [data] : data) {
      const error = this.#scanChunk(chunk)
      if (error !== undefined) return error
    }
    return undefined
  }

  #scanChunk(chunk: Uint8Array): SmartshareError | undefined {
    let at = 0
    while (at < chunk.length) {
      const skip = Math.min(this.#skipBytes, chunk.length - at)
      this.#skipBytes -= skip
      at += skip
      const take = Math.min(YAMUX_HEADER_BYTES - this.#headerBytes, chunk.length - at)
      this.#header.set(chunk.subarray(at, at + take), this.#headerBytes)
      this.#headerBytes += take
      at += take
      if (this.#headerBytes < YAMUX_HEADER_BYTES) continue
      this.#headerBytes = 0
      const error = this.#judge()
      if (error !== undefined) return error
    }
    return undefined
  }

  #judge(): SmartshareError | undefined {
    const view = new DataView(this.#header.buffer)
    const type = view.getUint8(1)
    const length = view.getUint32(8)
    if (type === YAMUX_DATA) {
      if (length > this.#limits.streamWindowBytes) {
        return new SmartshareError('LINK_TOO_LARGE', 'A multiplexer frame is longer than any window', { length })
      }
      this.#skipBytes = length
    }
    const opens = (view.getUint16(2) & YAMUX_FLAG_SYN) !== 0 || type === YAMUX_PING
    if (opens && !this.#opens.take(1, this.#now())) {
      return new SmartshareError('LINK_QUOTA', 'A connection opens streams faster than it may', {})
    }
    return undefined
  }
}
