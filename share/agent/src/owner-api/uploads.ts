import type { AgentUpload } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { PutProgress, StorageOwner, StoredObject } from '@smartshare/storage'
import type { Log } from '../log.ts'
import { failureView } from './views.ts'

/** Uploads under way at a time: each spools to the disk and speaks with providers. */
const MAX_UNDER_WAY = 4
/** Uploads that are over and still told of. */
const MAX_OVER = 64
const OVER: readonly AgentUpload['state'][] = ['done', 'failed', 'cancelled']

/** What is to be stored, and on which terms. */
export interface UploadTerms {
  readonly upload: string
  readonly name: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly copies: number
  readonly periods: number
  /** Per GiB and period. */
  readonly maxPriceGrains: bigint
}

interface Entry {
  view: AgentUpload
  readonly stop: AbortController
  running: Promise<void>
}

/**
 * Objects on their way to providers. The app names each upload, so that one that was interrupted is never paid twice: a name
 * that is known is refused.
 */
export class Uploads {
  private readonly entries = new Map<string, Entry>()
  private readonly log: Log

  constructor(log: Log) {
    this.log = log
  }

  /** The latest first. */
  list(): AgentUpload[] {
    return [...this.entries.values()].map(({ view }) => view).reverse()
  }

  /** Bytes of uploads under way. */
  get bytesUnderWay(): number {
    return this.underWay().reduce((sum, { view }) => sum + view.sizeBytes, 0)
  }

  /** Throws AGENT_UPLOAD. */
  find(upload: string): AgentUpload {
    return this.entry(upload).view
  }

  /** Throws AGENT_UPLOAD_KNOWN, AGENT_BUSY. */
  checkNew(upload: string): void {
    if (this.entries.has(upload)) {
      throw new SmartshareError('AGENT_UPLOAD_KNOWN', 'this upload was begun before', { upload })
    }
    if (this.underWay().length >= MAX_UNDER_WAY) {
      throw new SmartshareError('AGENT_BUSY', `at most ${MAX_UNDER_WAY} uploads at a time`)
    }
  }

  /**
   * Stores what comes. Returns when all bytes are here; how it goes on is told by `find`. Throws as `checkNew`, AGENT_CUT when
   * fewer bytes come, AGENT_CANCELLED, STORAGE_*.
   */
  async receive(owner: StorageOwner, terms: UploadTerms, body: AsyncIterable<Uint8Array>): Promise<AgentUpload> {
    this.checkNew(terms.upload)
    const { upload, name, sizeBytes, copies } = terms
    const entry: Entry = {
      view: {
        ...{ upload, name, sizeBytes, copies },
        ...{ state: 'receiving', receivedBytes: 0, storedBytes: 0, totalBytes: 0, ready: 0 },
        ...{ object: null, error: null, startedMs: Date.now() },
      },
      stop: new AbortController(),
      running: Promise.resolve(),
    }
    this.forgetOldest()
    this.entries.set(upload, entry)
    const arrived = Promise.withResolvers<void>()
    const put = owner.put(
      { stream: counted(body, entry, arrived.resolve) },
      {
        ...{ name, copies, mediaType: terms.mediaType, periods: terms.periods, maxPriceGrains: terms.maxPriceGrains },
        signal: entry.stop.signal,
        onProgress: ({ storedBytes, totalBytes, ready }: PutProgress) =>
          change(entry, { storedBytes, totalBytes, ready }),
      },
    )
    entry.running = put.then(
      (stored) => this.done(entry, stored),
      (error: unknown) => this.failed(entry, error),
    )
    // Whatever keeps it from arriving is the answer.
    await Promise.race([arrived.promise, put])
    return entry.view
  }

  /** Gives one up that is under way, forgets one that is over. Returns it as it is then. Throws AGENT_UPLOAD. */
  async cancel(upload: string): Promise<AgentUpload> {
    const entry = this.entry(upload)
    if (OVER.includes(entry.view.state)) {
      this.entries.delete(upload)
      return entry.view
    }
    entry.stop.abort(new SmartshareError('AGENT_CANCELLED', 'the upload was cancelled'))
    await entry.running
    return entry.view
  }

  /** Gives up what is under way, and waits until its money is back or on its way. */
  async close(): Promise<void> {
    const stopped = this.underWay()
    for (const { stop } of stopped) stop.abort(new SmartshareError('AGENT_CANCELLED', 'the agent is told to stop'))
    await Promise.all(stopped.map(({ running }) => running))
  }

  private entry(upload: string): Entry {
    const found = this.entries.get(upload)
    if (found !== undefined) return found
    throw new SmartshareError('AGENT_UPLOAD', 'there is no such upload', { upload })
  }

  private underWay(): Entry[] {
    return [...this.entries.values()].filter(({ view }) => !OVER.includes(view.state))
  }

  private forgetOldest(): void {
    const over = [...this.entries.values()].filter(({ view }) => OVER.includes(view.state))
    if (over.length >= MAX_OVER && over[0] !== undefined) this.entries.delete(over[0].view.upload)
  }

  private done(entry: Entry, { object, agreements }: StoredObject): void {
    change(entry, { state: 'done', object: toHex(object) })
    const { upload, sizeBytes } = entry.view
    this.log.info({ upload, sizeBytes, copies: agreements.length }, 'an upload is stored')
  }

  private failed(entry: Entry, error: unknown): void {
    const isCancelled = entry.stop.signal.aborted
    change(entry, { state: isCancelled ? 'cancelled' : 'failed', error: isCancelled ? null : failureView(error) })
    const { upload, sizeBytes } = entry.view
    const code = SmartshareError.is(error) ? error.code : 'INTERNAL'
    this.log.warn({ upload, sizeBytes, code, ...(code === 'INTERNAL' && { err: error }) }, 'an upload was given up')
  }
}

function change(entry: Entry, facts: Partial<AgentUpload>): void {
  entry.view = { ...entry.view, ...facts }
}

/** The bytes as they come: no more and no fewer than were announced. */
async function* counted(body: AsyncIterable<Uint8Array>, entry: Entry, onEnd: () => void): AsyncGenerator<Uint8Array> {
  const { sizeBytes } = entry.view
  const { signal } = entry.stop
  let receivedBytes = 0
  const pieces = body[Symbol.asyncIterator]()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  aborted.catch(() => undefined)
  try {
    for (;;) {
      signal.throwIfAborted()
      const piece = await Promise.race([pieces.next(), aborted])
      if (piece.done === true) break
      receivedBytes += piece.value.length
      change(entry, { receivedBytes })
      yield piece.value
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw new SmartshareError('AGENT_CUT', 'the upload was cut off', { receivedBytes, sizeBytes }, error)
  } finally {
    // Not waited for: a body that stands still would never end.
    void Promise.resolve(pieces.return?.()).catch(() => undefined)
  }
  if (receivedBytes !== sizeBytes) {
    throw new SmartshareError('AGENT_CUT', 'another number of bytes came than was announced', {
      receivedBytes,
      sizeBytes,
    })
  }
  change(entry, { state: 'storing' })
  onEnd()
}
