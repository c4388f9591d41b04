import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, toHex } from '@smartshare/crypto'
import type { OwnerChain, StorageAgreement } from './chain.ts'
import type { OwnerLink } from './connect.ts'
import { type GetOptions, readRange, readToFile } from './get-object.ts'
import { ID_BYTES, type OwnerKeys } from './keys.ts'
import { type ObjectMetadata, openMemo, sealMemo } from './memo.ts'
import { ObjectReader } from './object-reader.ts'
import { fileSource, type ObjectSource, streamSource } from './object-source.ts'
import { beginPut, recoverPuts } from './pending-puts.ts'
import { endAgreements, type PutOptions, storeCopies } from './put-object.ts'
import type { AccountSigner } from './session.ts'
import { CHUNK_BYTES, plainBytesOf } from './sizes.ts'
import type { WorkerPool } from './worker-pool.ts'

const MEMO_NONCE_BYTES = 12
/** Names of objects that are remembered: a memo never changes, and a list asks for all of them. */
const MAX_KNOWN_MEMOS = 10_000
/** Copies of one object; each is a lot of one tender. */
export const MAX_COPIES = 64

export interface OwnerOptions {
  readonly link: OwnerLink
  readonly chain: OwnerChain
  /** Signs sessions for the buyer's account. */
  readonly signer: AccountSigner
  readonly keys: OwnerKeys
  readonly pool: WorkerPool
  /** For puts under way; several processes may share it. */
  readonly folder: string
  readonly onFailure?: (agreement: StorageAgreement, error: unknown) => void
}

/** Where the bytes of a new object come from. */
export type PutSource = { readonly path: string } | { readonly stream: AsyncIterable<Uint8Array> }

export interface PutRequest extends PutOptions {
  readonly name: string
  readonly mediaType?: string
}

/** An object as its owner sees it. */
export interface StoredObject {
  readonly object: Uint8Array
  readonly sizeBytes: number
  /** Undefined if the memo is gone or sealed by another wallet. */
  readonly metadata: ObjectMetadata | undefined
  readonly agreements: readonly StorageAgreement[]
}

/** Stores, finds, reads and ends the objects of one account. */
export class StorageOwner {
  readonly #options: OwnerOptions
  readonly #memos = new Map<number, ObjectMetadata>()

  constructor(options: OwnerOptions) {
    this.#options = options
  }

  /**
   * Encrypts an object and stores all its copies with distinct providers; returns when every copy is active. Throws
   * STORAGE_COPIES, STORAGE_SOURCE, STORAGE_SOURCE_CHANGED, STORAGE_NO_PROVIDER, or the chain's code (no money).
   */
  async put(from: PutSource, request: PutRequest): Promise<StoredObject> {
    const { keys, pool, folder, chain } = this.#options
    if (!Number.isInteger(request.copies) || request.copies < 1 || request.copies > MAX_COPIES) {
      throw new SmartshareError('STORAGE_COPIES', `an object has 1 … ${MAX_COPIES} copies`, { copies: request.copies })
    }
    const object = new Uint8Array(randomBytes(ID_BYTES))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const pending = await beginPut(folder, object)
    let source: ObjectSource | undefined
    try {
      const key = keys.object(object)
      source =
        'path' in from
          ? await fileSource(from.path, key, pool)
          : await streamSource(from.stream, pending.folder, key, pool)
      const metadata: ObjectMetadata = {
        name: request.name,
        sizeBytes: source.plainBytes,
        chunkBytes: CHUNK_BYTES,
        mediaType: request.mediaType ?? '',
        storedMs: await chain.timeMs(),
      }
      const memo = sealMemo(keys, object, metadata, new Uint8Array(randomBytes(MEMO_NONCE_BYTES)))
      const onFailure = request.onFailure ?? this.#options.onFailure
      const options = onFailure === undefined ? request : { ...request, onFailure }
      const agreements = await storeCopies({ context: this.#options, keys, object, source, memo, options })
      return { object, sizeBytes: source.plainBytes, metadata, agreements }
    } finally {
      await source?.close()
      await pending.finish()
    }
  }

  /** Reads an object into a file. Throws STORAGE_UNKNOWN, STORAGE_UNAVAILABLE, STORAGE_FULL. Returns the size. */
  async getFile(object: Uint8Array, path: string, options: GetOptions = {}): Promise<number> {
    const reader = await this.open(object)
    try {
      return await readToFile(reader, path, options)
    } finally {
      await reader.close()
    }
  }

  /** Bytes of an object in order; `start` and `end` (exclusive) as wanted. */
  async *getRange(
    object: Uint8Array,
    range: { start?: number; end?: number } = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const reader = await this.open(object)
    try {
      yield* readRange(reader, range, signal)
    } finally {
      await reader.close()
    }
  }

  /** Prepares to read an object. Throws STORAGE_UNKNOWN if this account has none of this name that is kept. */
  async open(object: Uint8Array): Promise<ObjectReader> {
    const { chain, keys, onFailure } = this.#options
    const copies = (await chain.agreementsOf(object)).filter(({ state }) => state === 'active')
    if (copies.length === 0) {
      throw new SmartshareError('STORAGE_UNKNOWN', 'this account keeps no such object', { object: toHex(object) })
    }
    const parts = { context: this.#options, keys, object, copies }
    return new ObjectReader(onFailure === undefined ? parts : { ...parts, onFailure })
  }

  /** The objects that are kept, one after the other. */
  async *list(): AsyncGenerator<StoredObject> {
    let current: StorageAgreement[] = []
    for await (const agreement of this.#options.chain.allAgreements()) {
      if (agreement.state !== 'active') continue
      const [first] = current
      if (first !== undefined && !equalBytes(first.object, agreement.object)) {
        yield await this.#objectOf(current)
        current = []
      }
      current.push(agreement)
    }
    if (current.length > 0) yield await this.#objectOf(current)
  }

  /** One object that is kept. Throws STORAGE_UNKNOWN. */
  async find(object: Uint8Array): Promise<StoredObject> {
    const kept = (await this.#options.chain.agreementsOf(object)).filter(({ state }) => state === 'active')
    if (kept.length > 0) return await this.#objectOf(kept)
    throw new SmartshareError('STORAGE_UNKNOWN', 'this account keeps no such object', { object: toHex(object) })
  }

  /** All agreements of an object, those that are over too, and what it is. Throws STORAGE_UNKNOWN if there is none. */
  async history(object: Uint8Array): Promise<StoredObject> {
    const all = await this.#options.chain.agreementsOf(object)
    if (all.length > 0) return await this.#objectOf(all)
    throw new SmartshareError('STORAGE_UNKNOWN', 'this account never kept such an object', { object: toHex(object) })
  }

  /** Ends all agreements of an object, early by the rules of the chain. Throws STORAGE_UNKNOWN. Returns them as they are then. */
  async remove(object: Uint8Array): Promise<StorageAgreement[]> {
    const { chain } = this.#options
    const before = await chain.agreementsOf(object)
    if (!before.some(({ state }) => state === 'active' || state === 'matched')) {
      throw new SmartshareError('STORAGE_UNKNOWN', 'this account keeps no such object', { object: toHex(object) })
    }
    await endAgreements(chain, object)
    return chain.agreementsOf(object)
  }

  /** Cleans up after puts whose process was killed. Returns the names of the objects that were ended. */
  recover(nowMs: number): Promise<string[]> {
    return recoverPuts(this.#options.folder, this.#options.chain, nowMs)
  }

  async #objectOf(agreements: StorageAgreement[]): Promise<StoredObject> {
    const [first] = agreements as [StorageAgreement]
    const metadata = this.#memos.get(first.tender) ?? (await this.#readMemo(first))
    return { object: first.object, sizeBytes: plainBytesOf(first.sizeBytes), metadata, agreements }
  }

  async #readMemo({ tender, object }: StorageAgreement): Promise<ObjectMetadata | undefined> {
    const memo = await this.#options.chain.memo(tender)
    const metadata = memo === undefined ? undefined : this.#metadata(object, memo)
    if (metadata === undefined) return undefined
    if (this.#memos.size >= MAX_KNOWN_MEMOS) this.#memos.clear()
    this.#memos.set(tender, metadata)
    return metadata
  }

  #metadata(object: Uint8Array, memo: Uint8Array): ObjectMetadata | undefined {
    try {
      return openMemo(this.#options.keys, object, memo)
    } catch {
      return undefined
    }
  }
}
