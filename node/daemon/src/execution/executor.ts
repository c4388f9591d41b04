import { type DelegateSet, decodeSet } from '@smartshare/chain'
import { SmartshareError, unpack } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import type { ExecutedFacts } from '@smartshare/store'
import type { SnapshotReport } from '../sync/snapshot-order.ts'
import type { ExecutorReply, ExecutorRequest, FollowOrder } from './executor-messages.ts'
import { ExecutorThread, type ThreadOptions } from './executor-thread.ts'
import { type Place, Progress } from './progress.ts'
import type { KeyChange } from './recent-changes.ts'
import { type Patience, Stillness } from './stillness.ts'

/** Deaths of the thread without a new block between them, after which the node stops. */
const MOST_DEATHS = 2
/** As many in one transaction are the transaction's fault. */
const MOST_DEATHS_IN_TRANSACTION = 2
/** Deaths in transactions, now in one and now in another, without a new block between them: the machine itself is not sound. */
const MOST_DEATHS_IN_BLOCK = 8
/** Far beyond what a block and its commit take on a slow device. */
const PATIENCE: Patience = { lookMs: 1000, looks: 180 }
/** What is no error of the rules or of the disk: the machine under the thread gave way, and another thread may do better. */
const ACCIDENTS = new Set(['EXECUTOR_FAILED', 'LVM_BROKEN'])

export interface ExecutedReport {
  readonly facts: ExecutedFacts
  readonly changes: readonly KeyChange[]
  /** Encoded receipts, the block's own last. */
  readonly receipts: readonly Uint8Array[]
  readonly nextSet: DelegateSet | null
}

export interface ExecutorEvents {
  readonly onExecuted: (report: ExecutedReport) => void
  readonly onCommitted: (height: number) => void
  readonly onSnapshot: (report: SnapshotReport) => void
  readonly onFailed: (error: SmartshareError) => void
  /** The thread died of this and another one goes on. */
  readonly onRestart: (error: SmartshareError) => void
  /** A transaction killed it twice: nothing is executed from its block on before `quarantine` is called for it. */
  readonly onKilled: (place: Place) => void
  /** A final block as it lies in the log: those that were handed over while execution waited. */
  readonly blockAt: (height: number) => Promise<Uint8Array | undefined>
}

/** A transaction that the final block of height `carrier` quarantines. */
export interface QuarantineOrder extends Place {
  readonly carrier: number
}

interface FollowingOrder {
  readonly order: FollowOrder
  readonly resolve: (why: string | undefined) => void
  readonly reject: (error: SmartshareError) => void
}

interface Proof {
  readonly key: Uint8Array
  readonly height: number
  readonly resolve: (proof: Uint8Array | null) => void
}

/**
 * The executor thread as the rest of the node sees it. If the thread dies, another one takes up where the disk is and is
 * given again what was not on disk: the rest of the node sees each block executed once.
 */
export class Executor {
  /** Height on disk when the first thread was ready. */
  readonly startHeight: number
  private readonly options: ThreadOptions
  private readonly events: ExecutorEvents
  private thread: ExecutorThread | undefined
  private readonly proofs = new Map<number, Proof>()
  /** Blocks that were handed over and are not known to be on disk, by their heights, or the last of them. */
  private readonly uncommitted = new Map<number, Extract<ExecutorRequest, { type: 'execute' | 'follow' }>>()
  private following: FollowingOrder | undefined
  /** State roots of those that were executed. */
  private readonly roots = new Map<number, Uint8Array>()
  private ticket = 0
  private supply = 0n
  private handed: number
  private executed: number
  private deaths = 0
  private readonly progress: Progress
  private readonly stillness: Stillness
  /** The transaction that killed the thread twice: from its block on nothing is given to the thread. */
  private blockedBy: Place | undefined
  /** Blocks are read back that came while execution waited; those that come meanwhile are read too. */
  private isReading = false
  private nextRead = 0
  private quarantines: QuarantineOrder[] = []
  private keepFrom: number | undefined
  private wantsSnapshots = false
  private failed = false
  private stopping = false
  private restarting: Promise<void> = Promise.resolve()

  private constructor(options: ThreadOptions, events: ExecutorEvents, startHeight: number, patience: Patience) {
    this.options = options
    this.progress = new Progress(options.folder)
    this.events = events
    this.startHeight = startHeight
    this.handed = startHeight
    this.executed = startHeight
    this.stillness = new Stillness(
      patience,
      () => this.uncommitted.size > 0,
      () => this.fail(stuck(this.executed)),
    )
  }

  /**
   * Starts the thread on a folder; the first start writes genesis. Up to `settledHeight` no transaction is quarantined any more.
   * Throws what the thread failed with.
   */
  static async start(
    folders: { readonly state: string; readonly snapshots: string },
    { genesis, protocolVersion }: { genesis: Uint8Array; protocolVersion: number },
    settledHeight: number,
    events: ExecutorEvents,
    patience: Patience = PATIENCE,
  ): Promise<Executor> {
    const options = { folder: folders.state, snapshotFolder: folders.snapshots, genesis, protocolVersion }
    let executor: Executor | undefined
    const thread = await ExecutorThread.start(options, {
      onReply: (reply) => executor?.take(reply),
      onGone: (error) => executor?.restart(error),
    })
    executor = new Executor(options, events, thread.startHeight, patience)
    executor.thread = thread
    executor.recallDeaths(settledHeight)
    return executor
  }

  /** Height up to which blocks were handed over. */
  get handedHeight(): number {
    return this.handed
  }

  get executedHeight(): number {
    return this.executed
  }

  /** The transaction that killed the thread twice, before whose block execution waits. */
  get blocked(): Place | undefined {
    return this.blockedBy
  }

  /** True while blocks that are handed over are not executed, or are only read back: nothing can be followed then. */
  get isHeldUp(): boolean {
    return this.isReading || this.blockedBy !== undefined
  }

  /** Sum of all balances, counted when the node started; every block since was checked not to change it. */
  get supplyGrains(): bigint {
    return this.supply
  }

  /** Hands the next final block over, as it lies in the log. */
  execute(height: number, final: Uint8Array): void {
    if (!this.isWaiting(height)) {
      this.hand(height, { type: 'execute', final })
      return
    }
    // It is read back from the log when its turn comes.
    this.handed = Math.max(this.handed, height)
  }

  /**
   * Hands over what the next final blocks changed, one order at a time; resolves when they count as executed, or with the reason if
   * that does not lead to the roots: then the blocks are to be handed over anew. Throws what the executor fails with.
   *
   * While execution waits only an order that begins with the block for which it waits is taken, and ends the wait: delegates
   * certified what it leads to, so the machine need not run it. Any other throws EXECUTION_WAITS; its blocks are to be executed.
   */
  follow(order: FollowOrder): Promise<string | undefined> {
    if (this.failed) return Promise.reject(new SmartshareError('EXECUTOR_FAILED', 'the executor has failed'))
    if (this.isWaiting(order.to) && this.blockedBy?.height !== order.from) return Promise.reject(heldUp(order))
    return new Promise((resolve, reject) => {
      this.following = { order, resolve, reject }
      this.hand(order.to, { type: 'follow', order })
    })
  }

  /** Tells that blocks that were followed are executed by now. */
  noteChecked(heights: readonly number[]): void {
    this.ask({ type: 'checked', heights })
  }

  /**
   * A final block quarantines a transaction; to be called before that block is handed over. Execution goes on if it waited for
   * this; if the transaction was executed already, `onFailed` is told EXECUTION_TAKEN_BACK, and the state is that before its block.
   * False if it was known.
   */
  quarantine(order: QuarantineOrder): boolean {
    const { height, index } = order
    if (this.quarantines.some((known) => known.height === height && known.index === index)) return false
    this.quarantines.push(order)
    this.ask({ type: 'quarantine', height, index })
    if (this.blockedBy?.height !== height || this.blockedBy.index !== index) return true
    this.goOn(height)
    return true
  }

  keepChangesFrom(height: number): void {
    this.keepFrom = height
    this.ask({ type: 'keepFrom', height })
  }

  /** Hands over what a heavy call ends with. A thread that starts anew runs the call when it packs the result. */
  giveResult(job: number, result: Uint8Array): void {
    this.ask({ type: 'result', job, result })
  }

  /** Drops receipts of heights below this one. */
  prune(below: number): void {
    this.ask({ type: 'prune', below })
  }

  /** Whether snapshots are to be taken when terms end; not before this is called. */
  takeSnapshots(on: boolean): void {
    this.wantsSnapshots = on
    this.ask({ type: 'snapshots', on })
  }

  /** `encodeProof` under the state root of a recent height; null if that height is gone. */
  prove(key: Uint8Array, height: number): Promise<Uint8Array | null> {
    const ticket = ++this.ticket
    return new Promise((resolve) => {
      if (this.failed) {
        resolve(null)
        return
      }
      this.proofs.set(ticket, { key, height, resolve })
      this.ask({ type: 'prove', ticket, key, height })
    })
  }

  /** Takes in at once whatever the thread has told but the event loop has not delivered yet. */
  catchUp(): void {
    this.thread?.catchUp()
  }

  /** Executes what was handed over, commits, and ends the thread. */
  async stop(): Promise<void> {
    this.stopping = true
    this.stillness.stop()
    await this.restarting
    // Also after a failure that the thread does not know of; one that failed by itself hears nothing more.
    this.ask({ type: 'stop' })
    await this.thread?.end()
    // Whoever starts the node again wants it to try again.
    this.progress.clear()
    this.progress.close()
  }

  /** True if a block is not to be given to the thread yet. */
  private isWaiting(height: number): boolean {
    return this.isReading || this.isBlocked(height)
  }

  private isBlocked(height: number): boolean {
    return this.blockedBy !== undefined && height >= this.blockedBy.height
  }

  /** Execution need not wait any more: it goes on with the block of this height. */
  private goOn(height: number): void {
    this.blockedBy = undefined
    this.nextRead = height
    if (this.isReading) return
    this.isReading = true
    this.readOn().catch((error: unknown) => this.fail(failureOf(error)))
  }

  private async readOn(): Promise<void> {
    while (this.nextRead <= this.handed && !this.stopping && !this.failed) {
      const height = this.nextRead
      const final = await this.events.blockAt(height)
      if (final === undefined) throw new SmartshareError('STATE_DAMAGED', `final block ${height} is missing in the log`)
      if (this.isBlocked(height)) break
      // Meanwhile it may have waited again, and gone on elsewhere.
      if (this.nextRead !== height) continue
      this.nextRead = height + 1
      this.hand(height, { type: 'execute', final })
    }
    this.isReading = false
  }

  /** After a start: the process itself may have ended in a transaction. */
  private recallDeaths(settledHeight: number): void {
    const { now } = this.progress
    if (now !== undefined && now.height > this.startHeight) this.progress.countDeath(now)
    const { deaths } = this.progress
    if (deaths === undefined || deaths.height <= this.startHeight) return
    // Others executed it since, so this machine has to try again.
    if (deaths.height <= settledHeight) this.progress.clear()
    else if (deaths.count >= MOST_DEATHS_IN_TRANSACTION) this.block(deaths)
  }

  private block({ height, index }: Place): void {
    this.blockedBy = { height, index }
    this.deaths = 0
    for (const waiting of this.uncommitted.keys()) if (waiting >= height) this.uncommitted.delete(waiting)
    const { following } = this
    if (following === undefined || following.order.to < height) return
    this.following = undefined
    following.reject(heldUp(following.order))
  }

  private hand(height: number, request: Extract<ExecutorRequest, { type: 'execute' | 'follow' }>): void {
    this.handed = Math.max(this.handed, height)
    // Asked again in this order if the thread dies.
    this.uncommitted.delete(height)
    this.uncommitted.set(height, request)
    this.ask(request)
  }

  private endFollowing(why: string | undefined): void {
    const ended = this.following
    this.following = undefined
    ended?.resolve(why)
  }

  /** While no thread runs nothing is lost: the next one is asked for all that still counts. */
  private ask(request: ExecutorRequest): void {
    this.thread?.ask(request)
  }

  private take(reply: ExecutorReply): void {
    this.stillness.noteSign()
    switch (reply.type) {
      case 'executed':
        this.takeExecuted(reply)
        return
      case 'committed':
        for (const height of this.uncommitted.keys()) if (height <= reply.height) this.uncommitted.delete(height)
        for (const height of this.roots.keys()) if (height <= reply.height) this.roots.delete(height)
        this.quarantines = this.quarantines.filter(({ carrier }) => carrier > reply.height)
        this.events.onCommitted(reply.height)
        return
      case 'refused': {
        const { following } = this
        if (following?.order.from !== reply.from) return
        this.uncommitted.delete(following.order.to)
        if (this.blockedBy === undefined) this.handed = reply.from - 1
        this.endFollowing(reply.why)
        return
      }
      case 'snapshot':
      case 'snapshotFailed':
        this.events.onSnapshot(reply)
        return
      case 'supply':
        this.supply = reply.grains
        return
      case 'proved':
        this.proofs.get(reply.ticket)?.resolve(reply.proof)
        this.proofs.delete(reply.ticket)
        return
      case 'failed': {
        const error = SmartshareError.fromPlain(reply.error)
        if (ACCIDENTS.has(error.code)) this.restart(error)
        else this.fail(error)
        return
      }
    }
  }

  private takeExecuted(reply: Extract<ExecutorReply, { type: 'executed' }>): void {
    const { facts } = reply
    if (this.following?.order.to === facts.height) {
      if (this.isBlocked(facts.height)) this.goOn(facts.height + 1)
      this.endFollowing(undefined)
    }
    const known = this.roots.get(facts.height)
    if (known !== undefined) {
      if (equalBytes(known, facts.stateRoot)) return
      const message = `height ${facts.height} was executed twice and gave two state roots`
      this.fail(new SmartshareError('STATE_DAMAGED', message))
      return
    }
    this.roots.set(facts.height, facts.stateRoot)
    this.executed = facts.height
    this.deaths = 0
    this.events.onExecuted({
      facts,
      changes: changesOf(unpack(reply.changes)),
      receipts: unpack(reply.receipts),
      nextSet: reply.nextSet === null ? null : decodeSet(reply.nextSet),
    })
  }

  private restart(error: SmartshareError): void {
    if (this.failed) return
    const place = this.placeOfDeath()
    this.deaths++
    if (this.deaths >= (place === undefined ? MOST_DEATHS : MOST_DEATHS_IN_BLOCK)) {
      this.fail(error)
      return
    }
    const { thread } = this
    this.thread = undefined
    const isKiller =
      place !== undefined &&
      this.progress.countDeath(place) >= MOST_DEATHS_IN_TRANSACTION &&
      !this.quarantines.some(({ height, index }) => height === place.height && index === place.index)
    if (isKiller) this.block(place)
    this.restarting = this.begin(thread, error).then(
      () => {
        if (isKiller && !this.failed) this.events.onKilled(place)
      },
      (cause: unknown) => this.fail(failureOf(cause)),
    )
  }

  /** The transaction in which the thread died; undefined if it was in none, or in none of those that were handed over. */
  private placeOfDeath(): Place | undefined {
    const { now } = this.progress
    return now !== undefined && this.uncommitted.has(now.height) ? now : undefined
  }

  private async begin(former: ExecutorThread | undefined, error: SmartshareError): Promise<void> {
    await former?.end()
    if (this.stopping) return
    const thread = await ExecutorThread.start(this.options, {
      onReply: (reply) => this.take(reply),
      onGone: (cause) => this.restart(cause),
    })
    this.thread = thread
    if (this.keepFrom !== undefined) thread.ask({ type: 'keepFrom', height: this.keepFrom })
    thread.ask({ type: 'snapshots', on: this.wantsSnapshots })
    for (const { height, index } of this.quarantines) thread.ask({ type: 'quarantine', height, index })
    // The disk may be ahead of what was told of it; what was executed was told before.
    this.take({ type: 'committed', height: thread.startHeight })
    for (const [height, request] of this.uncommitted) if (height > thread.startHeight) thread.ask(request)
    for (const [ticket, { key, height }] of this.proofs) thread.ask({ type: 'prove', ticket, key, height })
    this.events.onRestart(error)
  }

  private fail(error: SmartshareError): void {
    if (this.failed) return
    this.failed = true
    this.stillness.stop()
    for (const { resolve } of this.proofs.values()) resolve(null)
    this.proofs.clear()
    this.following?.reject(error)
    this.events.onFailed(error)
  }
}

function heldUp({ from, to }: FollowOrder): SmartshareError {
  return new SmartshareError('EXECUTION_WAITS', `blocks ${from} to ${to} come after one for which execution waits`)
}

function stuck(executed: number): SmartshareError {
  const message = `the thread that executes blocks is stuck after height ${executed}; only a new process can go on`
  return new SmartshareError('EXECUTOR_STUCK', message, { executed })
}

function failureOf(cause: unknown): SmartshareError {
  return SmartshareError.is(cause) ? cause : new SmartshareError('EXECUTOR_FAILED', String(cause), {}, cause)
}

/** The changes of a packed list: key, value, previous value three by three, an empty one stands for none. */
function changesOf(parts: readonly Uint8Array[]): KeyChange[] {
  const changes: KeyChange[] = []
  for (let i = 0; i < parts.length; i += 3) {
    const value = parts[i + 1]!
    const previous = parts[i + 2]!
    changes.push({
      key: parts[i]!,
      value: value.length === 0 ? undefined : value,
      previous: previous.length === 0 ? undefined : previous,
    })
  }
  return changes
}
