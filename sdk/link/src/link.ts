import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { SmartshareError } from '@smartshare/codec'
import { Channel } from './channel.ts'
import { asLinkError, errorForPeer } from './errors.ts'
import { Gossip, type GossipOptions, type GossipTopic } from './gossip.ts'
import { createHost, type Encryption, type Host } from './host.ts'
import { keepAddress, MAX_KEPT_ADDRESSES } from './keep-connected.ts'
import {
  type ChannelLimits,
  CLOSE_TIMEOUT_MS,
  DEFAULT_CHANNEL_LIMITS,
  DEFAULT_LINK_LIMITS,
  DEFAULT_REQUEST_LIMITS,
  type LinkLimits,
  LOCAL_NETWORK_LIMITS,
  MAX_FRAME_BYTES,
  type RequestLimits,
  SWEEP_INTERVAL_MS,
} from './limits.ts'
import { type LinkMetrics, newHostCounters, newProtocolMetrics, type ProtocolMetrics } from './metrics.ts'
import { TokenBucket } from './quota.ts'
import { FaultWeight, Reputation } from './reputation.ts'
import { RequestClient, type RequestOptions } from './request-client.ts'
import { type RequestHandler, type RequestQuota, RequestServer } from './request-server.ts'

export interface LinkOptions {
  /** Seed of the Ed25519 key that names this peer, 32 bytes. */
  readonly privateKeySeed: Uint8Array
  /** Multiaddresses to listen on, such as /ip4/127.0.0.1/tcp/0; none to only dial. */
  readonly listen: readonly string[]
  /** Addresses told to others instead of those listened on. */
  readonly announce?: readonly string[]
  readonly gossip?: GossipOptions
  readonly limits?: Partial<LinkLimits>
  /** True on a network whose hosts share one machine or address. */
  readonly localNetwork: boolean
  /** In order of preference; TLS 1.3 carries about half as much again as Noise. */
  readonly encryption?: readonly Encryption[]
  readonly log?: (message: string, details: Readonly<Record<string, unknown>>) => void
  /** Uniform in [0, 1), for the jitter of redials. */
  readonly random?: () => number
}

export type ChannelHandler = (channel: Channel) => Promise<void> | void

/** Two streams per asker and protocol: the second while the first, broken, is not yet gone. */
const REQUEST_STREAMS_PER_PEER = 2
/** Channels above the bound of which the peer is told the code; those beyond are only reset. */
const REFUSED_CHANNELS = 4
const SEED_BYTES = 32

interface Sweepable {
  check(): void
}

/** The libp2p host of a node or agent: requests, channels, gossip, quotas. Made by `createLink`. */
export class Link {
  readonly peerId: string
  readonly #host: Host['libp2p']
  readonly #closeConnections: Host['closeConnections']
  readonly #limits: LinkLimits
  readonly #options: LinkOptions
  readonly #gossip: Gossip | undefined
  readonly #reputation: Reputation
  readonly #counters: ReturnType<typeof newHostCounters>
  readonly #metrics = new Map<string, ProtocolMetrics>()
  readonly #clients = new Map<string, RequestClient>()
  readonly #servers = new Set<RequestServer>()
  readonly #channels = new Set<Channel>()
  readonly #channelLimits = new Map<string, ChannelLimits>()
  readonly #quotas = new Map<string, Map<string, RequestQuota>>()
  readonly #unnamed = new WeakSet<Stream>()
  readonly #keepers = new Map<string, { control: AbortController; users: number }>()
  readonly #disconnected = new EventTarget()
  readonly #sweepTimer: NodeJS.Timeout
  #closing: Promise<void> | undefined

  constructor(init: {
    host: Host
    limits: LinkLimits
    options: LinkOptions
    reputation: Reputation
    counters: ReturnType<typeof newHostCounters>
  }) {
    const { libp2p } = init.host
    this.#host = libp2p
    this.#closeConnections = init.host.closeConnections
    this.#limits = init.limits
    this.#options = init.options
    this.#reputation = init.reputation
    this.#counters = init.counters
    this.peerId = libp2p.peerId.toString()
    const { pubsub } = libp2p.services
    if (init.options.gossip !== undefined && pubsub !== undefined) {
      const onFault = (peer: string, weight: number, reason: string): void => this.#fault(peer, weight, reason)
      this.#gossip = new Gossip({ pubsub, options: init.options.gossip, counters: init.counters, now, onFault })
    }
    libp2p.addEventListener('peer:disconnect', (event) => this.#onDisconnect(event.detail))
    this.#sweepTimer = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS)
    this.#sweepTimer.unref()
  }

  /** Own addresses with the peer id, ready to be dialled. */
  get addresses(): string[] {
    return this.#host.getMultiaddrs().map((address) => address.toString())
  }

  /** Ids of connected peers. */
  peers(): string[] {
    return this.#host.getPeers().map((peer) => peer.toString())
  }

  isConnected(peer: string): boolean {
    return this.#connection(peer) !== undefined
  }

  /** Connects to an address (with or without /p2p/…) and returns the peer's id. LINK_DIAL_FAILED, LINK_BAD_ADDRESS. */
  async dial(address: string, signal?: AbortSignal): Promise<string> {
    this.#mustBeOpen()
    const target = parseAddress(address)
    try {
      const connection = await this.#host.dial(target, signal === undefined ? {} : { signal })
      return connection.remotePeer.toString()
    } catch (error) {
      throw asLinkError(error, 'LINK_DIAL_FAILED', `Cannot connect to ${address}`, address)
    }
  }

  /**
   * Answers requests of a protocol, for every peer within the limits. One handler per protocol. Returns when the
   * protocol is known to others.
   */
  async handle(protocol: string, handler: RequestHandler, limits: Partial<RequestLimits> = {}): Promise<void> {
    this.#mustBeOpen()
    const full: RequestLimits = { ...DEFAULT_REQUEST_LIMITS, ...limits }
    mustFit(full.maxRequestBytes)
    mustFit(full.maxResponseBytes)
    await this.#host.handle(
      protocol,
      (stream, connection) => this.#serve(protocol, handler, full, stream, connection.remotePeer.toString()),
      { maxInboundStreams: REQUEST_STREAMS_PER_PEER },
    )
  }

  /**
   * Asks a connected peer and resolves with its answer. Errors: what the peer's handler threw (`details.remote`),
   * LINK_NO_PEER, LINK_UNSUPPORTED, LINK_TIMEOUT, LINK_CANCELLED, LINK_CLOSED, LINK_TOO_LARGE, LINK_QUEUE_FULL.
   */
  async request(
    peer: string,
    protocol: string,
    body: Uint8Array,
    options: Partial<RequestOptions> = {},
  ): Promise<Uint8Array> {
    this.#mustBeOpen()
    const maxResponseBytes = options.maxResponseBytes ?? DEFAULT_REQUEST_LIMITS.maxResponseBytes
    return this.#client(peer, protocol).request(body, { ...options, maxResponseBytes })
  }

  /**
   * Takes channels of a protocol from every peer. When the handler returns, our side is closed and what the peer still
   * sends is dropped; when it throws, the channel is broken off with the code of the error.
   */
  async onChannel(protocol: string, handler: ChannelHandler, limits: Partial<ChannelLimits> = {}): Promise<void> {
    this.#mustBeOpen()
    const full = this.#setChannelLimits(protocol, limits)
    await this.#host.handle(
      protocol,
      (stream, connection) => {
        const peer = connection.remotePeer.toString()
        const channel = this.#addChannel(stream, peer, protocol, full)
        if (this.#inboundChannels(peer, protocol) <= full.channelsPerPeer) {
          void serveChannel(channel, handler)
          return
        }
        this.#metricsOf(protocol).refused++
        channel.abort(new SmartshareError('LINK_QUOTA', 'More channels than one peer may open', { protocol }))
        this.#fault(peer, FaultWeight.OverQuota, 'more channels than one peer may open')
      },
      {
        maxInboundStreams: full.channelsPerPeer + REFUSED_CHANNELS,
        maxOutboundStreams: this.#limits.maxStreamsPerConnection,
      },
    )
  }

  /** Opens a channel to a connected peer. LINK_NO_PEER, LINK_UNSUPPORTED, LINK_CLOSED. */
  async openChannel(peer: string, protocol: string, limits: Partial<ChannelLimits> = {}): Promise<Channel> {
    this.#mustBeOpen()
    const full = { ...(this.#channelLimits.get(protocol) ?? DEFAULT_CHANNEL_LIMITS), ...limits }
    mustFit(full.maxMessageBytes)
    const stream = await this.#openStream(peer, protocol)
    return this.#addChannel(stream, peer, protocol, full)
  }

  /** Takes part in a gossip topic named in `options.gossip`; returns how to leave it. */
  subscribe(topic: string, subscriber: GossipTopic): () => void {
    return this.#mustGossip().subscribe(topic, subscriber)
  }

  /** Gossips a message; resolves with the number of neighbours it went to. */
  publish(topic: string, message: Uint8Array): Promise<number> {
    return this.#mustGossip().publish(topic, message)
  }

  /** Peers known to take part in a topic. */
  subscribers(topic: string): string[] {
    return this.#mustGossip().subscribers(topic)
  }

  /**
   * Dials the addresses and dials again whenever the connection is lost, with growing, jittered waits. Returns how to
   * stop; connections that exist stay.
   */
  keepConnected(addresses: readonly string[]): () => void {
    this.#mustBeOpen()
    for (const address of addresses) parseAddress(address)
    if (new Set([...this.#keepers.keys(), ...addresses]).size > MAX_KEPT_ADDRESSES) {
      throw new SmartshareError('LINK_QUOTA', 'Too many addresses to keep connected', { max: MAX_KEPT_ADDRESSES })
    }
    const kept = [...new Set(addresses)]
    for (const address of kept) this.#keep(address)
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      for (const address of kept) this.#release(address)
    }
  }

  /** Cuts all connections to a peer. */
  async disconnect(peer: string): Promise<void> {
    await this.#host.hangUp(peerIdFromString(peer), { signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch(() => {
      for (const connection of this.#connections(peer)) connection.abort(new Error('disconnected'))
    })
  }

  /** Holds a fault against a peer, as found out by the application (a vote that does not verify); bans at the threshold. */
  punish(peer: string, weight: number, reason: string): void {
    this.#fault(peer, weight, reason)
  }

  isBanned(peer: string): boolean {
    return this.#reputation.isBanned(peer)
  }

  /** Counters since the start; levels are those of now. */
  metrics(): LinkMetrics {
    const protocols = Object.fromEntries([...this.#metrics].map(([name, counters]) => [name, { ...counters }]))
    const all = Object.values(protocols)
    return {
      ...this.#counters,
      peers: this.#host.getPeers().length,
      connections: this.#host.getConnections().length,
      framesIn: all.reduce((sum, counters) => sum + counters.framesIn, 0),
      framesOut: all.reduce((sum, counters) => sum + counters.framesOut, 0),
      refused: all.reduce((sum, counters) => sum + counters.refused, 0),
      protocols,
    }
  }

  /** Ends everything: requests and channels fail with LINK_CLOSED, nothing is left open. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const error = new SmartshareError('LINK_CLOSED', 'This link has been closed')
    clearInterval(this.#sweepTimer)
    for (const { control } of this.#keepers.values()) control.abort()
    this.#keepers.clear()
    for (const client of [...this.#clients.values()]) client.close(error)
    for (const server of [...this.#servers]) server.close(error)
    for (const channel of [...this.#channels]) {
      channel.abort(error)
      channel.cut(error)
    }
    // A peer that does not answer the good-bye must not keep us waiting.
    await this.#closeConnections(AbortSignal.timeout(CLOSE_TIMEOUT_MS))
    for (const connection of this.#host.getConnections()) connection.abort(error)
    await this.#host.stop()
  }

  #serve(protocol: string, handler: RequestHandler, limits: RequestLimits, stream: Stream, peer: string): void {
    const server = new RequestServer({
      stream,
      peer,
      protocol,
      handler,
      limits,
      link: this.#limits,
      metrics: this.#metricsOf(protocol),
      quota: this.#quotaOf(peer, protocol, limits),
      now,
      onFault: (error) => this.#onFault(peer, error),
      onRefused: (error) => this.#fault(peer, FaultWeight.OverQuota, error.message),
      onGone: (gone) => this.#servers.delete(gone),
    })
    this.#servers.add(server)
    server.open()
  }

  #client(peer: string, protocol: string): RequestClient {
    const key = `${peer} ${protocol}`
    let client = this.#clients.get(key)
    if (client === undefined) {
      client = new RequestClient({
        peer,
        protocol,
        limits: this.#limits,
        metrics: this.#metricsOf(protocol),
        now,
        open: () => this.#openStream(peer, protocol),
        onFault: (error) => this.#onFault(peer, error),
        onGone: (gone) => {
          if (this.#clients.get(key) === gone) this.#clients.delete(key)
        },
      })
      this.#clients.set(key, client)
    }
    return client
  }

  #addChannel(stream: Stream, peer: string, protocol: string, limits: ChannelLimits): Channel {
    const channel = new Channel({
      stream,
      peer,
      protocol,
      limits,
      link: this.#limits,
      metrics: this.#metricsOf(protocol),
      now,
      onFault: (error) => this.#onFault(peer, error),
      onGone: (gone) => this.#channels.delete(gone),
    })
    this.#channels.add(channel)
    channel.open()
    return channel
  }

  #inboundChannels(peer: string, protocol: string): number {
    let count = 0
    for (const channel of this.#channels) {
      if (channel.peer === peer && channel.protocol === protocol && channel.inbound) count++
    }
    return count
  }

  async #openStream(peer: string, protocol: string): Promise<Stream> {
    const connection = this.#connection(peer)
    if (connection === undefined) {
      throw new SmartshareError('LINK_NO_PEER', 'There is no connection to this peer', { peer, protocol })
    }
    const signal = AbortSignal.timeout(this.#limits.negotiationTimeoutMs)
    try {
      return await connection.newStream(protocol, { signal, maxOutboundStreams: this.#limits.maxStreamsPerConnection })
    } catch (error) {
      if ((error as Error).name === 'UnsupportedProtocolError') {
        throw new SmartshareError('LINK_UNSUPPORTED', 'The peer does not speak this protocol', { peer, protocol })
      }
      throw asLinkError(error, 'LINK_CLOSED', `No stream for ${protocol} could be opened`, peer)
    }
  }

  #connection(peer: string): Connection | undefined {
    return this.#connections(peer).find((connection) => connection.status === 'open')
  }

  #connections(peer: string): Connection[] {
    return this.#host.getConnections(peerIdFromString(peer))
  }

  #setChannelLimits(protocol: string, limits: Partial<ChannelLimits>): ChannelLimits {
    const full = { ...DEFAULT_CHANNEL_LIMITS, ...limits }
    mustFit(full.maxMessageBytes)
    this.#channelLimits.set(protocol, full)
    return full
  }

  #metricsOf(protocol: string): ProtocolMetrics {
    let metrics = this.#metrics.get(protocol)
    if (metrics === undefined) {
      metrics = newProtocolMetrics()
      this.#metrics.set(protocol, metrics)
    }
    return metrics
  }

  #quotaOf(peer: string, protocol: string, limits: RequestLimits): RequestQuota {
    const ofPeer = this.#quotas.get(peer) ?? new Map<string, RequestQuota>()
    this.#quotas.set(peer, ofPeer)
    let quota = ofPeer.get(protocol)
    if (quota === undefined) {
      quota = {
        requests: new TokenBucket(limits.requestsPerSecond, now()),
        bytes: new TokenBucket(limits.bytesPerSecond, now()),
      }
      ofPeer.set(protocol, quota)
    }
    return quota
  }

  #onFault(peer: string, error: SmartshareError): void {
    const stalled = error.code === 'LINK_STALLED'
    this.#fault(peer, stalled ? FaultWeight.Stalled : FaultWeight.Junk, error.message)
  }

  #fault(peer: string, weight: number, reason: string): void {
    this.#counters.faults++
    this.#options.log?.('a peer did wrong', { peer, weight, reason })
    this.#reputation.fault(peer, weight, reason)
  }

  #onDisconnect(peerId: PeerId): void {
    const peer = peerId.toString()
    this.#quotas.delete(peer)
    this.#gossip?.forget(peer)
    this.#disconnected.dispatchEvent(new Event(peer))
  }

  #sweep(): void {
    const all: Sweepable[] = [...this.#clients.values(), ...this.#servers, ...this.#channels]
    for (const one of all) one.check()
    // A stream whose protocol is still not named after nearly the whole time for it asks for what nobody speaks.
    const limitMs = this.#limits.negotiationTimeoutMs - 2 * SWEEP_INTERVAL_MS
    for (const connection of this.#host.getConnections()) {
      for (const stream of connection.streams) {
        if (stream.protocol !== '' || stream.direction !== 'inbound' || this.#unnamed.has(stream)) continue
        if (Date.now() - stream.timeline.open < limitMs) continue
        this.#unnamed.add(stream)
        this.#fault(connection.remotePeer.toString(), FaultWeight.UnknownProtocol, 'a stream without a known protocol')
      }
    }
  }

  #keep(address: string): void {
    const kept = this.#keepers.get(address)
    if (kept !== undefined) {
      kept.users++
      return
    }
    const control = new AbortController()
    this.#keepers.set(address, { control, users: 1 })
    const init = {
      dial: (to: string) => this.dial(to, control.signal),
      disconnected: (peer: string, signal: AbortSignal) => this.#untilDisconnected(peer, signal),
      random: this.#options.random ?? Math.random,
      log: this.#options.log ?? (() => undefined),
    }
    void keepAddress(address, init, control.signal)
  }

  #release(address: string): void {
    const kept = this.#keepers.get(address)
    if (kept === undefined || --kept.users > 0) return
    kept.control.abort()
    this.#keepers.delete(address)
  }

  #untilDisconnected(peer: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || !this.isConnected(peer)) {
        resolve()
        return
      }
      const done = (): void => {
        this.#disconnected.removeEventListener(peer, done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#disconnected.addEventListener(peer, done)
      signal.addEventListener('abort', done)
    })
  }

  #mustGossip(): Gossip {
    this.#mustBeOpen()
    if (this.#gossip !== undefined) return this.#gossip
    throw new SmartshareError('LINK_UNKNOWN_TOPIC', 'This link was made without gossip')
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new SmartshareError('LINK_CLOSED', 'This link has been closed')
  }
}

/** Makes and starts a link. Errors: LINK_BAD_SEED, LINK_BAD_ADDRESS, LINK_LISTEN_FAILED. */
export async function createLink(options: LinkOptions): Promise<Link> {
  if (options.privateKeySeed.length !== SEED_BYTES) {
    throw new SmartshareError('LINK_BAD_SEED', 'The seed must have 32 bytes', {
      sizeBytes: options.privateKeySeed.length,
    })
  }
  for (const address of [...options.listen, ...(options.announce ?? [])]) parseAddress(address)
  const limits = { ...DEFAULT_LINK_LIMITS, ...(options.localNetwork ? LOCAL_NETWORK_LIMITS : {}), ...options.limits }
  const counters = newHostCounters()
  const reputation = new Reputation({
    ...limits,
    now,
    onBan: (peer, reason) => {
      counters.bans++
      options.log?.('a peer is banned', { peer, reason, banMs: limits.banMs })
      for (const connection of host.libp2p.getConnections(peerIdFromString(peer))) {
        connection.abort(new SmartshareError('LINK_BANNED', reason, { peer }))
      }
    },
  })
  const host: Host = await createHost({
    seed: options.privateKeySeed,
    listen: options.listen,
    announce: options.announce ?? [],
    encryption: options.encryption ?? ['tls', 'noise'],
    gossip: options.gossip,
    localNetwork: options.localNetwork,
    limits,
    guard: { limits, counters, now },
    isBanned: (peer) => reputation.isBanned(peer),
    onFault: (peer, error) => {
      counters.faults++
      if (peer !== undefined) reputation.fault(peer, FaultWeight.Flood, error.message)
    },
  }).catch((error: unknown) => {
    throw asLinkError(error, 'LINK_LISTEN_FAILED', 'The host could not be started', options.listen.join(' '))
  })
  return new Link({ host, limits, options, reputation, counters })
}

async function serveChannel(channel: Channel, handler: ChannelHandler): Promise<void> {
  try {
    await handler(channel)
    await channel.close()
    channel.discard()
  } catch (error) {
    channel.abort(errorForPeer(error))
  }
}

function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (error) {
    throw new SmartshareError('LINK_BAD_ADDRESS', 'This is no multiaddress', { address }, error)
  }
}

function mustFit(bytes: number): void {
  if (bytes <= MAX_FRAME_BYTES) return
  throw new SmartshareError('LINK_TOO_LARGE', 'A bound is above what any frame may hold', {
    bytes,
    max: MAX_FRAME_BYTES,
  })
}

/** Milliseconds of a clock that never goes back. */
function now(): number {
  return performance.now()
}
