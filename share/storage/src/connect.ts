import { randomBytes } from 'node:crypto'
import { SmartshareError } from '@smartshare/codec'
import type { AgreementReader, StorageAgreement } from './chain.ts'
import { MAX_MESSAGE_BYTES, type MessageOf, NONCE_BYTES, type PurposeValue, STORAGE_PROTOCOL } from './messages.ts'
import { type AccountSigner, type MessageChannel, openSession } from './session.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What an owner needs of a link. */
export interface OwnerLink {
  readonly peerId: string
  isConnected(peer: string): boolean
  dial(address: string, signal?: AbortSignal): Promise<string>
  openChannel(peer: string, protocol: string, limits: StorageChannelLimits): Promise<MessageChannel>
}

/** What the storage protocol asks of a link's channels. */
export interface StorageChannelLimits {
  readonly maxMessageBytes: number
  readonly receiveQueueBytes: number
  readonly memory: (bytes: number) => Uint8Array | undefined
}

/** Messages of the storage protocol, chunks in memory of the pool: whoever is done with one gives it back. */
export function channelLimits({ memory }: WorkerPool): StorageChannelLimits {
  return { maxMessageBytes: MAX_MESSAGE_BYTES, receiveQueueBytes: QUEUE_BYTES, memory: (bytes) => memory.take(bytes) }
}

/** Who the owner is and how it reaches chain and providers. */
export interface OwnerContext {
  readonly link: OwnerLink
  readonly chain: AgreementReader
  readonly signer: AccountSigner
  readonly pool: WorkerPool
}

/**
 * Chunks that may wait for the workers. What comes goes on into memory that is used again, instead of lying about in
 * records of TLS until the collector finds them.
 */
const QUEUE_BYTES = 8 * 2 ** 20

/** Longest wait for a connection, milliseconds. */
const DIAL_TIMEOUT_MS = 8_000

export interface ProviderSession {
  readonly channel: MessageChannel
  /** The provider's key, which acts for the provider of the agreement. */
  readonly key: Uint8Array
  readonly ready: MessageOf<'ready'>
}

/**
 * Connects to the provider of an agreement and proves who is who; an aborted `signal` ends that, and later the session.
 * Throws STORAGE_UNREACHABLE and what either side refuses.
 */
export async function connectToProvider(
  { link, chain, signer, pool }: OwnerContext,
  agreement: StorageAgreement,
  purpose: PurposeValue,
  signal: AbortSignal,
): Promise<ProviderSession> {
  if (!link.isConnected(agreement.peer)) await dialAny(link, agreement, signal)
  const channel = await link.openChannel(agreement.peer, STORAGE_PROTOCOL, channelLimits(pool))
  const giveUp = (): void => channel.abort(new SmartshareError('STORAGE_GIVEN_UP', 'the owner gave this session up'))
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    signal.throwIfAborted()
    const { key, ready } = await openSession({
      channel,
      ownPeer: link.peerId,
      chainId: chain.chainId,
      agreement: agreement.agreement,
      purpose,
      signer,
      nonce: new Uint8Array(randomBytes(NONCE_BYTES)),
      isProviderKey: (candidate) => chain.mayAct(agreement.provider, candidate),
    })
    if (ready.sizeBytes !== agreement.sizeBytes || ready.storedBytes > ready.sizeBytes) {
      throw new SmartshareError('STORAGE_SIZE', 'the provider speaks of another size', { sizeBytes: ready.sizeBytes })
    }
    return { channel, key, ready }
  } catch (error) {
    signal.removeEventListener('abort', giveUp)
    channel.abort()
    throw error
  }
}

async function dialAny(link: OwnerLink, { peer, addresses }: StorageAgreement, signal: AbortSignal): Promise<void> {
  let cause: unknown
  for (const address of addresses) {
    try {
      // Naming the peer makes the handshake fail if somebody else answers there.
      const named = address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
      if ((await link.dial(named, AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]))) === peer) return
    } catch (error) {
      cause = error
    }
  }
  throw new SmartshareError('STORAGE_UNREACHABLE', 'none of the addresses of the provider answers', { peer }, cause)
}
