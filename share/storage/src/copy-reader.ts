import { SmartshareError } from '@smartshare/codec'
import type { StorageAgreement } from './chain.ts'
import { connectToProvider, type OwnerContext } from './connect.ts'
import { encodeMessage, expectMessage, Purpose } from './messages.ts'
import type { MessageChannel } from './session.ts'

/** Reads asked of one provider that it has not answered yet; the provider answers in order. */
export const MAX_OPEN_READS = 8

interface OpenRead {
  readonly offset: number
  readonly length: number
  resolve(bytes: Uint8Array): void
  reject(error: unknown): void
}

/** Reads parts of one copy from its provider, several at a time. What comes is not checked here: see `openChunk`. */
export class CopyReader {
  readonly #channel: MessageChannel
  readonly #open: OpenRead[] = []
  #failure: unknown

  private constructor(channel: MessageChannel) {
    this.#channel = channel
    void this.#receive()
  }

  /** Connects to the provider. Throws STORAGE_UNREACHABLE, STORAGE_INCOMPLETE, and what the provider refuses with. */
  static async connect(context: OwnerContext, agreement: StorageAgreement, signal: AbortSignal): Promise<CopyReader> {
    const { channel, ready } = await connectToProvider(context, agreement, Purpose.Get, signal)
    if (ready.storedBytes === agreement.sizeBytes) return new CopyReader(channel)
    channel.abort()
    throw new SmartshareError('STORAGE_INCOMPLETE', 'this copy is not complete', { storedBytes: ready.storedBytes })
  }

  /** Reads waiting for their answer. */
  get openReads(): number {
    return this.#open.length
  }

  /** True once the session is over: further reads fail. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** `length` bytes from `offset`. At most MAX_OPEN_READS at a time (STORAGE_BUSY). */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#open.length >= MAX_OPEN_READS) {
      throw new SmartshareError('STORAGE_BUSY', 'too many reads of this copy at a time', { max: MAX_OPEN_READS })
    }
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.#open.push({ offset, length, resolve, reject })
    this.#channel.send(encodeMessage('read', { offset, length })).catch((error: unknown) => this.#fail(error))
    return promise
  }

  /** Ends the session; reads still open fail with `error`. */
  close(error = new SmartshareError('STORAGE_CLOSED', 'the reader has been closed')): void {
    if (this.#failure === undefined && this.#open.length === 0) this.#channel.close().catch(() => undefined)
    else this.#channel.abort(error)
    this.#fail(error)
  }

  async #receive(): Promise<void> {
    try {
      for (
        let encoded = await this.#channel.receive();
        encoded !== undefined;
        encoded = await this.#channel.receive()
      ) {
        const { offset, bytes } = expectMessage(encoded, 'data')
        const read = this.#open.shift()
        if (read === undefined || read.offset !== offset || read.length !== bytes.length) {
          if (read !== undefined) this.#open.unshift(read)
          throw new SmartshareError('STORAGE_MESSAGE', 'the provider answers what was not asked', { offset })
        }
        read.resolve(bytes)
      }
      this.#fail(new SmartshareError('STORAGE_ENDED', 'the provider ended the session early'))
    } catch (error) {
      this.#channel.abort()
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const read of this.#open.splice(0)) read.reject(this.#failure)
  }
}
