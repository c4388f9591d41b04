import { SmartshareError } from '@smartshare/codec'
import { FaultWeight, type Link } from '@smartshare/link'
import type { Logger } from 'pino'
import { type ChainEnd, type CheckedRange, checkRange } from './check-range.ts'
import {
  type BlockRange,
  decodeAnswer,
  encodeRequest,
  MAX_ANSWER_BYTES,
  RANGE_BLOCKS,
  SYNC_PROTOCOL,
  type SyncStatus,
} from './protocol.ts'

/** Ranges that are asked for or wait for those before them: bounds the memory, 8 MiB each. */
const WINDOW_RANGES = 8
/** Requests that one peer works on at a time. */
const REQUESTS_PER_PEER = 2
const REQUEST_TIMEOUT_MS = 15_000
/** The range that all others wait for is asked for once more, of somebody else, when it takes longer than this. */
const HEDGE_MS = 1_000
/** A peer that failed or was overtaken so often is not asked again in this run. */
const MOST_FAILURES = 3
/** Rounds without a usable peer after which a run gives up. */
const IDLE_ROUNDS = 5
const IDLE_WAIT_MS = 1_000

/** What a peer sent that no honest one sends. */
const LIE = /^(SYNC_RANGE|BLOCK_|CODEC_|PACK_)/

export interface SyncParts {
  readonly link: Pick<Link, 'request' | 'punish'>
  readonly log: Logger
  /** What the next range must follow on. It changes with every `append`. */
  readonly end: () => ChainEnd
  /** Takes checked blocks; resolves when there is room for more. */
  readonly append: (range: CheckedRange) => Promise<void>
  /** Where the connected peers stand. */
  readonly statuses: () => Promise<ReadonlyMap<string, SyncStatus>>
}

interface SyncPeer {
  readonly id: string
  lowest: number
  height: number
  running: number
  failures: number
}

/** Heights `from` … `to`, asked of one or two peers. */
interface Task {
  readonly from: number
  readonly to: number
  readonly asked: Set<string>
  askedMs: number
  answer: { readonly peer: SyncPeer; readonly range: BlockRange } | undefined
}

/**
 * Fetches final blocks from several peers at once: a window of ranges above the last known block, each asked of one peer and of
 * another when it is slow, fails or lies. Answers are checked and handed on in order, so that nothing is believed but the
 * certificates of delegates whom the chain itself has named.
 */
export class BlockSync {
  private readonly parts: SyncParts
  private readonly signal: AbortSignal
  private readonly peers = new Map<string, SyncPeer>()
  private tasks: Task[] = []
  /** Resolves when an answer or a failure came. */
  /** What went wrong in this program itself. */
  private fault: unknown
  private news = Promise.withResolvers<void>()

  constructor(parts: SyncParts, signal: AbortSignal) {
    this.parts = parts
    this.signal = signal
  }

  /** Height of the highest block that any usable peer claims to have. */
  get target(): number {
    let target = 0
    for (const peer of this.peers.values()) if (isUsable(peer)) target = Math.max(target, peer.height)
    return target
  }

  /** Learns where peers stand. */
  async look(): Promise<void> {
    for (const [id, { lowest, height }] of await this.parts.statuses()) {
      const known = this.peers.get(id)
      if (known === undefined) this.peers.set(id, { id, lowest, height, running: 0, failures: 0 })
      else Object.assign(known, { lowest, height: Math.max(known.height, height) })
    }
  }

  /**
   * Fetches until fewer than `near` blocks are missing, or nobody has more or can be used. Throws what `append` throws, and
   * SYNC_STOPPED when it is stopped.
   */
  async run(near: number): Promise<void> {
    let idle = 0
    while (idle < IDLE_ROUNDS) {
      this.checkStopped()
      await this.look()
      const { height } = this.parts.end()
      if (this.target - height < near) return
      await this.fetchUpTo(this.target)
      if (this.parts.end().height > height) idle = 0
      else {
        idle += 1
        await this.pause(IDLE_WAIT_MS)
      }
    }
  }

  /**
   * True if a peer shows a whole range of final blocks above the last known one. What it merely claims is not believed, or a
   * liar could keep this node from its work.
   */
  async isBehind(): Promise<boolean> {
    await this.look()
    const end = this.parts.end()
    for (const peer of [...this.peers.values()].sort((a, b) => b.height - a.height)) {
      if (peer.height < end.height + RANGE_BLOCKS || peer.lowest > end.height + 1) continue
      try {
        const { finals } = checkRange(end, await this.ask(peer, end.height + 1, RANGE_BLOCKS))
        if (finals.length > 0) return true
      } catch (error) {
        this.blame(peer, error)
      }
    }
    return false
  }

  private async fetchUpTo(target: number): Promise<void> {
    this.tasks = []
    let planned = this.parts.end().height
    for (;;) {
      this.checkStopped()
      const { height } = this.parts.end()
      this.tasks = this.tasks.filter((task) => task.to > height)
      while (planned < target && this.tasks.length < WINDOW_RANGES) {
        const task = { from: planned + 1, to: Math.min(target, planned + RANGE_BLOCKS), askedMs: 0 }
        this.tasks.push({ ...task, asked: new Set(), answer: undefined })
        planned = task.to
      }
      const [first] = this.tasks
      if (first === undefined) return
      if (first.answer !== undefined) {
        await this.take(first, first.answer)
        continue
      }
      this.news = Promise.withResolvers()
      this.assign()
      if (this.tasks.every(({ asked }) => asked.size === 0)) return
      await Promise.race([this.news.promise, this.pause(HEDGE_MS)])
    }
  }

  /** Gives ranges that nobody works on to peers that have room, the lowest first. */
  private assign(): void {
    const nowMs = performance.now()
    for (const [place, task] of this.tasks.entries()) {
      if (task.answer !== undefined) continue
      const isLate = place === 0 && task.asked.size === 1 && nowMs - task.askedMs >= HEDGE_MS
      if (task.asked.size > 0 && !isLate) continue
      const peer = this.choose(task)
      if (peer === undefined) continue
      for (const slow of task.asked) this.fail(slow)
      task.asked.add(peer.id)
      task.askedMs = nowMs
      void this.work(peer, task)
    }
  }

  /** The peer with the most room that has the range and does not work on it yet. */
  private choose(task: Task): SyncPeer | undefined {
    let best: SyncPeer | undefined
    for (const peer of this.peers.values()) {
      const can = isUsable(peer) && peer.running < REQUESTS_PER_PEER && !task.asked.has(peer.id)
      if (!can || peer.lowest > task.from || peer.height < task.from) continue
      if (best === undefined || peer.running + peer.failures < best.running + best.failures) best = peer
    }
    return best
  }

  private async work(peer: SyncPeer, task: Task): Promise<void> {
    peer.running += 1
    try {
      const range = await this.ask(peer, task.from, task.to - task.from + 1)
      task.answer ??= { peer, range }
    } catch (error) {
      if (SmartshareError.is(error)) this.blame(peer, error)
      else this.fault = error
    } finally {
      peer.running -= 1
      task.asked.delete(peer.id)
      this.news.resolve()
    }
  }

  /** Checks what the lowest range brought and hands it on; if it was no good, the range is asked for again. */
  private async take(task: Task, { peer, range }: NonNullable<Task['answer']>): Promise<void> {
    let checked: CheckedRange
    try {
      checked = checkRange(this.parts.end(), range)
      // Honest peers too may have less than they are asked for.
      if (checked.finals.length === 0) throw new SmartshareError('SYNC_NOT_THERE', `nothing new from ${task.from} on`)
    } catch (error) {
      task.answer = undefined
      this.blame(peer, error)
      return
    }
    peer.failures = 0
    await this.parts.append(checked)
    const { height } = this.parts.end()
    // A shorter answer, as at the end of a term: the rest is asked for anew.
    if (height < task.to) {
      this.tasks[0] = { ...task, from: height + 1, asked: new Set(), answer: undefined }
    }
  }

  private async ask(peer: SyncPeer, from: number, count: number): Promise<BlockRange> {
    const { link } = this.parts
    const request = encodeRequest('blocks', { from, count })
    const options = { timeoutMs: REQUEST_TIMEOUT_MS, maxResponseBytes: MAX_ANSWER_BYTES, signal: this.signal }
    return decodeAnswer('blocks', await link.request(peer.id, SYNC_PROTOCOL, request, options))
  }

  private blame(peer: SyncPeer, error: unknown): void {
    if (!SmartshareError.is(error)) throw error
    const isTold = error.details.remote === true
    this.parts.log.info({ peer: peer.id, code: error.code, why: error.message }, 'a peer did not help to catch up')
    if (error.code === 'BLOCK_PRUNED' || error.code === 'LINK_UNSUPPORTED') peer.failures = MOST_FAILURES
    else if (!isTold && LIE.test(error.code)) {
      peer.failures = MOST_FAILURES
      this.parts.link.punish(peer.id, FaultWeight.Junk, error.code)
    } else peer.failures += 1
  }

  private fail(id: string): void {
    const peer = this.peers.get(id)
    if (peer !== undefined) peer.failures += 1
  }

  private checkStopped(): void {
    if (this.fault !== undefined) throw this.fault
    if (this.signal.aborted) throw new SmartshareError('SYNC_STOPPED', 'catching up was stopped')
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      const { signal } = this
      function done(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done, { once: true })
    })
  }
}

function isUsable({ failures }: SyncPeer): boolean {
  return failures < MOST_FAILURES
}
