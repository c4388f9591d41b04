import { type GossipSub, type GossipsubOpts, type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { SmartshareError } from '@smartshare/codec'
import { concatBytes, sha256 } from '@smartshare/crypto'
import { parsePeerId } from './identity.ts'
import type { HostCounters } from './metrics.ts'
import { TokenBucket } from './quota.ts'
import { FaultWeight } from './reputation.ts'

const MIB = 1024 * 1024
export const DEFAULT_GOSSIP_LIMITS = {
  /** Largest message, bytes. */
  maxMessageBytes: MIB,
  /** Messages per second and bytes per second that one neighbour may pass on; beyond it they are ignored. */
  messagesPerSecond: 2_000,
  bytesPerSecond: 32 * MIB,
  /** Messages whose validator is at work; beyond it they are ignored. */
  maxPendingValidations: 1_024,
  /** Bytes that wait for one neighbour; a slower one is cut off from gossip. */
  maxQueuedBytes: 16 * MIB,
} as const

export type GossipLimits = { readonly [name in keyof typeof DEFAULT_GOSSIP_LIMITS]: number }

/** `accept` is passed on and delivered; `ignore` is dropped; `reject` is dropped and held against the sender. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

export interface GossipTopic {
  /** Runs before a message is passed on. A message is judged once: what is ignored is not offered again for two minutes. */
  validate(message: Uint8Array, from: string): GossipVerdict | Promise<GossipVerdict>
  onMessage(message: Uint8Array, from: string): void
}

export interface GossipOptions {
  /** The only topics this host takes part in or remembers. */
  readonly topics: readonly string[]
  readonly limits?: Partial<GossipLimits>
  /** Peers that always get and give everything, such as delegates among themselves. */
  readonly directPeers?: readonly { readonly peerId: string; readonly addresses: readonly string[] }[]
}

const MESSAGE_ID_BYTES = 20
/** Penalty score of a rejected message: three of them, squared, end all gossip with the sender for a while. */
const INVALID_MESSAGE_WEIGHT = -10
const INVALID_MESSAGE_DECAY = 0.9
/** Less than what two rejected messages cost. */
const PROTECTED_SCORE = 30

/**
 * The id of a message: the first 20 bytes of SHA-256 over [length of topic (u8)] [topic] [data]. The topic is part of it
 * because an id is remembered also when the message was rejected: else a header sent as a transaction would be lost.
 */
export function gossipMessageId(topic: string, data: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(topic)
  return sha256(concatBytes(Uint8Array.of(name.length & 0xff), name, data)).subarray(0, MESSAGE_ID_BYTES)
}

/**
 * Settings of gossipsub that follow from ours. `localNetwork`: many hosts behind one address are no attack. `isProtected`:
 * peers such as delegates, whom not a score alone throws out; what they pass on wrongly counts against them all the same.
 */
export function gossipSettings(
  options: GossipOptions,
  localNetwork: boolean,
  isProtected: (peer: string) => boolean,
): Partial<GossipsubOpts> {
  const limits = { ...DEFAULT_GOSSIP_LIMITS, ...options.limits }
  const scoring = {
    topicWeight: 1,
    invalidMessageDeliveriesWeight: INVALID_MESSAGE_WEIGHT,
    invalidMessageDeliveriesDecay: INVALID_MESSAGE_DECAY,
    // A quiet topic is no fault: without this every neighbour on it would slowly be thrown out.
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
  }
  return {
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message: Message) => gossipMessageId(message.topic, message.data),
    allowedTopics: [...options.topics],
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    floodPublish: false,
    batchPublish: true,
    doPX: false,
    emitSelf: false,
    maxInboundDataLength: limits.maxMessageBytes + 64 * 1024,
    maxOutboundBufferSize: limits.maxQueuedBytes,
    directPeers: (options.directPeers ?? []).map(({ peerId, addresses }) => ({
      id: parsePeerId(peerId),
      addrs: addresses.map((address) => multiaddr(address)),
    })),
    scoreParams: {
      topics: Object.fromEntries(options.topics.map((topic) => [topic, scoring])) as never,
      appSpecificScore: (peer: string) => (isProtected(peer) ? PROTECTED_SCORE : 0),
      appSpecificWeight: 1,
      ...(localNetwork ? { IPColocationFactorWeight: 0 } : {}),
    },
  }
}

export interface GossipInit {
  readonly pubsub: GossipSub
  readonly options: GossipOptions
  readonly counters: HostCounters
  now(): number
  onFault(peer: string, weight: number, reason: string): void
}

/** Byte messages by topic to everybody who subscribes, each judged by the application before it is passed on. */
export class Gossip {
  readonly #init: GossipInit
  readonly #limits: GossipLimits
  readonly #topics = new Map<string, GossipTopic>()
  readonly #quotas = new Map<string, { messages: TokenBucket; bytes: TokenBucket }>()
  #pending = 0

  constructor(init: GossipInit) {
    this.#init = init
    this.#limits = { ...DEFAULT_GOSSIP_LIMITS, ...init.options.limits }
    init.pubsub.addEventListener('gossipsub:message', (event) => {
      const { msg, propagationSource } = event.detail
      init.counters.gossipIn++
      this.#topics.get(msg.topic)?.onMessage(msg.data, propagationSource.toString())
    })
  }

  /** Takes part in a topic; returns how to leave it. One subscriber per topic. */
  subscribe(topic: string, subscriber: GossipTopic): () => void {
    this.#mustKnow(topic)
    if (this.#topics.has(topic)) {
      throw new SmartshareError('LINK_TOPIC_TAKEN', 'The topic has a subscriber already', { topic })
    }
    this.#topics.set(topic, subscriber)
    this.#init.pubsub.topicValidators.set(topic, (peer, message) => this.#judge(peer, message))
    this.#init.pubsub.subscribe(topic)
    return () => {
      this.#topics.delete(topic)
      this.#init.pubsub.unsubscribe(topic)
    }
  }

  /** Sends a message to the topic's neighbours; resolves with their number. LINK_TOO_LARGE above the bound. */
  async publish(topic: string, message: Uint8Array): Promise<number> {
    this.#mustKnow(topic)
    const { maxMessageBytes } = this.#limits
    if (message.length > maxMessageBytes) {
      const details = { sizeBytes: message.length, maxMessageBytes }
      throw new SmartshareError('LINK_TOO_LARGE', 'The message is longer than gossip carries', details)
    }
    this.#init.counters.gossipOut++
    const { recipients } = await this.#init.pubsub.publish(topic, message)
    return recipients.length
  }

  /** Peers known to take part in the topic. */
  subscribers(topic: string): string[] {
    return this.#init.pubsub.getSubscribers(topic).map((peer) => peer.toString())
  }

  forget(peer: string): void {
    this.#quotas.delete(peer)
  }

  async #judge(peer: PeerId, message: Message): Promise<TopicValidatorResult> {
    const from = peer.toString()
    const { counters, onFault } = this.#init
    const verdict = await this.#verdict(from, message)
    if (verdict === 'accept') return TopicValidatorResult.Accept
    if (verdict === 'ignore') {
      counters.gossipIgnored++
      return TopicValidatorResult.Ignore
    }
    counters.gossipRejected++
    onFault(from, FaultWeight.RejectedGossip, 'a gossip message was rejected')
    return TopicValidatorResult.Reject
  }

  async #verdict(from: string, message: Message): Promise<GossipVerdict> {
    const subscriber = this.#topics.get(message.topic)
    const { maxMessageBytes, maxPendingValidations } = this.#limits
    if (message.data.length > maxMessageBytes) return 'reject'
    if (subscriber === undefined || this.#pending >= maxPendingValidations) return 'ignore'
    if (!this.#withinQuota(from, message.data.length)) {
      this.#init.onFault(from, FaultWeight.OverQuota, 'more gossip than a neighbour may pass on')
      return 'ignore'
    }
    this.#pending++
    try {
      return await subscriber.validate(message.data, from)
    } catch {
      // A validator that fails says nothing about the message, so nobody is blamed for it.
      return 'ignore'
    } finally {
      this.#pending--
    }
  }

  #withinQuota(from: string, bytes: number): boolean {
    const nowMs = this.#init.now()
    let quota = this.#quotas.get(from)
    if (quota === undefined) {
      const { messagesPerSecond, bytesPerSecond } = this.#limits
      quota = { messages: new TokenBucket(messagesPerSecond, nowMs), bytes: new TokenBucket(bytesPerSecond, nowMs) }
      this.#quotas.set(from, quota)
    }
    return quota.messages.take(1, nowMs) && quota.bytes.take(bytes, nowMs)
  }

  #mustKnow(topic: string): void {
    if (this.#init.options.topics.includes(topic)) return
    throw new SmartshareError('LINK_UNKNOWN_TOPIC', 'The topic was not named when the link was made', { topic })
  }
}
