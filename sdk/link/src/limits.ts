const KIB = 1024
const MIB = 1024 * KIB

/** No configured message bound may exceed this: the largest frame any Smartshare peer ever reads. */
export const MAX_FRAME_BYTES = 16 * MIB
/** Default bound of a message: one packet of 1 MiB and room for what is said about it. */
export const DEFAULT_MAX_MESSAGE_BYTES = MIB + 64 * KIB

/** Bounds of one request protocol, per peer, on the side that answers. */
export interface RequestLimits {
  /** Largest request, bytes; a longer frame cuts the stream before it is read. */
  readonly maxRequestBytes: number
  /** Largest response, bytes; the asker may set a smaller bound per request. */
  readonly maxResponseBytes: number
  /** Requests of one peer that are worked on at a time; further ones wait unread on the wire. */
  readonly maxConcurrent: number
  /** Requests per second of one peer; beyond it they are refused with LINK_QUOTA. A burst of one second is allowed. */
  readonly requestsPerSecond: number
  /** Request bytes per second of one peer; beyond it requests are refused with LINK_QUOTA. */
  readonly bytesPerSecond: number
  /** After this the handler's signal is aborted and the asker gets LINK_TIMEOUT, milliseconds. */
  readonly handlerTimeoutMs: number
}

export const DEFAULT_REQUEST_LIMITS: RequestLimits = {
  maxRequestBytes: DEFAULT_MAX_MESSAGE_BYTES,
  maxResponseBytes: DEFAULT_MAX_MESSAGE_BYTES,
  maxConcurrent: 32,
  requestsPerSecond: 4_000,
  bytesPerSecond: 64 * MIB,
  handlerTimeoutMs: 30_000,
}

/** Bounds of one channel protocol, on either side. */
export interface ChannelLimits {
  /** Largest message, bytes; a longer frame cuts the channel before it is read. */
  readonly maxMessageBytes: number
  /** Received bytes that wait for their reader before the peer is held back. */
  readonly receiveQueueBytes: number
  /** `send` calls that may wait for room at a time; beyond it `send` fails with LINK_QUEUE_FULL. */
  readonly maxQueuedSends: number
  /** Bytes in waiting `send` calls; beyond it `send` fails with LINK_QUEUE_FULL. A single message always fits. */
  readonly maxQueuedBytes: number
  /** Received bytes per second; a faster peer is held back, never cut. */
  readonly bytesPerSecond: number
  /** Channels of this protocol that one peer may have open to us; beyond it LINK_QUOTA. */
  readonly channelsPerPeer: number
  /** After one side has ended, the other has to say something at least this often, milliseconds. */
  readonly lingerTimeoutMs: number
  /**
   * Gives exactly so many bytes of memory for a large message that begins to arrive; then whoever receives the message
   * may use that memory again. Without it, or when it gives none, every message has fresh memory.
   */
  readonly memory?: (bytes: number) => Uint8Array | undefined
}

export const DEFAULT_CHANNEL_LIMITS: ChannelLimits = {
  maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
  receiveQueueBytes: 2 * MIB,
  maxQueuedSends: 1_024,
  maxQueuedBytes: 4 * MIB,
  bytesPerSecond: 4_096 * MIB,
  channelsPerPeer: 16,
  lingerTimeoutMs: 60_000,
}

/** Bounds of the whole host. */
export interface LinkLimits {
  readonly maxConnections: number
  /** Of these, such that others opened: the rest is for peers of our own choice. */
  readonly maxInboundConnections: number
  /** Of those, such that come from one address group (IPv4 /16, IPv6 /32). */
  readonly maxInboundPerGroup: number
  /** Connections whose handshake is under way. */
  readonly maxPendingConnections: number
  /** New inbound connections per second and address. */
  readonly connectionsPerSecondPerHost: number
  readonly handshakeTimeoutMs: number
  readonly dialTimeoutMs: number
  /** Naming a protocol on a new stream must be done in this time. */
  readonly negotiationTimeoutMs: number
  readonly maxStreamsPerConnection: number
  /** Streams (and pings) that one connection may open per second; a burst of four seconds is allowed. */
  readonly streamsPerSecond: number
  /** Most bytes in flight towards one stream before its reader has taken them: speed × delay, and memory. */
  readonly streamWindowBytes: number
  /** Unsent bytes of one connection beyond which the peer does not read and is cut. */
  readonly maxConnectionWriteBytes: number
  /** A frame once begun must be complete in this time (slow senders hold no memory for ever). */
  readonly frameTimeoutMs: number
  /** A peer that takes nothing of what waits for it for so long is cut. */
  readonly stallTimeoutMs: number
  /** Each connection is probed so often, and cut if the answer takes longer than `pingTimeoutMs`. */
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
  /** Own requests to one peer and protocol that wait for an answer; further ones queue. */
  readonly maxInFlightRequests: number
  /** Own requests that queue per peer and protocol; beyond it LINK_QUEUE_FULL. */
  readonly maxQueuedRequests: number
  /** Faults (see `Fault`) that end in a ban, as a sum of weights. */
  readonly banThreshold: number
  /** Weight that is forgiven per second. */
  readonly forgivenPerSecond: number
  readonly banMs: number
  /** Merits of a peer that count at most, and what is left of them after each second. */
  readonly mostMerit: number
  readonly meritKeptPerSecond: number
  /** Bans, faults and merits that are remembered; the oldest are forgotten first. */
  readonly maxRemembered: number
}

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  maxConnections: 512,
  maxInboundConnections: 384,
  maxInboundPerGroup: 48,
  maxPendingConnections: 64,
  connectionsPerSecondPerHost: 16,
  handshakeTimeoutMs: 8_000,
  dialTimeoutMs: 10_000,
  negotiationTimeoutMs: 5_000,
  maxStreamsPerConnection: 256,
  streamsPerSecond: 64,
  streamWindowBytes: 4 * MIB,
  maxConnectionWriteBytes: 64 * MIB,
  frameTimeoutMs: 60_000,
  stallTimeoutMs: 60_000,
  pingIntervalMs: 15_000,
  pingTimeoutMs: 15_000,
  maxInFlightRequests: 128,
  maxQueuedRequests: 1_024,
  banThreshold: 20,
  forgivenPerSecond: 0.1,
  banMs: 10 * 60_000,
  mostMerit: 100,
  // Half is gone after ten minutes.
  meritKeptPerSecond: 0.99885,
  maxRemembered: 4_096,
}

/** What changes when many hosts share one address: a whole network on one machine is no attack. */
export const LOCAL_NETWORK_LIMITS: Partial<LinkLimits> = {
  maxInboundPerGroup: 384,
  connectionsPerSecondPerHost: 1_000,
  maxPendingConnections: 256,
  banMs: 10_000,
}

/** How often deadlines and stalls are looked at, milliseconds. */
export const SWEEP_INTERVAL_MS = 500
/** How long a graceful close may take before connections are cut, milliseconds. */
export const CLOSE_TIMEOUT_MS = 2_000
