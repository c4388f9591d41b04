import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import type { Link } from '@smartshare/link'
import type { Logger } from 'pino'
import { BlockSync } from './block-sync.ts'
import type { ChainEnd, CheckedRange } from './check-range.ts'
import { decodeAnswer, encodeRequest, SYNC_PROTOCOL, type SyncStatus } from './protocol.ts'

/** How often peers are asked where they stand: often after a start, when most nodes are behind, then now and then. */
const FIRST_POLL_MS = 250
const FIRST_POLLS = 40
const POLL_MS = 2_000
/** Peers that are asked at a time, and how long for. */
const MOST_POLLED = 8
const POLL_TIMEOUT_MS = 3_000
const MAX_STATUS_BYTES = 256
/** Blocks that may be missing when consensus takes over: it fetches them by itself. */
const NEAR_BLOCKS = 16
/** Blocks handed to the executor and not executed yet. */
const MOST_AHEAD_BLOCKS = 192
const MOST_AHEAD_BYTES = 32 * 1024 * 1024
/** How often it is told how far it is. */
const REPORT_MS = 5_000

export interface CatchUpHost {
  readonly link: Link
  readonly log: Logger
  readonly chainId: Uint8Array
  /** Peers of the same network. */
  readonly peers: () => readonly string[]
  readonly end: () => ChainEnd
  readonly executedHeight: () => number
  /** Execution waits for a later block, which quarantines what killed it. */
  readonly isBlocked: () => boolean
  /** Ends consensus for now; resolves when nothing of it is under way any more. */
  readonly pause: () => Promise<void>
  /** Takes blocks that were checked: makes them durable and has them executed. */
  readonly append: (range: CheckedRange) => Promise<void>
  /** Consensus begins anew on the last final block. */
  readonly resume: () => Promise<void>
  /** Something is wrong with this node itself. */
  readonly onFatal: (error: unknown) => void
}

/**
 * Notices when this node is far behind its peers, and then fetches final blocks from several of them at once while consensus
 * rests. That somebody is ahead is only believed when a range of blocks above the own shows it.
 */
export class CatchUp {
  private readonly host: CatchUpHost
  private readonly stopping = new AbortController()
  private readonly running: Promise<void>
  /** Ranges that are not executed yet: their last heights and sizes. */
  private readonly ahead: { readonly height: number; readonly sizeBytes: number }[] = []
  private aheadBytes = 0
  private room = Promise.withResolvers<void>()
  private sync: BlockSync | undefined

  constructor(host: CatchUpHost) {
    this.host = host
    this.running = this.watch().catch((error: unknown) => {
      if (!this.stopping.signal.aborted) host.onFatal(error)
    })
  }

  /** How far it is; undefined while the node is not behind. */
  get progress(): { readonly height: number; readonly target: number } | undefined {
    return this.sync === undefined ? undefined : { height: this.host.executedHeight(), target: this.sync.target }
  }

  /** A height was executed: there may be room for more. */
  noteExecuted(height: number): void {
    if (this.ahead.length === 0) return
    while (this.ahead.length > 0 && this.ahead[0]!.height <= height) this.aheadBytes -= this.ahead.shift()!.sizeBytes
    this.room.resolve()
  }

  /** Execution waits for a later block: it must be fetched, however far ahead it is. */
  noteBlocked(): void {
    this.room.resolve()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    this.room.resolve()
    await this.running
  }

  private async watch(): Promise<void> {
    const { signal } = this.stopping
    for (let polls = 0; !signal.aborted; polls++) {
      await delay(polls < FIRST_POLLS ? FIRST_POLL_MS : POLL_MS, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      await this.once()
    }
  }

  private async once(): Promise<void> {
    const { host } = this
    const { signal } = this.stopping
    const parts = {
      link: host.link,
      log: host.log,
      end: host.end,
      append: (range: CheckedRange) => this.append(range),
      statuses: () => this.statuses(),
    }
    const sync = new BlockSync(parts, signal)
    if (!(await sync.isBehind())) return
    await host.pause()
    this.sync = sync
    host.log.info({ height: host.end().height, target: sync.target }, 'catching up')
    const report = setInterval(() => host.log.info(this.progress, 'catching up'), REPORT_MS)
    const startMs = performance.now()
    try {
      await sync.run(NEAR_BLOCKS)
    } finally {
      clearInterval(report)
      this.sync = undefined
    }
    const { height } = host.end()
    host.log.info({ height, tookMs: Math.round(performance.now() - startMs) }, 'caught up')
    if (!signal.aborted) await host.resume()
  }

  private async append(range: CheckedRange): Promise<void> {
    const { host } = this
    await host.append(range)
    const { height } = host.end()
    this.ahead.push({ height, sizeBytes: range.sizeBytes })
    this.aheadBytes += range.sizeBytes
    while (this.isFull() && !this.stopping.signal.aborted) {
      this.room = Promise.withResolvers()
      await this.room.promise
    }
  }

  private isFull(): boolean {
    const blocks = this.host.end().height - this.host.executedHeight()
    return (
      this.ahead.length > 0 &&
      ((blocks > MOST_AHEAD_BLOCKS && !this.host.isBlocked()) || this.aheadBytes > MOST_AHEAD_BYTES)
    )
  }

  private async statuses(): Promise<ReadonlyMap<string, SyncStatus>> {
    const { host } = this
    const { signal } = this.stopping
    const some = [...host.peers()].sort(() => Math.random() - 0.5).slice(0, MOST_POLLED)
    const statuses = new Map<string, SyncStatus>()
    const options = { timeoutMs: POLL_TIMEOUT_MS, maxResponseBytes: MAX_STATUS_BYTES, signal }
    const request = encodeRequest('status', {})
    await Promise.all(
      some.map(async (peer) => {
        try {
          const answer = decodeAnswer('status', await host.link.request(peer, SYNC_PROTOCOL, request, options))
          if (Buffer.compare(answer.chainId, host.chainId) === 0) statuses.set(peer, answer)
        } catch (error) {
          if (!SmartshareError.is(error)) throw error
          host.log.debug({ peer, code: error.code }, 'a peer does not tell where it stands')
        }
      }),
    )
    return statuses
  }
}
