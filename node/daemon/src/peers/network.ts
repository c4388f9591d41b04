import { randomBytes } from 'node:crypto'
import { pack, SmartshareError, unpack } from '@smartshare/codec'
import {
  type Link as ConsensusLink,
  decodeMessage,
  encodeMessage,
  type Message,
  type Recipient,
} from '@smartshare/consensus'
import { toHex } from '@smartshare/crypto'
import { type Channel, FaultWeight, type GossipVerdict, type Link, type LinkMetrics } from '@smartshare/link'
import type { Logger } from 'pino'
import { CompactReceiver, CompactSender, type Taken } from '../blocks/compact-blocks.ts'
import { Bonds } from './bonds.ts'
import {
  type DelegateProof,
  decodeProof,
  type Ends,
  encodeHello,
  encodeProof,
  holdsKey,
  NETWORK_VERSION,
  readHello,
} from './handshake.ts'
import { PeerQuota, type Said } from './peer-quota.ts'
import { Retries } from './retries.ts'

const CONSENSUS_PROTOCOL = '/smartshare/consensus/1'
export const TRANSACTIONS_TOPIC = '/smartshare/transactions/1'
/** Largest message between nodes: a page of blocks and what belongs to it. */
const MAX_MESSAGE_BYTES = 12 * 1024 * 1024
const MAX_QUEUED_BYTES = 64 * 1024 * 1024
const MAX_BATCH_TRANSACTIONS = 1_000
/** Of one peer; a faster one is held back. */
const MOST_BYTES_PER_SECOND = 64 * 1024 * 1024
/** Merits: a block of a delegate, a batch of new transactions. What costs its sender nothing earns nothing. */
const MERIT = { block: 1, batch: 0.1 } as const
/** Votes and certificates that a delegate hears when it connects: those of the last few slots, some kilobytes. */
const MOST_SAID_AGAIN = 12
/** Peers of which it is remembered what they have used up of their quotas. */
const MOST_QUOTAS = 1_024
/** How often addresses of delegates are looked for that have told them since. */
const BONDS_MS = 2_000
/** How often connected peers without a channel are looked for. */
const RECONCILE_MS = 100
/** Codes of what no honest peer sends: bytes that are no message, blocks above their bound. */
const JUNK = /^(BLOCK|CODEC|CONSENSUS|NETWORK)_/
const HELLO = 0
const PROOF = 1
const CONSENSUS = 2
/** A proposal that names its transactions, an ask for some of them, and the answer. */
const COMPACT = 3
const MISSING = 4
const BODIES = 5
/** What a delegate says of a transaction that killed its machine. */
const ATTESTATION = 6

/** A node that this one speaks with. */
interface Peer {
  readonly id: string
  readonly channel: Channel
  /** What consensus knows of the peer; a new object once it proves to be a delegate. */
  link: ConsensusLink
  /** Our nonce, and what the peer said to it. */
  readonly nonce: Uint8Array
  proof: DelegateProof | undefined
  readonly quota: PeerQuota
}

export interface NetworkParts {
  readonly link: Link
  readonly chainId: Uint8Array
  /** Where addresses of delegates are remembered. */
  readonly dataDir: string
  readonly localNetwork: boolean
  /** Shows over a link that this node is a delegate's; null for a node that only follows. */
  readonly identity: { proveLink(nonce: Uint8Array, ends: Ends): Promise<DelegateProof> } | null
  readonly log: Logger
  /** BLS key of a delegate of the running or the next term. */
  readonly delegateKey: (address: Uint8Array) => Uint8Array | undefined
  readonly onMessage: (link: ConsensusLink, message: Message) => void
  /** Takes a delegate's attestation; true if it is to be passed on. Throws NETWORK_ATTESTATION for a false one. */
  readonly onAttestation: (attestation: Uint8Array) => boolean
  /** Judges a batch of transactions before it is passed on. */
  readonly onTransactions: (wires: readonly Uint8Array[]) => Promise<GossipVerdict>
  /** A transaction that waits, by the short id under which blocks name it. */
  readonly transactionOf: (shortId: Uint8Array) => Uint8Array | undefined
}

export interface NetworkFigures {
  readonly link: LinkMetrics
  /** Blocks of leaders since the start, by how they came. */
  readonly compact: CompactReceiver['counts']
  /** Delegates whose addresses a restart finds. */
  readonly remembered: number
}

/** What a node says and hears: one channel per peer for consensus, gossip for batches of transactions. */
export class Network {
  private readonly parts: NetworkParts
  private readonly byId = new Map<string, Peer>()
  private readonly lately: Uint8Array[] = []
  private lastProposal: Uint8Array | undefined
  private readonly quotas = new Map<string, PeerQuota>()
  private readonly retries = new Retries(Math.random)
  private readonly sender = new CompactSender()
  private readonly receiver: CompactReceiver
  private readonly bonds: Bonds
  /** Peers to which a channel is being opened or was opened by us. */
  private readonly called = new Set<string>()
  private readonly timer: NodeJS.Timeout
  private readonly bondsTimer: NodeJS.Timeout
  private closed = false

  private constructor(parts: NetworkParts) {
    this.parts = parts
    this.receiver = new CompactReceiver(parts.transactionOf)
    this.bonds = new Bonds(parts)
    this.timer = setInterval(() => this.reconcile(), RECONCILE_MS)
    this.bondsTimer = setInterval(() => void this.bonds.refresh(), BONDS_MS)
  }

  static async start(parts: NetworkParts): Promise<Network> {
    const network = new Network(parts)
    const limits = {
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      receiveQueueBytes: MAX_MESSAGE_BYTES,
      bytesPerSecond: MOST_BYTES_PER_SECOND,
      channelsPerPeer: 2,
    }
    await parts.link.onChannel(CONSENSUS_PROTOCOL, (channel) => network.converse(channel), limits)
    parts.link.subscribe(TRANSACTIONS_TOPIC, {
      validate: (message, from) => network.judgeBatch(message, from),
      onMessage: () => undefined,
    })
    await network.bonds.recall()
    return network
  }

  /** What is counted and measured here. */
  figures(): NetworkFigures {
    return { link: this.parts.link.metrics(), compact: this.receiver.counts, remembered: this.bonds.remembered }
  }

  peers(): { id: string; address: string; delegate: string | null }[] {
    return [...this.byId.values()].map(({ id, link }) => ({
      id,
      address: this.parts.link.addressOf(id) ?? '',
      delegate: link.delegate,
    }))
  }

  send(to: Recipient, message: Message): void {
    const isCompact = message.type === 'proposal' && message.block.transactions.length > 0
    const encoded = isCompact ? tagged(COMPACT, this.sender.encode(message)) : tagged(CONSENSUS, encodeMessage(message))
    if (typeof to === 'string') this.remember(message.type, encoded)
    for (const peer of this.recipients(to)) {
      this.say(peer, encoded)
      if (message.type === 'page') peer.quota.charge(encoded.length, performance.now())
    }
  }

  /** Sends to `peer`, or to any other if it is gone. */
  sendToAny(peer: string | null, message: Message): void {
    const known = peer === null ? undefined : this.byId.get(peer)
    const all = [...this.byId.values()]
    const chosen = known ?? all[Math.floor(Math.random() * all.length)]
    if (chosen !== undefined) this.send({ peer: chosen.id }, message)
  }

  async gossipTransactions(wires: readonly Uint8Array[]): Promise<void> {
    if (this.closed) return
    try {
      await this.parts.link.publish(TRANSACTIONS_TOPIC, pack(wires))
    } catch (error) {
      this.parts.log.debug({ error: codeOf(error) }, 'transactions not passed on')
    }
  }

  /** Says an attestation to all peers; if it is passed on, not to the one that it came from. */
  sendAttestation(attestation: Uint8Array, from?: string): void {
    const frame = tagged(ATTESTATION, attestation)
    for (const peer of this.byId.values()) if (peer.id !== from) this.say(peer, frame)
  }

  punish(peer: string, reason: string): void {
    this.parts.link.punish(peer, FaultWeight.Junk, reason)
  }

  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.timer)
    clearInterval(this.bondsTimer)
    for (const peer of this.byId.values()) peer.channel.abort()
    await this.bonds.close()
  }

  /**
   * Peers may have said that they are delegates before they were elected, and delegates may be voted out: called when a
   * set has become known and when a term begins.
   */
  recogniseAll(): void {
    for (const peer of this.byId.values()) this.recognise(peer)
  }

  private recognise(peer: Peer): void {
    const { parts } = this
    if (peer.proof === undefined) return
    const key = parts.delegateKey(peer.proof.address)
    if (key === undefined) {
      if (peer.link.delegate !== null) peer.link = { peer: peer.id, delegate: null }
      this.bonds.release(peer.id)
      return
    }
    if (peer.link.delegate !== null) return
    const ends = { prover: peer.id, verifier: parts.link.peerId }
    if (!holdsKey(peer.proof, key, parts.chainId, peer.nonce, ends)) return
    peer.link = { peer: peer.id, delegate: toHex(peer.proof.address) }
    this.bonds.hold(peer.id)
    for (const frame of this.lately) this.say(peer, frame)
    if (this.lastProposal !== undefined) this.say(peer, this.lastProposal)
    parts.log.info({ peer: peer.id, delegate: peer.link.delegate }, 'delegate connected')
  }

  /** What was said to all delegates lately: who connects only now would otherwise wait until consensus says it again. */
  private remember(type: Message['type'], frame: Uint8Array): void {
    if (type === 'proposal') this.lastProposal = frame
    else if (this.lately.push(frame) > MOST_SAID_AGAIN) this.lately.shift()
  }

  private say(peer: Peer, frame: Uint8Array): void {
    peer.channel.send(frame).catch((error: unknown) => {
      // What is lost is sent again by consensus itself when nothing moves.
      this.parts.log.debug({ peer: peer.id, error: codeOf(error) }, 'message not sent')
    })
  }

  private recipients(to: Recipient): Peer[] {
    if (typeof to === 'object') {
      const peer = this.byId.get(to.peer)
      return peer === undefined ? [] : [peer]
    }
    const all = [...this.byId.values()]
    return to === 'all' ? all : all.filter(({ link }) => link.delegate !== null)
  }

  /** Of two connected nodes the one with the smaller id opens the channel. */
  private reconcile(): void {
    const { link } = this.parts
    const now = performance.now()
    this.retries.forgetOld(now)
    for (const peer of link.peers()) {
      if (this.byId.has(peer) || this.called.has(peer) || link.peerId > peer) continue
      if (!this.retries.begin(peer, now)) continue
      this.called.add(peer)
      link
        .openChannel(peer, CONSENSUS_PROTOCOL)
        .then((channel) => this.converse(channel))
        .catch((error: unknown) => this.parts.log.debug({ peer, error: codeOf(error) }, 'no channel'))
        .finally(() => this.called.delete(peer))
    }
  }

  private async converse(channel: Channel): Promise<void> {
    const { parts } = this
    const previous = this.byId.get(channel.peer)
    const nonce = Uint8Array.from(randomBytes(32))
    const link = { peer: channel.peer, delegate: null }
    const quota = this.quotaOf(channel.peer)
    const peer: Peer = { id: channel.peer, channel, link, nonce, proof: undefined, quota }
    let greeted = false
    try {
      await channel.send(tagged(HELLO, encodeHello({ version: NETWORK_VERSION, chainId: parts.chainId, nonce })))
      for await (const frame of channel) {
        const content = frame.subarray(1)
        if (frame[0] === HELLO && !greeted) {
          const hello = readHello(content, parts.chainId)
          greeted = true
          this.retries.succeeded(peer.id)
          previous?.channel.abort()
          this.byId.set(peer.id, peer)
          if (parts.identity !== null) {
            const ends = { prover: parts.link.peerId, verifier: peer.id }
            // The signer may be slow or down: meanwhile the peer is heard all the same.
            parts.identity
              .proveLink(hello.nonce, ends)
              .then((proof) => channel.send(tagged(PROOF, encodeProof(proof))))
              .catch((error: unknown) => parts.log.debug({ peer: peer.id, error: codeOf(error) }, 'no proof sent'))
          }
        } else if (frame[0] === PROOF && greeted && peer.proof === undefined) {
          peer.proof = decodeProof(content)
          this.recognise(peer)
        } else if (frame[0] === CONSENSUS && greeted) {
          const message = decodeMessage(content)
          if (this.isWithin(peer, message.type)) this.take(peer, message)
        } else if (frame[0] === COMPACT && greeted) {
          // Only leaders propose: of others the block is asked for when it has a certificate.
          if (peer.link.delegate === null || !this.isWithin(peer, 'proposal')) continue
          this.takeCompact(peer, this.receiver.take(peer.id, content))
        } else if (frame[0] === BODIES && greeted) {
          if (this.isWithin(peer, 'bodies')) this.takeCompact(peer, this.receiver.takeBodies(peer.id, content))
        } else if (frame[0] === ATTESTATION && greeted) {
          if (this.isWithin(peer, 'attestation') && parts.onAttestation(content)) {
            this.sendAttestation(content, peer.id)
          }
        } else if (frame[0] === MISSING && greeted) {
          const answer = this.isWithin(peer, 'missing') ? this.sender.answer(peer.id, content) : undefined
          if (answer !== undefined) this.say(peer, tagged(BODIES, answer))
        } else {
          throw new SmartshareError('NETWORK_MESSAGE', 'a message out of place')
        }
      }
    } catch (error) {
      const code = codeOf(error)
      if (JUNK.test(code)) {
        this.parts.log.warn({ peer: peer.id, code }, 'peer sent junk')
        this.punish(peer.id, code)
      }
      channel.abort()
    } finally {
      if (this.byId.get(peer.id) === peer) {
        this.byId.delete(peer.id)
        this.receiver.forget(peer.id)
      }
    }
  }

  private takeCompact(peer: Peer, taken: Taken): void {
    if (taken === undefined) return
    if ('ask' in taken) this.say(peer, tagged(MISSING, taken.ask))
    else this.take(peer, taken.proposal)
  }

  private take(peer: Peer, message: Message): void {
    if (message.type === 'proposal' && peer.link.delegate !== null) this.parts.link.reward(peer.id, MERIT.block)
    this.parts.onMessage(peer.link, message)
  }

  /** False if the peer says more of this kind than it may; what is far above is held against it. */
  private isWithin(peer: Peer, type: Said): boolean {
    const verdict = peer.quota.take(type, performance.now())
    if (verdict === 'over') {
      this.parts.link.punish(peer.id, FaultWeight.OverQuota, `more ${type} than a peer may send`)
      // What is still queued is not even looked at.
      if (this.parts.link.isBanned(peer.id)) throw new SmartshareError('LINK_BANNED', 'the peer is banned')
    }
    return verdict === 'good'
  }

  /** Outlives a connection, so that nobody gains by coming back. */
  private quotaOf(peer: string): PeerQuota {
    const quota = this.quotas.get(peer) ?? new PeerQuota(performance.now())
    this.quotas.delete(peer)
    this.quotas.set(peer, quota)
    const [oldest] = this.quotas.keys()
    if (this.quotas.size > MOST_QUOTAS && oldest !== undefined) this.quotas.delete(oldest)
    return quota
  }

  private async judgeBatch(message: Uint8Array, from: string): Promise<GossipVerdict> {
    try {
      const verdict = await this.parts.onTransactions(unpack(message, MAX_BATCH_TRANSACTIONS))
      if (verdict === 'accept') this.parts.link.reward(from, MERIT.batch)
      return verdict
    } catch (error) {
      if (SmartshareError.is(error, 'PACK_DAMAGED')) return 'reject'
      throw error
    }
  }
}

function tagged(type: number, content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(content.length + 1)
  frame[0] = type
  frame.set(content, 1)
  return frame
}

function codeOf(error: unknown): string {
  return SmartshareError.is(error) ? error.code : String(error)
}
