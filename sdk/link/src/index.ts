export type { Channel } from './channel.ts'
export { createLink, type LinkOptions } from './create-link.ts'
export {
  DEFAULT_GOSSIP_LIMITS,
  type GossipLimits,
  type GossipOptions,
  type GossipTopic,
  type GossipVerdict,
} from './gossip.ts'
export type { Encryption } from './host.ts'
export { keyOfPeerId, peerIdOfKey } from './identity.ts'
export {
  type ChannelLimits,
  DEFAULT_CHANNEL_LIMITS,
  DEFAULT_LINK_LIMITS,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_REQUEST_LIMITS,
  type LinkLimits,
  LOCAL_NETWORK_LIMITS,
  MAX_FRAME_BYTES,
  type RequestLimits,
} from './limits.ts'
export type { ChannelHandler, Link } from './link.ts'
export type { LinkMetrics, ProtocolMetrics } from './metrics.ts'
export { TokenBucket } from './quota.ts'
export { FaultWeight } from './reputation.ts'
export type { RequestOptions } from './request-client.ts'
export type { RequestContext, RequestHandler } from './request-server.ts'
