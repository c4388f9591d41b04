import { randomBytes } from 'node:crypto'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, type PublicKey } from '@smartshare/crypto'
import { storageReceiptHash } from '@smartshare/runtime'
import type { AgreementReader, StorageAgreement } from './chain.ts'
import { channelLimits, type StorageChannelLimits } from './connect.ts'
import type { LotStore } from './lot-store.ts'
import type { LotWriter } from './lot-writer.ts'
import { dataParts, encodeMessage, expectMessage, NONCE_BYTES, Purpose, STORAGE_PROTOCOL } from './messages.ts'
import { ownBytes } from './own-bytes.ts'
import { type AccountSigner, acceptSession, type MessageChannel, receiveWithin } from './session.ts'
import { CHUNK_BYTES } from './sizes.ts'

/** A session in which nothing is said for so long ends, milliseconds. */
const IDLE_TIMEOUT_MS = 120_000
/** Chunks of one upload that are with the workers or the disk; beyond it the owner is held back. */
const MAX_CHUNKS_UNDER_WAY = 4
/** Bytes after which written data is made durable and confirmed. */
const SYNC_BYTES = 16 * CHUNK_BYTES
/** Slow uploads are confirmed at least so often, milliseconds. */
const SYNC_INTERVAL_MS = 2_000
/** Sessions at a time, over all peers. */
const MAX_SESSIONS = 1_024
/** How long a new upload of a lot waits for an older one to let go, milliseconds. */
const TAKE_OVER_TIMEOUT_MS = 10_000

/** What a provider needs of a link. */
interface ProviderLink {
  readonly peerId: string
  onChannel(
    protocol: string,
    handler: (channel: MessageChannel) => Promise<void>,
    limits: StorageChannelLimits,
  ): Promise<void>
}

export interface ProviderServiceOptions {
  readonly link: ProviderLink
  readonly chain: AgreementReader
  readonly store: LotStore
  /** Signs for the provider's account: sessions and receipts. */
  readonly signer: AccountSigner
  /** Address of the provider's account. */
  readonly account: Uint8Array
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void
}

/** What a provider has moved since it started. */
export interface TransferCounters {
  sessions: number
  refused: number
  bytesIn: number
  bytesOut: number
  receipts: number
}

interface Upload {
  readonly channel: MessageChannel
  readonly ended: Promise<void>
}

/** Serves owners: takes copies in, signs receipts, gives copies out. Only the buyer of an agreement gets through. */
export class ProviderService {
  readonly counters: TransferCounters = { sessions: 0, refused: 0, bytesIn: 0, bytesOut: 0, receipts: 0 }
  readonly #options: ProviderServiceOptions
  readonly #channels = new Set<MessageChannel>()
  readonly #uploads = new Map<number, Upload>()
  #stopped = false

  constructor(options: ProviderServiceOptions) {
    this.#options = options
  }

  /** Begins to serve. */
  start(): Promise<void> {
    const { link, store } = this.#options
    return link.onChannel(STORAGE_PROTOCOL, (channel) => this.#serve(channel), channelLimits(store.pool))
  }

  /** Sessions open now. */
  get sessions(): number {
    return this.#channels.size
  }

  /** Ends the upload of a lot, if one is under way. */
  async endUpload(agreement: number): Promise<void> {
    const upload = this.#uploads.get(agreement)
    upload?.channel.abort(new SmartshareError('STORAGE_STATE', 'the agreement is over'))
    await upload?.ended
  }

  /** Ends all sessions; what is durable can be resumed. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const channel of this.#channels) channel.abort(stopping())
    await Promise.allSettled([...this.#uploads.values()].map(({ ended }) => ended))
  }

  async #serve(channel: MessageChannel): Promise<void> {
    if (this.#stopped) throw stopping()
    if (this.#channels.size >= MAX_SESSIONS) {
      throw new SmartshareError('STORAGE_BUSY', 'this provider serves too many at a time', { max: MAX_SESSIONS })
    }
    this.#channels.add(channel)
    this.counters.sessions++
    try {
      await this.#session(channel)
    } catch (error) {
      this.counters.refused++
      const code = SmartshareError.is(error) ? error.code : 'unknown'
      this.#options.log('a storage session ended early', { peer: channel.peer, code, reason: (error as Error).message })
      throw error
    } finally {
      this.#channels.delete(channel)
    }
  }

  async #session(channel: MessageChannel): Promise<void> {
    const { link, chain, signer } = this.#options
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES))
    const init = { channel, ownPeer: link.peerId, chainId: chain.chainId, signer, nonce }
    const { agreement, purpose, key } = await acceptSession(init)
    const found = await this.#authorise(agreement, key)
    if (purpose === Purpose.Put) await this.#put(channel, found)
    else await this.#get(channel, found)
  }

  /** The agreement, if it is ours and the key acts for its buyer. */
  async #authorise(agreement: number, key: PublicKey): Promise<StorageAgreement> {
    const found = await this.#options.chain.agreement(agreement)
    if (found === undefined || !equalBytes(found.provider, this.#options.account)) {
      throw new SmartshareError('STORAGE_UNKNOWN', 'this provider has no such agreement', { agreement })
    }
    if (!(await this.#options.chain.mayAct(found.buyer, key))) {
      throw new SmartshareError('STORAGE_NOT_BUYER', 'this key does not act for the buyer', { agreement })
    }
    return found
  }

  async #put(channel: MessageChannel, found: StorageAgreement): Promise<void> {
    const { agreement, sizeBytes, state } = found
    const { store } = this.#options
    if (state !== 'matched' && state !== 'active') {
      throw new SmartshareError('STORAGE_STATE', `the agreement is ${state}: nothing can be stored under it`, { state })
    }
    // The owner's connection may have died unnoticed: its new session takes over from the old one.
    await this.#endOlder(agreement)
    const receipt = store.entry(agreement)?.receipt
    if (receipt !== undefined) {
      await channel.send(encodeMessage('ready', { sizeBytes, storedBytes: sizeBytes }))
      await this.#finish(channel, agreement, receipt)
      return
    }
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const upload = { channel, ended }
    this.#uploads.set(agreement, upload)
    try {
      await this.#take(channel, agreement, await store.write(agreement, sizeBytes))
    } finally {
      await store.endWriting(agreement).catch(() => undefined)
      if (this.#uploads.get(agreement) === upload) this.#uploads.delete(agreement)
      resolve()
    }
  }

  async #endOlder(agreement: number): Promise<void> {
    const older = this.#uploads.get(agreement)
    if (older === undefined) return
    older.channel.abort(new SmartshareError('STORAGE_REPLACED', 'a newer session of the owner took over'))
    await Promise.race([older.ended, new Promise((resolve) => setTimeout(resolve, TAKE_OVER_TIMEOUT_MS).unref())])
  }

  async #take(channel: MessageChannel, agreement: number, writer: LotWriter): Promise<void> {
    const { sizeBytes } = writer
    await channel.send(encodeMessage('ready', { sizeBytes, storedBytes: writer.durableBytes }))
    const underWay = new Set<Promise<void>>()
    let failed: unknown
    let syncedAtMs = performance.now()
    for (;;) {
      const encoded = await receiveWithin(channel, IDLE_TIMEOUT_MS)
      const message = expectMessage(encoded, 'data', 'finish')
      if (failed !== undefined) throw failed
      if (message.name === 'finish') {
        await Promise.all(underWay)
        await this.#complete(channel, agreement, writer, message.root)
        return
      }
      const { offset } = message
      this.counters.bytesIn += message.bytes.length
      const work: Promise<void> = writer
        .write(offset, ownBytes(message.bytes))
        .catch((error: unknown) => {
          failed ??= error
        })
        .finally(() => underWay.delete(work))
      underWay.add(work)
      if (underWay.size >= MAX_CHUNKS_UNDER_WAY) await Promise.race(underWay)
      const due = writer.acceptedBytes - writer.durableBytes >= SYNC_BYTES
      if (due || performance.now() - syncedAtMs > SYNC_INTERVAL_MS || writer.acceptedBytes === sizeBytes) {
        await Promise.all(underWay)
        if (failed !== undefined) throw failed
        await channel.send(encodeMessage('stored', { storedBytes: await writer.sync() }))
        syncedAtMs = performance.now()
      }
    }
  }

  async #complete(channel: MessageChannel, agreement: number, writer: LotWriter, root: Uint8Array): Promise<void> {
    const { store } = this.#options
    const receipt = await writer.finish()
    if (!equalBytes(receipt.root, root)) {
      // What is on the disk is not what the owner sent: none of it is worth keeping.
      await store.restart(agreement)
      throw new SmartshareError('STORAGE_ROOT', 'the stored bytes have another root: send them again', { agreement })
    }
    await store.endWriting(agreement, receipt)
    await this.#sendReceipt(channel, agreement, receipt)
  }

  /** An upload that was complete before: the owner only lost the receipt. */
  async #finish(
    channel: MessageChannel,
    agreement: number,
    receipt: { root: Uint8Array; sizeBytes: number },
  ): Promise<void> {
    const { root } = expectMessage(await receiveWithin(channel, IDLE_TIMEOUT_MS), 'finish')
    if (!equalBytes(receipt.root, root)) {
      throw new SmartshareError('STORAGE_COMPLETE', 'this agreement has its bytes already, with another root')
    }
    await this.#sendReceipt(channel, agreement, receipt)
  }

  async #sendReceipt(
    channel: MessageChannel,
    agreement: number,
    { root, sizeBytes }: { root: Uint8Array; sizeBytes: number },
  ): Promise<void> {
    const { chain, signer } = this.#options
    const signature = await signer.sign(storageReceiptHash(chain.chainId, { agreement, root, sizeBytes }))
    this.counters.receipts++
    await channel.send(encodeMessage('receipt', { root, sizeBytes, key: signer.publicKey, signature }))
    await channel.close()
  }

  async #get(channel: MessageChannel, { agreement, sizeBytes, state }: StorageAgreement): Promise<void> {
    const { store } = this.#options
    if (state !== 'active' && state !== 'matched') {
      throw new SmartshareError('STORAGE_STATE', `the agreement is ${state}: nothing is kept under it`, { state })
    }
    if (store.entry(agreement)?.receipt === undefined) {
      throw new SmartshareError('STORAGE_UNKNOWN', 'there is no complete lot of this agreement here', { agreement })
    }
    await channel.send(encodeMessage('ready', { sizeBytes, storedBytes: sizeBytes }))
    for (;;) {
      const encoded = await receiveOrEnd(channel)
      if (encoded === undefined) return
      const { offset, length } = expectMessage(encoded, 'read')
      const bytes = await store.read(agreement, offset, length)
      this.counters.bytesOut += length
      // Waits until the link has room, so an owner that reads slowly costs one chunk of memory and no more.
      await channel.send(dataParts(offset, bytes))
    }
  }
}

function stopping(): SmartshareError {
  return new SmartshareError('STORAGE_CLOSED', 'this provider is stopping')
}

/** The next message, or undefined when the owner has ended the session properly. */
async function receiveOrEnd(channel: MessageChannel): Promise<Uint8Array | undefined> {
  try {
    return await receiveWithin(channel, IDLE_TIMEOUT_MS)
  } catch (error) {
    if (SmartshareError.is(error, 'STORAGE_ENDED')) return undefined
    throw error
  }
}
