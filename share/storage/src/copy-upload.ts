import { SmartshareError } from '@smartshare/codec'
import { DataTree, verify } from '@smartshare/crypto'
import { storageReceiptHash } from '@smartshare/runtime'
import type { StorageAgreement } from './chain.ts'
import { connectToProvider, type OwnerContext, type ProviderSession } from './connect.ts'
import type { CopyKey } from './keys.ts'
import { dataParts, encodeMessage, expectMessage, Purpose } from './messages.ts'
import type { CopyChunk, ObjectSource } from './object-source.ts'
import { CHUNK_BYTES, CHUNK_LEVEL, chunkSpan } from './sizes.ts'

/** Chunks of one copy that are prepared ahead of the one being sent. */
const PREPARED_CHUNKS = 2
/** Sent and not yet confirmed, at most: one and a half times what a provider makes durable at a time. */
const MAX_UNCONFIRMED_BYTES = 24 * CHUNK_BYTES
/** Attempts in a row without a byte of progress. */
const MAX_FRUITLESS_ATTEMPTS = 5
const FIRST_PAUSE_MS = 200
/** Refusals that another attempt cannot change. */
const FINAL_CODES = new Set([
  'STORAGE_FULL',
  'STORAGE_STATE',
  'STORAGE_PROVIDER',
  'STORAGE_NOT_BUYER',
  'STORAGE_COMPLETE',
  'STORAGE_SIZE',
  'STORAGE_RECEIPT',
  'STORAGE_SOURCE_CHANGED',
  'STORAGE_CLOSED',
  'LINK_UNSUPPORTED',
])

/** A provider's word that it holds a copy, as the chain wants to see it. */
export interface SignedReceipt {
  readonly agreement: number
  readonly root: Uint8Array
  readonly sizeBytes: number
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

export interface UploadOptions {
  readonly context: OwnerContext
  readonly agreement: StorageAgreement
  readonly source: ObjectSource
  readonly copy: CopyKey
  /** A provider that confirms nothing for so long is given up, milliseconds. */
  readonly stallTimeoutMs: number
  readonly signal: AbortSignal
  onProgress(storedBytes: number): void
}

/**
 * Sends one copy to its provider, going on where it broke off, until the provider has signed for it. The root is the
 * owner's own: a receipt over anything else is refused. Throws what the last attempt failed with.
 */
export function uploadCopy(options: UploadOptions): Promise<SignedReceipt> {
  return new CopyUpload(options).run()
}

class CopyUpload {
  readonly #options: UploadOptions
  /** Tops of the chunks, filled as they are made. */
  readonly #tops: (Uint8Array | undefined)[]
  /** Chunks sent in this session and not yet confirmed: their memory goes back when they are. */
  #unconfirmed: { readonly end: number; readonly bytes: Uint8Array }[] = []
  /**
   * Confirmed chunks, used again for this copy alone: a provider that confirms what has not left yet must never be sent
   * bytes of another's copy in their place.
   */
  readonly #spare: Uint8Array[] = []
  #sentBytes = 0
  #storedBytes = 0
  #onConfirmed: () => void = () => undefined

  constructor(options: UploadOptions) {
    this.#options = options
    this.#tops = Array.from({ length: options.source.chunks })
  }

  async run(): Promise<SignedReceipt> {
    const { signal } = this.#options
    for (let fruitless = 0; ; fruitless++) {
      const before = this.#storedBytes
      try {
        return await this.#attempt()
      } catch (error) {
        signal.throwIfAborted()
        const code = SmartshareError.is(error) ? error.code : ''
        if (this.#storedBytes > before) fruitless = 0
        if (FINAL_CODES.has(code) || fruitless + 1 >= MAX_FRUITLESS_ATTEMPTS) throw error
        await pause(FIRST_PAUSE_MS * 2 ** fruitless, signal)
      }
    }
  }

  async #attempt(): Promise<SignedReceipt> {
    const { context, agreement, signal } = this.#options
    signal.throwIfAborted()
    const ended = new AbortController()
    const giveUp = (): void => ended.abort(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      return await this.#upload(await connectToProvider(context, agreement, Purpose.Put, ended.signal))
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async #upload(session: ProviderSession): Promise<SignedReceipt> {
    const { stallTimeoutMs } = this.#options
    const { channel } = session
    const watchdog = new Watchdog(stallTimeoutMs, () => {
      channel.abort(
        new SmartshareError('STORAGE_STALLED', 'the provider confirms nothing any more', { stallTimeoutMs }),
      )
    })
    // Of a session that broke off, the link may still hold chunks: they are not used again.
    this.#unconfirmed = []
    this.#sentBytes = session.ready.storedBytes
    try {
      this.#setStored(session.ready.storedBytes)
      const receiving = this.#receive(session, watchdog)
      receiving.catch(() => undefined)
      await Promise.race([this.#send(session), receiving.then(() => undefined)])
      return await receiving
    } catch (error) {
      channel.abort()
      throw error
    } finally {
      watchdog.stop()
      channel.close().catch(() => undefined)
    }
  }

  async #send({ channel, ready }: ProviderSession): Promise<void> {
    const { chunks, copyBytes } = this.#options.source
    const firstToSend = ready.storedBytes === copyBytes ? chunks : ready.storedBytes / CHUNK_BYTES
    // Chunks that the provider has already are made again only if their tops are not known.
    const wanted: number[] = []
    for (let i = 0; i < chunks; i++) if (i >= firstToSend || this.#tops[i] === undefined) wanted.push(i)
    const prepared: Promise<CopyChunk>[] = []
    for (const [at, index] of wanted.entries()) {
      while (prepared.length <= PREPARED_CHUNKS && at + prepared.length < wanted.length) {
        const making = this.#make(wanted[at + prepared.length] as number)
        making.catch(() => undefined)
        prepared.push(making)
      }
      const chunk = await (prepared.shift() as Promise<CopyChunk>)
      if (index < firstToSend) {
        this.#options.source.giveBack(chunk)
        continue
      }
      const { bytes } = chunk
      const { offset } = chunkSpan(copyBytes, index)
      while (offset + bytes.length - this.#storedBytes > MAX_UNCONFIRMED_BYTES) await this.#confirmation()
      this.#unconfirmed.push({ end: offset + bytes.length, bytes })
      this.#sentBytes = offset + bytes.length
      await channel.send(dataParts(offset, bytes))
    }
    await channel.send(encodeMessage('finish', { root: this.#root() }))
  }

  async #make(index: number): Promise<CopyChunk> {
    const chunk = await this.#options.source.chunk(index, this.#options.copy, this.#spare.pop())
    this.#tops[index] = chunk.top
    return chunk
  }

  async #receive(session: ProviderSession, watchdog: Watchdog): Promise<SignedReceipt> {
    for (;;) {
      const encoded = await session.channel.receive()
      if (encoded === undefined) throw new SmartshareError('STORAGE_ENDED', 'the provider ended the session early')
      const message = expectMessage(encoded, 'stored', 'receipt')
      if (message.name === 'stored') {
        if (message.storedBytes > this.#sentBytes) {
          throw new SmartshareError('STORAGE_MESSAGE', 'the provider confirms what was not sent')
        }
        if (message.storedBytes > this.#storedBytes) watchdog.touch()
        this.#setStored(message.storedBytes)
        this.#releaseConfirmed(message.storedBytes)
      } else {
        return this.#checked(session, message)
      }
    }
  }

  #checked(session: ProviderSession, receipt: Omit<SignedReceipt, 'agreement'>): SignedReceipt {
    const { agreement, sizeBytes } = this.#options.agreement
    const root = this.#root()
    const isSame = receipt.sizeBytes === sizeBytes && Buffer.compare(receipt.root, root) === 0
    const hash = storageReceiptHash(this.#options.context.chain.chainId, { agreement, root, sizeBytes })
    if (!isSame || Buffer.compare(receipt.key, session.key) !== 0 || !verify(session.key, hash, receipt.signature)) {
      throw new SmartshareError('STORAGE_RECEIPT', 'the receipt is not for the bytes that were sent', { agreement })
    }
    this.#setStored(sizeBytes)
    // Its root is right, so all has left.
    for (const bytes of this.#spare.splice(0)) this.#options.source.giveBack({ bytes })
    return { agreement, root, sizeBytes, key: session.key, signature: Uint8Array.from(receipt.signature) }
  }

  #root(): Uint8Array {
    const { copyBytes } = this.#options.source
    const parts = this.#tops.map((top, index) => {
      if (top === undefined) throw new SmartshareError('STORAGE_RECEIPT', 'a receipt came before all was sent')
      return { sizeBytes: chunkSpan(copyBytes, index).length, top }
    })
    return DataTree.join(parts, CHUNK_LEVEL).root
  }

  /** What the provider has confirmed is not sent again. */
  #releaseConfirmed(storedBytes: number): void {
    let confirmed = 0
    for (const chunk of this.#unconfirmed) {
      if (chunk.end > storedBytes) break
      this.#spare.push(chunk.bytes)
      confirmed++
    }
    this.#unconfirmed.splice(0, confirmed)
  }

  /** Resolves when the provider has confirmed more. */
  #confirmation(): Promise<void> {
    return new Promise((resolve) => {
      this.#onConfirmed = resolve
    })
  }

  #setStored(storedBytes: number): void {
    this.#storedBytes = storedBytes
    this.#onConfirmed()
    this.#options.onProgress(storedBytes)
  }
}

/** Calls back when nobody touches it for so long. */
class Watchdog {
  readonly #timer: NodeJS.Timeout

  constructor(timeoutMs: number, onSilence: () => void) {
    this.#timer = setTimeout(onSilence, timeoutMs)
  }

  touch(): void {
    this.#timer.refresh()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** Waits, or throws when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
