import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type {
  ComponentLogger,
  Connection,
  ConnectionEncrypter,
  ConnectionGater,
  Libp2p,
  Logger,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
} from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { type GossipOptions, gossipSettings } from './gossip.ts'
import { addressGroup, makeRoom } from './inbound-slots.ts'
import type { LinkLimits } from './limits.ts'
import { guardMuxer, type MuxerGuardInit } from './muxer-guard.ts'
import { socketTls, type TlsComponents } from './tls.ts'

// Here and in tls.ts, tls-certificate.ts is all that needs Node. A browser would bring another host with the same face.

/** Yamux starts every stream with this window (its specification); it grows from there. */
const INITIAL_WINDOW_BYTES = 256 * 1024
const SOCKET_KEEP_ALIVE_MS = 30_000

export type Encryption = 'tls' | 'noise'

export interface HostInit {
  readonly seed: Uint8Array
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly encryption: readonly Encryption[]
  readonly gossip: GossipOptions | undefined
  readonly localNetwork: boolean
  readonly limits: LinkLimits
  readonly guard: Omit<MuxerGuardInit, 'onFault'>
  isBanned(peer: string): boolean
  scoreOf(peer: string): number
  isProtected(peer: string): boolean
  /** A connection was refused, or cut, for want of room. */
  onCrowdedOut(peer: string | undefined): void
  onFault(peer: string | undefined, error: Error): void
}

export interface Host {
  readonly libp2p: Libp2p<{ identify: Identify; pubsub?: GossipSub }>
  /** Sends what waits on every connection, then closes them; what takes longer than the signal allows stays. */
  closeConnections(signal: AbortSignal): Promise<void>
}

/** A started libp2p host on TCP, with TLS 1.3 or Noise and yamux. */
export async function createHost(init: HostInit): Promise<Host> {
  const { limits } = init
  const peers = new Map<MessageStream, string>()
  const guard = { ...init.guard, onFault: (to: MessageStream, error: Error) => init.onFault(peers.get(to), error) }
  const encrypters = { tls: socketTls, noise: noise() }
  const settings =
    init.gossip === undefined
      ? undefined
      : gossipSettings(init.gossip, init.localNetwork, (peer) => init.isProtected(peer))
  const window = limits.streamWindowBytes
  const inbound = (): Connection[] => libp2p.getConnections().filter(({ direction }) => direction === 'inbound')
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', init.seed),
    addresses: { listen: [...init.listen], announce: [...init.announce] },
    nodeInfo: { name: 'smartshare', version: '1', userAgent: 'smartshare/1' },
    transports: [tcp({ dialOpts: SOCKET, listenOpts: SOCKET, maxConnections: limits.maxConnections })],
    connectionEncrypters: init.encryption.map((name) => (components: TlsComponents) => {
      return rememberPeers(encrypters[name](components as never), peers)
    }),
    streamMuxers: [
      () =>
        guardMuxer(
          yamux({
            maxInboundStreams: limits.maxStreamsPerConnection,
            maxOutboundStreams: limits.maxStreamsPerConnection,
            streamOptions: {
              initialStreamWindowSize: INITIAL_WINDOW_BYTES,
              maxStreamWindowSize: window,
              // A stream that is not read keeps a window's worth; with less room than that it would be cut instead.
              maxReadBufferLength: window + INITIAL_WINDOW_BYTES,
            },
          })(),
          guard,
        ),
    ],
    connectionGater: { ...gater(init), ...inboundGater(init, inbound) },
    connectionManager: {
      maxConnections: limits.maxConnections,
      maxIncomingPendingConnections: limits.maxPendingConnections,
      inboundConnectionThreshold: limits.connectionsPerSecondPerHost,
      inboundUpgradeTimeout: limits.handshakeTimeoutMs,
      dialTimeout: limits.dialTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
      outboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
      // The link has its own way to stay connected.
      reconnectRetries: 0,
    },
    connectionMonitor: {
      pingInterval: limits.pingIntervalMs,
      pingTimeout: { minTimeout: limits.pingTimeoutMs, maxTimeout: limits.pingTimeoutMs },
      abortConnectionOnPingFailure: true,
    },
    services: {
      identify: identify(),
      ...(settings === undefined ? {} : { pubsub: gossipsub(settings) }),
    },
    logger: SILENT,
  })
  return {
    libp2p: libp2p as Host['libp2p'],
    closeConnections: async (signal) => {
      await Promise.allSettled([...peers.keys()].map((connection) => connection.close({ signal })))
    },
  }
}

const SOCKET = { noDelay: true, keepAlive: true, keepAliveInitialDelay: SOCKET_KEEP_ALIVE_MS }

/** Notes who is at the other end of each secured connection, for the guard below the multiplexer. */
function rememberPeers(inner: ConnectionEncrypter, peers: Map<MessageStream, string>): ConnectionEncrypter {
  for (const way of ['secureInbound', 'secureOutbound'] as const) {
    const secure = inner[way].bind(inner)
    inner[way] = async (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> => {
      const secured = await secure(connection, options)
      peers.set(secured.connection, secured.remotePeer.toString())
      secured.connection.addEventListener('close', () => peers.delete(secured.connection))
      if (secured.connection.status !== 'open') peers.delete(secured.connection)
      return secured
    }
  }
  return inner
}

function gater(init: HostInit): ConnectionGater {
  return {
    denyDialPeer: (peer) => init.isBanned(peer.toString()),
    denyInboundEncryptedConnection: (peer) => init.isBanned(peer.toString()),
    denyOutboundEncryptedConnection: (peer) => init.isBanned(peer.toString()),
    denyDialMultiaddr: () => false,
  }
}

/** Keeps the places of those who connect to us from being taken by few networks (inbound-slots.ts). */
function inboundGater(init: HostInit, inbound: () => Connection[]): ConnectionGater {
  const { limits } = init
  const seen = () =>
    inbound().map((connection) => {
      const peer = connection.remotePeer.toString()
      return {
        peer,
        address: connection.remoteAddr.toString(),
        score: init.scoreOf(peer),
        openedMs: connection.timeline.open,
        isProtected: init.isProtected(peer),
      }
    })
  return {
    // Before the handshake, which costs more than to refuse: only what no newcomer could change.
    denyInboundConnection: ({ remoteAddr }) => {
      const group = addressGroup(remoteAddr.toString())
      const same = inbound().filter((one) => addressGroup(one.remoteAddr.toString()) === group)
      if (same.length < limits.maxInboundPerGroup) return false
      init.onCrowdedOut(undefined)
      return true
    },
    denyInboundUpgradedConnection: (peer, { remoteAddr }) => {
      // A delegate that comes back finds room whoever is there.
      if (init.isProtected(peer.toString())) return false
      const { enters, leaves } = makeRoom(remoteAddr.toString(), seen(), limits)
      if (!enters || leaves !== undefined) init.onCrowdedOut(leaves)
      for (const connection of inbound()) {
        if (connection.remotePeer.toString() === leaves) connection.abort(new Error('no room'))
      }
      return !enters
    },
  }
}

/** libp2p writes a line per frame when logging; what matters is reported by the link itself. */
const silentLogger: Logger = Object.assign(() => undefined, {
  error: () => undefined,
  trace: () => undefined,
  enabled: false,
  newScope: (): Logger => silentLogger,
})
const SILENT: ComponentLogger = { forComponent: () => silentLogger }
