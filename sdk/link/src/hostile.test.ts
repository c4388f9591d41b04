import { connect, type Socket } from 'node:net'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, MessageStream, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { FRAME_HEADER_BYTES, FrameKind, writeFrameHeader } from './frame.ts'
import type { Link } from './link.ts'
import { addressOf, Links, portOf, seedOf, until } from './link-fixture.ts'

const REQUESTS = '/smartshare/test/1'
const CHANNELS = '/smartshare/test-channel/1'
const MIB = 1024 * 1024
const links = new Links()
const strangers: Libp2p[] = []

afterEach(async () => {
  await Promise.all(strangers.splice(0).map((stranger) => stranger.stop()))
  await links.close()
})

/** A peer that speaks libp2p by the book up to the point where it does not. */
async function stranger(
  link: Link,
  name = 'stranger',
): Promise<{ peer: string; connection: Connection; secured: MessageStream }> {
  let secured: MessageStream | undefined
  const host = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(name)),
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [
      () => {
        const factory = yamux()()
        const create = factory.createStreamMuxer.bind(factory)
        factory.createStreamMuxer = (connection) => {
          secured = connection
          return create(connection)
        }
        return factory
      },
    ],
    services: { identify: identify() },
  })
  strangers.push(host)
  const connection = await host.dial(multiaddr(addressOf(link)))
  await until(() => link.isConnected(host.peerId.toString()))
  if (secured === undefined) throw new Error('no connection')
  return { peer: host.peerId.toString(), connection, secured }
}

async function target(limits = {}): Promise<Link> {
  const link = await links.make('target', { limits: { banThreshold: 15, forgivenPerSecond: 0, ...limits } })
  await link.handle(REQUESTS, (body) => body)
  await link.onChannel(CHANNELS, async (channel) => {
    for await (const _message of channel);
  })
  return link
}

function header(length: number, kind: number, id: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES)
  writeFrameHeader(bytes, length, kind, id)
  return bytes
}

/** A raw socket to the link, and when it was closed, in whatever way. */
function rawSocket(link: Link): { socket: Socket; closed: Promise<void> } {
  const socket = connect(portOf(link), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.resume()
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve())) }
}

describe('a link under attack', () => {
  it('cuts raw TCP that is junk, and serves others meanwhile', async () => {
    const link = await target({ handshakeTimeoutMs: 5_000 })
    const junk = [
      Buffer.alloc(100_000, 0xff),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from('\x13/multistream/1.0.0\n\x0d/tls/1.0.0\n'),
    ]
    const sockets = junk.map((bytes) => {
      const raw = rawSocket(link)
      raw.socket.write(bytes)
      return raw
    })
    // Behind an agreed TLS, bytes that are no ClientHello.
    sockets[2]?.socket.once('data', () => sockets[2]?.socket.write(Buffer.alloc(1_000, 7)))
    const { peer } = await stranger(link)
    await Promise.all(sockets.map(({ closed }) => closed))
    expect(link.peers()).toEqual([peer])
  })

  it('cuts raw TCP that says nothing after the time for the handshake', async () => {
    const link = await target({ handshakeTimeoutMs: 200 })
    await Promise.all(Array.from({ length: 20 }, () => rawSocket(link).closed))
    expect(link.metrics().connections).toBe(0)
  })

  it('cuts a multiplexer frame longer than any window before it is kept, and bans its sender', async () => {
    const link = await target()
    const { peer, secured } = await stranger(link)
    const frame = new Uint8Array(12)
    new DataView(frame.buffer).setUint32(4, 1)
    new DataView(frame.buffer).setUint32(8, 0xffff_ffff)
    const before = link.metrics().bytesIn
    secured.send(frame)
    for (let i = 0; i < 8 && secured.status === 'open'; i++) secured.send(new Uint8Array(MIB))
    await until(() => link.isBanned(peer) && !link.isConnected(peer))
    expect(link.metrics().bytesIn - before).toBeLessThan(2 * MIB)
    expect(link.metrics().bans).toBe(1)
  })

  it('cuts a flood of streams', async () => {
    const link = await target({ streamsPerSecond: 8 })
    const { peer, connection } = await stranger(link)
    const opened = Array.from({ length: 200 }, () => connection.newStream(REQUESTS).catch(() => undefined))
    await until(() => link.isBanned(peer))
    await Promise.all(opened)
    await until(() => !link.isConnected(peer))
  })

  it.each([
    ['an oversize request', REQUESTS, header(0xffff_ffff, FrameKind.Request, 1)],
    ['an answer to nothing', REQUESTS, header(0, FrameKind.Response, 1)],
    ['a request without a head', REQUESTS, header(0, FrameKind.Request, 1)],
    ['an unknown kind', REQUESTS, header(0, 200, 1)],
    ['an oversize message', CHANNELS, header(2 * MIB, FrameKind.Message, 0)],
    ['a message with an id', CHANNELS, header(0, FrameKind.Message, 1)],
    [
      'a message after the end',
      CHANNELS,
      Buffer.concat([header(0, FrameKind.End, 0), header(0, FrameKind.Message, 0)]),
    ],
  ])('resets a stream with %s, and bans who repeats it', async (_name, protocol, bytes) => {
    const link = await target()
    const { peer, connection } = await stranger(link)
    const first = await connection.newStream(protocol)
    first.send(bytes)
    await until(() => first.status !== 'open')
    expect(link.metrics().faults).toBe(1)
    expect(link.isConnected(peer)).toBe(true)
    const second = await connection.newStream(protocol)
    second.send(bytes)
    await until(() => link.isBanned(peer) && !link.isConnected(peer))
    expect(link.metrics().protocols[protocol]?.streams).toBe(0)
  })

  it('resets a frame that is begun and never completed', async () => {
    const link = await target({ frameTimeoutMs: 200 })
    const { connection } = await stranger(link)
    const slow = await connection.newStream(CHANNELS)
    slow.send(header(1_000, FrameKind.Message, 0))
    const drip = setInterval(() => slow.status === 'open' && slow.send(new Uint8Array(1)), 20)
    await until(() => slow.status !== 'open')
    clearInterval(drip)
    expect(link.metrics().faults).toBe(1)
  })

  it('holds a fault against streams that never name a protocol anybody speaks', async () => {
    const link = await target({ negotiationTimeoutMs: 4_000 })
    const { connection } = await stranger(link)
    const opened = connection
      .newStream('/unknown/1', { signal: AbortSignal.timeout(20_000) })
      .catch((error: Error) => error.name)
    expect(await opened).toBe('UnsupportedProtocolError')
    // Silence on a stream: the multiplexer opens it, then nothing.
    const raw = (connection as unknown as { muxer: { createStream(): Promise<Stream> } }).muxer
    const silent = await raw.createStream()
    await until(() => link.metrics().faults === 1)
    await until(() => silent.status !== 'open')
  })

  it('cuts a peer that asks and does not read the answers, with bounded memory', async () => {
    const link = await target({ stallTimeoutMs: 500 })
    let asked = 0
    await link.handle('/smartshare/big/1', () => {
      asked++
      return new Uint8Array(MIB)
    })
    const { connection } = await stranger(link)
    const deaf = await connection.newStream('/smartshare/big/1')
    deaf.addEventListener('message', () => undefined)
    deaf.pause()
    const body = Buffer.concat([header(4, FrameKind.Request, 0), Buffer.from([0, 32, 0, 0])])
    for (let id = 1; id <= 1_000; id++) {
      new DataView(body.buffer, body.byteOffset).setUint32(5, id)
      deaf.send(Uint8Array.from(body))
    }
    await until(() => deaf.status !== 'open' || link.metrics().faults === 1)
    // No more handlers ran than may run at a time and the few whose answers had left.
    expect(asked).toBeLessThan(64)
    expect(link.metrics().faults).toBe(1)
  })
})
