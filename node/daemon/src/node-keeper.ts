import { statfs } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import type { Logger } from 'pino'
import { type ExecutedNotice, MAX_SUBMIT } from './api.ts'
import type { NodeConfig } from './config.ts'
import { Node } from './node.ts'
import type { StartWatch } from './open-node.ts'

/** What passes by itself: the same node can go on from what is on disk, once the disk takes more or at once. */
const PASSING = ['STORE_FULL', 'LOG_BUSY', 'EXECUTION_TAKEN_BACK']
/** With less room than this a node that started would soon stop again. */
const LEAST_ROOM_BYTES = 16 * 1024 * 1024
/** Waits before each try to go on; doubled from the first to the longest. */
const FIRST_RETRY_MS = 1_000
const MOST_RETRY_MS = 30_000
/** After this long without a failure the next one is waited for as shortly as the first. */
const STEADY_MS = 120_000

/**
 * Keeps one node going. When it cannot go on it is stopped as a whole; after a full disk it is started again on what it
 * has on disk, exactly as after the end of the process: promises are durable before anything signed leaves the node, so
 * there is no other way back that would have to be proved safe. Until then nothing is read from it.
 */
export class NodeKeeper {
  private readonly config: NodeConfig
  private readonly log: Logger
  private current: Node
  private cause: SmartshareError | undefined
  private readonly listeners = new Set<(notice: ExecutedNotice) => void>()
  private readonly haltListeners = new Set<() => void>()
  private readonly stopping = new AbortController()
  private readonly watching: Promise<void>

  /** Throws what keeps the node from starting. */
  static async start(config: NodeConfig, log: Logger, watch: StartWatch = {}): Promise<NodeKeeper> {
    return new NodeKeeper(config, log, await Node.start(config, log, watch))
  }

  private constructor(config: NodeConfig, log: Logger, node: Node) {
    this.config = config
    this.log = log
    this.current = node
    this.watching = this.watch()
  }

  /** The node; while it is halted the one that was, of which only figures in memory may be read. */
  get node(): Node {
    return this.current
  }

  /** NODE_HALTED while the node cannot go on. */
  get halted(): SmartshareError | undefined {
    const { cause } = this
    if (cause === undefined) return undefined
    const passes = isPassing(cause)
    return new SmartshareError(
      'NODE_HALTED',
      `the node cannot go on (${cause.code}) and answers nothing until it ${passes ? 'can again' : 'is started again'}`,
      { reason: cause.code, passes },
    )
  }

  /** Why the node is not well, for people. */
  get problem(): string | undefined {
    return this.cause === undefined ? this.current.problem : `${this.cause.code}: ${this.cause.message}`
  }

  /** Calls `listener` for every block that is executed and on disk, also by the nodes that follow this one. */
  subscribe(listener: (notice: ExecutedNotice) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Calls `listener` each time the node halts. */
  onHalt(listener: () => void): () => void {
    this.haltListeners.add(listener)
    return () => this.haltListeners.delete(listener)
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.watching
    // A node that halted was stopped then.
    if (this.cause === undefined) await this.current.stop()
  }

  private async watch(): Promise<void> {
    const { signal } = this.stopping
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    let waitMs = FIRST_RETRY_MS
    while (!signal.aborted) {
      const sinceMs = performance.now()
      const unsubscribe = this.current.subscribe((notice) => {
        for (const listener of this.listeners) listener(notice)
      })
      const cause = await Promise.race([this.current.failed, stopped])
      unsubscribe()
      if (cause === undefined) return
      if (performance.now() - sinceMs > STEADY_MS) waitMs = FIRST_RETRY_MS
      await this.halt(cause)
      waitMs = await this.resume(waitMs)
    }
  }

  private async halt(cause: SmartshareError): Promise<void> {
    this.cause = cause
    for (const listener of this.haltListeners) listener()
    await this.current.stop().catch((error: unknown) => this.log.error({ err: error }, 'the node did not stop well'))
  }

  /** Starts the node again as soon as it can go on; gives the wait before the next try. Ends also when we are stopped. */
  private async resume(firstWaitMs: number): Promise<number> {
    const { signal } = this.stopping
    const waiting = this.current.mempool.wires
    let waitMs = firstWaitMs
    while (!signal.aborted) {
      // What does not pass waits for an operator, and says so until then.
      if (!isPassing(this.cause)) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        return waitMs
      }
      await delay(waitMs, undefined, { signal }).catch(() => undefined)
      waitMs = Math.min(MOST_RETRY_MS, 2 * waitMs)
      if (signal.aborted || !(await this.hasRoom())) continue
      try {
        this.current = await Node.start(this.config, this.log)
        this.cause = undefined
        this.log.info('the node goes on')
        void this.submitAgain(this.current, waiting)
        return waitMs
      } catch (error) {
        this.cause = SmartshareError.is(error) ? error : new SmartshareError('INTERNAL', String(error), {}, error)
        this.log.warn({ err: error }, 'the node still cannot go on')
      }
    }
    return waitMs
  }

  private async hasRoom(): Promise<boolean> {
    try {
      const { bavail, bsize } = await statfs(this.config.dataDir)
      return bavail * bsize >= LEAST_ROOM_BYTES
    } catch (error) {
      this.log.warn({ err: error }, 'the disk does not tell its room')
      return true
    }
  }

  /** What was admitted before is judged anew, because the state may have moved on. */
  private async submitAgain(node: Node, wires: readonly Uint8Array[]): Promise<void> {
    try {
      for (let at = 0; at < wires.length; at += MAX_SUBMIT) await node.intake.submit(wires.slice(at, at + MAX_SUBMIT))
    } catch (error) {
      this.log.warn({ err: error }, 'transactions that waited were lost')
    }
  }
}

function isPassing(cause: SmartshareError | undefined): boolean {
  return cause !== undefined && PASSING.includes(cause.code)
}
