import type { Connection, PeerId, Stream, StreamHandler, StreamHandlerOptions } from '@libp2p/interface'
import { SmartshareError } from '@smartshare/codec'
import { Channel } from './channel.ts'
import { now } from './clock.ts'
import { asLinkError, errorForPeer } from './errors.ts'
import { Gossip, type GossipOptions, type GossipTopic } from './gossip.ts'
import type { Host } from './host.ts'
import { parseAddress, parsePeerId } from './identity.ts'
import { Keepers } from './keep-connected.ts'
import {
  type ChannelLimits,
  CLOSE_TIMEOUT_MS,
  DEFAULT_CHANNEL_LIMITS,
  DEFAULT_REQUEST_LIMITS,
  type LinkLimits,
  MAX_FRAME_BYTES,
  type RequestLimits,
  SWEEP_INTERVAL_MS,
} from './limits.ts'
import { type HostCounters, type LinkMetrics, newProtocolMetrics, type ProtocolMetrics } from './metrics.ts'
import { TokenBucket } from './quota.ts'
import { FaultWeight, type Reputation } from './reputation.ts'
import { RequestClient, type RequestOptions } from './request-client.ts'
import { type RequestHandler, type RequestQuota, RequestServer } from './request-server.ts'

export type ChannelHandler = (channel: Channel) => Promise<void> | void

/** Two streams per asker and protocol: the second while the first, broken, is not yet gone. */
const REQUEST_STREAMS_PER_PEER = 2
/** Channels above the bound of which the peer is told the code; those beyond are only reset. */
const REFUSED_CHANNELS = 4
/** More delegates than two terms can have. */
const MAX_PROTECTED_PEERS = 512
/** A peer may say that it listens anywhere: so many addresses of it are believed. */
const MAX_ADDRESSES_PER_PEER = 4
/** A peer's use of its quotas is remembered so long after it left: who comes back at once gains nothing. */
const QUOTA_MEMORY_MS = 10_000

interface Sweepable {
  check(): void
}

export type Log = (message: string, details: Readonly<Record<string, unknown>>) => void

export interface LinkInit {
  readonly host: Host
  readonly limits: LinkLimits
  readonly reputation: Reputation
  /** Shared with the host, which never cuts them to make room. */
  readonly protectedPeers: Set<string>
  readonly counters: HostCounters
  readonly gossip: GossipOptions | undefined
  readonly log: Log
  /** Uniform in [0, 1). */
  random(): number
}

/** The libp2p host of a node or agent: requests, channels, gossip, quotas. Made by `createLink`. */
export class Link {
  readonly peerId: string
  readonly #host: Host['libp2p']
  readonly #closeConnections: Host['closeConnections']
  readonly #limits: LinkLimits
  readonly #log: Log
  readonly #gossip: Gossip | undefined
  readonly #reputation: Reputation
  readonly #protectedPeers: Set<string>
  readonly #counters: HostCounters
  readonly #metrics = new Map<string, ProtocolMetrics>()
  readonly #clients = new Map<string, RequestClient>()
  readonly #servers = new Set<RequestServer>()
  readonly #channels = new Set<Channel>()
  readonly #channelLimits = new Map<string, ChannelLimits>()
  readonly #quotas = new Map<string, Map<string, RequestQuota>>()
  readonly #departedAtMs = new Map<string, number>()
  readonly #unnamed = new WeakSet<Stream>()
  readonly #keepers: Keepers
  readonly #sweepTimer: NodeJS.Timeout
  #closing: Promise<void> | undefined

  constructor(init: LinkInit) {
    const { libp2p } = init.host
    this.#host = libp2p
    this.#closeConnections = init.host.closeConnections
    this.#limits = init.limits
    this.#log = init.log
    this.#reputation = init.reputation
    this.#protectedPeers = init.protectedPeers
    this.#counters = init.counters
    this.peerId = libp2p.peerId.toString()
    const { pubsub } = libp2p.services
    if (init.gossip !== undefined && pubsub !== undefined) {
      const onFault = (peer: string, weight: number, reason: string): void => this.#fault(peer, weight, reason)
      this.#gossip = new Gossip({ pubsub, options: init.gossip, counters: init.counters, now, onFault })
    }
    this.#keepers = new Keepers({
      dial: (address, signal) => this.dial(address, signal),
      isConnected: (peer) => this.isConnected(peer),
      random: init.random,
      log: init.log,
    })
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

  /** Where a connected peer is seen; undefined if there is no connection. */
  addressOf(peer: string): string | undefined {
    return this.#connection(peer)?.remoteAddr.toString()
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
    await this.#register(
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
    await this.#register(
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
    return this.#keepers.keep(addresses)
  }

  /** Cuts all connections to a peer. */
  async disconnect(peer: string): Promise<void> {
    await this.#host.hangUp(parsePeerId(peer), { signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch(() => {
      for (const connection of this.#connections(peer)) connection.abort(new Error('disconnected'))
    })
  }

  /** Holds a fault against a peer, as found out by the application (a vote that does not verify); bans at the threshold. */
  punish(peer: string, weight: number, reason: string): void {
    this.#fault(peer, weight, reason)
  }

  /** Counts something of use that a peer did: who has more of it stays when there is no room for all. */
  reward(peer: string, weight: number): void {
    this.#reputation.merit(peer, weight)
  }

  /** Merits of a peer less its faults, as of now. */
  scoreOf(peer: string): number {
    return this.#reputation.score(peer)
  }

  /** Never cuts a peer to make room for another, nor throws it out of gossip for a low score alone; bans still hold. */
  protect(peer: string): void {
    this.#protectedPeers.delete(peer)
    this.#protectedPeers.add(peer)
    const [oldest] = this.#protectedPeers
    if (this.#protectedPeers.size > MAX_PROTECTED_PEERS && oldest !== undefined) this.#protectedPeers.delete(oldest)
  }

  unprotect(peer: string): void {
    this.#protectedPeers.delete(peer)
  }

  /** Addresses at which a peer says that it can be dialled, with its id; none if it has not said yet. */
  async addressesOf(peer: string): Promise<string[]> {
    const known = await this.#host.peerStore.get(parsePeerId(peer)).catch(() => undefined)
    const addresses = known?.addresses.map(({ multiaddr }) => multiaddr.toString()) ?? []
    return addresses
      .slice(0, MAX_ADDRESSES_PER_PEER)
      .map((address) => (address.includes('/p2p/') ? address : `${address}/p2p/${peer}`))
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
      banned: this.#reputation.banned,
      lowestScore: Math.min(0, ...this.peers().map((peer) => this.scoreOf(peer))),
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
    this.#keepers.close()
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

  async #register(protocol: string, handler: StreamHandler, options: StreamHandlerOptions): Promise<void> {
    await this.#host.handle(protocol, handler, options).catch((error: unknown) => {
      throw new SmartshareError('LINK_PROTOCOL_TAKEN', 'The protocol has a handler already', { protocol }, error)
    })
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
    return this.#host.getConnections(parsePeerId(peer))
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
    this.#log('a peer did wrong', { peer, weight, reason })
    this.#reputation.fault(peer, weight, reason)
  }

  #onDisconnect(peerId: PeerId): void {
    const peer = peerId.toString()
    this.#departedAtMs.set(peer, now())
    this.#keepers.onDisconnect(peer)
  }

  #sweep(): void {
    const all: Sweepable[] = [...this.#clients.values(), ...this.#servers, ...this.#channels]
    for (const one of all) one.check()
    for (const [peer, departedAtMs] of this.#departedAtMs) {
      if (now() - departedAtMs < QUOTA_MEMORY_MS) break
      this.#departedAtMs.delete(peer)
      if (this.isConnected(peer)) continue
      this.#quotas.delete(peer)
      this.#gossip?.forget(peer)
    }
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

  #mustGossip(): Gossip {
    this.#mustBeOpen()
    if (this.#gossip !== undefined) return this.#gossip
    throw new SmartshareError('LINK_UNKNOWN_TOPIC', 'This link was made without gossip')
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new SmartshareError('LINK_CLOSED', 'This link has been closed')
  }
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

function mustFit(bytes: number): void {
  if (bytes <= MAX_FRAME_BYTES) return
  throw new SmartshareError('LINK_TOO_LARGE', 'A bound is above what any frame may hold', {
    bytes,
    max: MAX_FRAME_BYTES,
  })
}
