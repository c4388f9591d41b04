import { SmartshareError } from '@smartshare/codec'
import { now } from './clock.ts'
import { asLinkError } from './errors.ts'
import type { GossipOptions } from './gossip.ts'
import { createHost, type Encryption, type Host } from './host.ts'
import { parseAddress, parsePeerId } from './identity.ts'
import { DEFAULT_LINK_LIMITS, type LinkLimits, LOCAL_NETWORK_LIMITS } from './limits.ts'
import { Link, type Log } from './link.ts'
import { newHostCounters } from './metrics.ts'
import { FaultWeight, Reputation } from './reputation.ts'

const SEED_BYTES = 32

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
  readonly log?: Log
  /** Uniform in [0, 1), for the jitter of redials. */
  readonly random?: () => number
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
  const log = options.log ?? (() => undefined)
  const protectedPeers = new Set<string>()
  const reputation = new Reputation({
    ...limits,
    now,
    onBan: (peer, reason) => {
      counters.bans++
      log('a peer is banned', { peer, reason, banMs: limits.banMs })
      for (const connection of host.libp2p.getConnections(parsePeerId(peer))) {
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
    scoreOf: (peer) => reputation.score(peer),
    isProtected: (peer) => protectedPeers.has(peer),
    onCrowdedOut: (peer) => {
      counters.crowdedOut++
      log('no room for all who connect', { leaves: peer ?? null })
    },
    onFault: (peer, error) => {
      counters.faults++
      if (peer !== undefined) reputation.fault(peer, FaultWeight.Flood, error.message)
    },
  }).catch((error: unknown) => {
    throw asLinkError(error, 'LINK_LISTEN_FAILED', 'The host could not be started', options.listen.join(' '))
  })
  return new Link({
    host,
    limits,
    reputation,
    protectedPeers,
    counters,
    gossip: options.gossip,
    log,
    random: options.random ?? Math.random,
  })
}
