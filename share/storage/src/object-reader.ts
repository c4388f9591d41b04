import { SmartshareError } from '@smartshare/codec'
import type { StorageAgreement } from './chain.ts'
import type { OwnerContext } from './connect.ts'
import { CopyReader, MAX_OPEN_READS } from './copy-reader.ts'
import { pause } from './copy-upload.ts'
import type { OwnerKeys } from './keys.ts'
import { ownBytes } from './own-bytes.ts'
import { chunkSpan } from './sizes.ts'
import type { TaskArgs } from './tasks.ts'

/** A provider that has not answered after this is not waited for any longer, milliseconds. */
const READ_TIMEOUT_MS = 20_000
/** After this, or a multiple of its usual time, another copy is asked as well, milliseconds. */
const LEAST_PATIENCE_MS = 1_000
const PATIENCE_FACTOR = 8
/** What a copy is taken to need for a chunk before it has shown it, and for its connection. */
const FIRST_GUESS_MS = 40
const CONNECT_GUESS_MS = 150
/** Weight of the latest chunk in the usual time of a copy. */
const LEARNING_RATE = 0.3
/** A copy that failed is asked again after this, milliseconds: its provider may only have been started anew. */
const COOL_DOWN_MS = 5_000
/** Shortest wait for a copy that has no room for another read, milliseconds. */
const LEAST_WAIT_MS = 20
/** Failures in a row after which a copy is not asked any more. */
const MAX_FAILURES = 3

export interface ReaderOptions {
  readonly context: OwnerContext
  readonly keys: OwnerKeys
  readonly object: Uint8Array
  readonly copies: readonly StorageAgreement[]
  /** A copy did not give what it should. */
  readonly onFailure?: (agreement: StorageAgreement, error: unknown) => void
}

/** What to do with a chunk once it is opened and found right. */
export type ChunkTarget = { readonly fd: number } | undefined

interface Copy {
  readonly agreement: StorageAgreement
  reader: Promise<CopyReader> | undefined
  connected: boolean
  /** Usual time for a chunk, milliseconds. */
  usualMs: number
  underWay: number
  failures: number
  blockedUntilMs: number
}

/**
 * Reads chunks of an object from any of its copies. Every chunk is opened under the owner's key, so a flipped bit, a cut
 * or a mix-up shows; then, as after an error, silence or slowness, another copy is asked.
 */
export class ObjectReader {
  readonly copyBytes: number
  readonly #options: ReaderOptions
  readonly #copies: Copy[]
  readonly #stop = new AbortController()
  #closed = false

  constructor(options: ReaderOptions) {
    const [first] = options.copies
    if (first === undefined) throw new SmartshareError('STORAGE_UNKNOWN', 'the object has no copy that is kept')
    this.copyBytes = first.sizeBytes
    this.#options = options
    this.#copies = options.copies
      .filter(({ sizeBytes }) => sizeBytes === first.sizeBytes)
      .map((agreement) => ({
        agreement,
        reader: undefined,
        connected: false,
        usualMs: FIRST_GUESS_MS,
        underWay: 0,
        failures: 0,
        blockedUntilMs: 0,
      }))
  }

  /**
   * Chunk `index`: its plain bytes, or with a file as target nothing, once they are written to their place in it. Throws
   * STORAGE_UNAVAILABLE when no copy gives it.
   */
  async chunk(index: number, target: ChunkTarget, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const tried = new Set<Copy>()
    const running = new Map<Copy, Promise<Outcome>>()
    let lastError: unknown
    for (;;) {
      signal?.throwIfAborted()
      if (this.#closed) throw new SmartshareError('STORAGE_CLOSED', 'the reader has been closed')
      const copy = this.#pick(tried)
      if (copy !== undefined) {
        tried.add(copy)
        running.set(copy, this.#attempt(copy, index, target))
      } else if (running.size === 0) {
        const waitMs = this.#waitForAny()
        if (waitMs === undefined) {
          const details = { index, copies: this.#copies.length }
          throw new SmartshareError('STORAGE_UNAVAILABLE', 'no copy gives this part of the object', details, lastError)
        }
        await pause(waitMs, signal ?? NEVER)
        tried.clear()
        continue
      }
      const patience = new Patience(this.#pick(tried) === undefined ? undefined : (copy ?? [...running.keys()][0]))
      const outcome = await Promise.race([...running.values(), patience.over])
      patience.end()
      if (outcome.kind === 'right') return outcome.plain
      if (outcome.kind === 'own fault') throw outcome.error
      if (outcome.kind === 'wrong') {
        running.delete(outcome.copy)
        lastError = outcome.error
      }
    }
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stop.abort()
    for (const { reader } of this.#copies) {
      await reader?.then(
        (open) => open.close(),
        () => undefined,
      )
    }
  }

  /** The copy that will probably answer first. */
  #pick(tried: ReadonlySet<Copy>): Copy | undefined {
    const nowMs = performance.now()
    let best: Copy | undefined
    let bestMs = Number.POSITIVE_INFINITY
    for (const copy of this.#copies) {
      const isUsable = !tried.has(copy) && copy.failures < MAX_FAILURES && copy.underWay < MAX_OPEN_READS
      if (!isUsable || copy.blockedUntilMs > nowMs) continue
      const expectedMs = (copy.underWay + 1) * copy.usualMs + (copy.connected ? 0 : CONNECT_GUESS_MS)
      if (expectedMs >= bestMs) continue
      best = copy
      bestMs = expectedMs
    }
    return best
  }

  async #attempt(copy: Copy, index: number, target: ChunkTarget): Promise<Outcome> {
    const { context, keys, object } = this.#options
    const { offset, length, last } = chunkSpan(this.copyBytes, index)
    const startedMs = performance.now()
    copy.underWay++
    copy.reader ??= CopyReader.connect(context, copy.agreement, this.#stop.signal)
    const { reader } = copy
    try {
      const bytes = await readWithin(await reader, offset, length)
      copy.connected = true
      const copyKey = keys.copy(object, copy.agreement.copyId)
      const args = { index, last, bytes: ownBytes(bytes), object: keys.object(object), copy: copyKey }
      const plain = await this.#open(args, target)
      context.pool.memory.give(bytes)
      copy.failures = 0
      copy.usualMs += LEARNING_RATE * ((performance.now() - startedMs) / copy.underWay - copy.usualMs)
      return { kind: 'right', plain }
    } catch (error) {
      if (error instanceof OwnFault) return { kind: 'own fault', error: error.cause }
      this.#onFailure(copy, reader, error)
      return { kind: 'wrong', copy, error }
    } finally {
      copy.underWay--
    }
  }

  async #open(args: TaskArgs<'open'>, target: ChunkTarget): Promise<Uint8Array | undefined> {
    const { pool } = this.#options.context
    try {
      if (target === undefined) return (await pool.run('open', args, true)).plain
      await pool.run('openTo', { ...args, fd: target.fd }, true)
      return undefined
    } catch (error) {
      // Only this one says something about the copy; a full disk here is no fault of the provider.
      if (SmartshareError.is(error, 'STORAGE_FLIPPED')) throw error
      throw new OwnFault('a chunk could not be opened or written here', { cause: error })
    }
  }

  #onFailure(copy: Copy, reader: Promise<CopyReader>, error: unknown): void {
    // Reads that fall with one session are one failure, not many.
    if (this.#closed || copy.reader !== reader) return
    copy.reader = undefined
    copy.connected = false
    copy.failures = SmartshareError.is(error, 'STORAGE_FLIPPED') ? MAX_FAILURES : copy.failures + 1
    copy.blockedUntilMs = performance.now() + COOL_DOWN_MS
    reader.then(
      (open) => open.close(),
      () => undefined,
    )
    this.#options.onFailure?.(copy.agreement, error)
  }

  /** Milliseconds until some copy may be asked (again); undefined if none ever will be. */
  #waitForAny(): number | undefined {
    const nowMs = performance.now()
    const left = this.#copies.filter(({ failures }) => failures < MAX_FAILURES)
    if (left.length === 0) return undefined
    return Math.max(LEAST_WAIT_MS, Math.min(...left.map(({ blockedUntilMs }) => blockedUntilMs - nowMs)))
  }
}

/** Something went wrong on this side: asking another copy would not help. */
class OwnFault extends Error {}

type Outcome =
  | { readonly kind: 'right'; readonly plain: Uint8Array | undefined }
  | { readonly kind: 'wrong'; readonly copy: Copy; readonly error: unknown }
  | { readonly kind: 'own fault'; readonly error: unknown }
  | { readonly kind: 'slow' }

/** How long to wait for a copy before another one is asked as well; for ever if there is no other. */
class Patience {
  readonly over: Promise<Outcome>
  #timer: NodeJS.Timeout | undefined

  constructor(copy: Copy | undefined) {
    this.over = new Promise((resolve) => {
      if (copy === undefined) return
      const waitMs = Math.max(LEAST_PATIENCE_MS, PATIENCE_FACTOR * copy.usualMs * (copy.underWay + 1))
      this.#timer = setTimeout(() => {
        // Others should not run into the same wait.
        copy.usualMs = Math.max(copy.usualMs, waitMs)
        resolve({ kind: 'slow' })
      }, waitMs)
    })
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

async function readWithin(reader: CopyReader, offset: number, length: number): Promise<Uint8Array> {
  const timer = setTimeout(() => {
    reader.close(new SmartshareError('STORAGE_TIMEOUT', 'the provider does not answer', { timeoutMs: READ_TIMEOUT_MS }))
  }, READ_TIMEOUT_MS)
  try {
    return await reader.read(offset, length)
  } finally {
    clearTimeout(timer)
  }
}

const NEVER = new AbortController().signal
