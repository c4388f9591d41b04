import { Socket } from 'node:net'
import { connect, TLSSocket, type TLSSocketOptions } from 'node:tls'
import type {
  AbortOptions,
  ConnectionEncrypter,
  MessageStream,
  PeerId,
  PrivateKey,
  SecureConnectionOptions,
  SecuredConnection,
  StreamCloseEvent,
  StreamMuxerFactory,
} from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import { SmartshareError } from '@smartshare/codec'
import { Uint8ArrayList } from 'uint8arraylist'
import { makeTlsIdentity, peerOfCertificate, type TlsIdentity } from './tls-certificate.ts'

// libp2p's TLS 1.3 on the socket itself. The published @libp2p/tls puts a JavaScript stream between TLS and the socket,
// which costs twice the CPU for bulk data; on the wire both are the same.

const PROTOCOL = '/tls/1.0.0'
/** Named in ALPN when the multiplexer is to be agreed on later. */
const NO_MUXER = 'libp2p'

export interface TlsComponents {
  readonly privateKey: PrivateKey
  readonly upgrader: { getStreamMuxers(): Map<string, StreamMuxerFactory> }
}

/** A connection encrypter for TCP sockets: libp2p's TLS, done by Node on the socket. */
export function socketTls(components: TlsComponents): ConnectionEncrypter {
  const identity = makeTlsIdentity(components.privateKey)
  const muxers = (): Map<string, StreamMuxerFactory> => components.upgrader.getStreamMuxers()
  return {
    protocol: PROTOCOL,
    secureInbound: async (connection, options) => secure(connection, true, await identity, muxers(), options),
    secureOutbound: async (connection, options) => secure(connection, false, await identity, muxers(), options),
  }
}

async function secure(
  connection: MessageStream,
  isServer: boolean,
  identity: TlsIdentity,
  muxers: Map<string, StreamMuxerFactory>,
  options: SecureConnectionOptions = {},
): Promise<SecuredConnection> {
  const early = options.skipStreamMuxerNegotiation === true ? [] : [...muxers.keys()]
  const settings: TLSSocketOptions & { minVersion: 'TLSv1.3' } = {
    ...identity,
    minVersion: 'TLSv1.3',
    // Certificates are self-signed; who the peer is follows from the extension, checked below.
    rejectUnauthorized: false,
    requestCert: true,
    ALPNProtocols: [...early, NO_MUXER],
  }
  const raw = await takeSocket(connection)
  const socket = isServer ? new TLSSocket(raw, { ...settings, isServer: true }) : connect({ ...settings, socket: raw })
  const onAbort = (): void => {
    socket.destroy(new SmartshareError('LINK_TIMEOUT', 'The TLS handshake took too long'))
  }
  // The TCP connection below must not be torn out from under TLS: a reset with writes under way crashes Node 24.
  raw.resetAndDestroy = () => closeThrough(socket, raw)
  raw.destroySoon = () => socket.destroySoon()
  options.signal?.addEventListener('abort', onAbort)
  try {
    const remotePeer = await shakeHands(socket, options.remotePeer)
    const streamMuxer = muxers.get(socket.alpnProtocol || NO_MUXER)
    return {
      remotePeer,
      connection: new TlsConnection(connection, socket),
      ...(streamMuxer === undefined ? {} : { streamMuxer }),
    }
  } catch (error) {
    socket.destroy()
    connection.abort(error as Error)
    throw error
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}

function closeThrough(socket: TLSSocket, raw: Socket): Socket {
  socket.destroy()
  return raw
}

/** The socket below a TCP connection, with whatever had come already put back, and nobody else reading from it. */
async function takeSocket(connection: MessageStream): Promise<Socket> {
  const { socket } = connection as { socket?: unknown }
  if (!(socket instanceof Socket)) throw new SmartshareError('LINK_NOT_TCP', 'TLS needs a connection over TCP')
  socket.removeAllListeners('data')
  socket.pause()
  // Its clock no longer sees the traffic; the link's own pings find dead connections.
  socket.setTimeout(0)
  if (connection.readBufferLength > 0) {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    connection.addEventListener('message', (event) => resolve(event.data.subarray()), { once: true })
    socket.unshift(await promise)
  }
  return socket
}

function shakeHands(socket: TLSSocket, expected: PeerId | undefined): Promise<PeerId> {
  return new Promise((resolve, reject) => {
    const gone = new SmartshareError('LINK_CLOSED', 'The connection went away during the TLS handshake')
    socket.on('error', reject)
    socket.once('close', () => reject(gone))
    socket.once('secure', () => {
      const certificate = socket.getPeerX509Certificate()
      if (certificate === undefined) {
        reject(new SmartshareError('LINK_BAD_CERTIFICATE', 'The peer showed no certificate'))
        return
      }
      peerOfCertificate(certificate, Date.now()).then((peer) => {
        if (expected === undefined || expected.equals(peer)) resolve(peer)
        else reject(new SmartshareError('LINK_WRONG_PEER', 'Another peer answers there', { peer: peer.toString() }))
      }, reject)
    })
  })
}

/** A TLS socket as libp2p sees it. What comes in one turn of the event loop is handed on as one message. */
class TlsConnection extends AbstractMessageStream {
  readonly #raw: MessageStream
  readonly #socket: TLSSocket
  #arrived: Uint8Array[] = []
  #scheduled = false

  constructor(raw: MessageStream, socket: TLSSocket) {
    super({ log: raw.log, direction: raw.direction })
    this.#raw = raw
    this.#socket = socket
    socket.on('data', (chunk) => this.#onChunk(chunk))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.on('error', (error) => this.abort(error))
    socket.on('close', () => {
      this.#handOn()
      this.onTransportClosed()
    })
    raw.addEventListener('close', (event: StreamCloseEvent) => {
      if (event.error !== undefined && event.local === true) this.abort(event.error)
      else socket.destroy()
    })
    if (socket.destroyed) this.onTransportClosed()
  }

  /** Sends what waits, says good-bye, and closes the socket. */
  async close(options: AbortOptions = {}): Promise<void> {
    const { signal } = options
    while (this.writeBufferLength > 0 && this.status === 'open') await eventOf(this, 'idle', signal)
    if (this.#socket.closed) return
    const closed = eventOf(this, 'close', signal)
    this.#socket.end()
    this.#socket.resume()
    await closed
  }

  sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    let canSendMore = true
    this.#socket.cork()
    for (const chunk of data) canSendMore = this.#socket.write(chunk)
    this.#socket.uncork()
    return { sentBytes, canSendMore }
  }

  sendReset(error: Error): void {
    this.#socket.destroy()
    this.#raw.abort(error)
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }

  #onChunk(chunk: Uint8Array): void {
    this.#arrived.push(chunk)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#handOn())
  }

  #handOn(): void {
    this.#scheduled = false
    const arrived = this.#arrived
    this.#arrived = []
    const [only] = arrived
    if (only === undefined || this.status !== 'open') return
    this.onData(arrived.length === 1 ? only : new Uint8ArrayList(...arrived))
  }
}

function eventOf(target: EventTarget, name: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      target.removeEventListener(name, onEvent)
      target.removeEventListener('close', onEvent)
      signal?.removeEventListener('abort', onAbort)
    }
    const onEvent = (): void => {
      leave()
      resolve()
    }
    const onAbort = (): void => {
      leave()
      reject(new SmartshareError('LINK_TIMEOUT', 'The connection took too long to close'))
    }
    target.addEventListener(name, onEvent)
    target.addEventListener('close', onEvent)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
  })
}
