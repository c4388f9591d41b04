import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { type DelegateSet, decodeSet } from '@smartshare/chain'
import { SmartshareError, unpack } from '@smartshare/codec'
import type { ExecutedFacts } from '@smartshare/store'
import type { SnapshotReport } from '../sync/snapshot-order.ts'
import type { ExecutorReply, ExecutorRequest } from './executor-messages.ts'
import type { KeyChange } from './recent-changes.ts'

/** Stack of the thread, four times what the deepest calls of contracts were seen to take. */
const STACK_MIB = 16

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
}

/** The executor thread as the rest of the node sees it. */
export class Executor {
  /** Height on disk when the thread was ready. */
  readonly startHeight: number
  private readonly worker: Worker
  private readonly port: MessagePort
  private readonly events: ExecutorEvents
  private readonly proofs = new Map<number, (proof: Uint8Array | null) => void>()
  private ticket = 0
  private supply = 0n
  private handed: number
  private executed: number
  /** The thread has let go of the store, or is gone. */
  private readonly stopped: Promise<void>
  private onStopped: () => void = () => undefined
  private failed = false

  private constructor(worker: Worker, port: MessagePort, startHeight: number, events: ExecutorEvents) {
    this.worker = worker
    this.port = port
    this.startHeight = startHeight
    this.events = events
    this.handed = startHeight
    this.executed = startHeight
    this.stopped = new Promise((resolve) => {
      this.onStopped = resolve
    })
    worker.once('exit', () => this.onStopped())
    port.on('message', (reply: ExecutorReply) => this.take(reply))
  }

  /** Starts the thread on a folder; the first start writes genesis. Throws what the thread failed with. */
  static async start(
    folders: { readonly state: string; readonly snapshots: string },
    { genesis, protocolVersion }: { genesis: Uint8Array; protocolVersion: number },
    events: ExecutorEvents,
  ): Promise<Executor> {
    const { port1, port2 } = new MessageChannel()
    const file = import.meta.url.endsWith('.ts') ? './executor-worker.ts' : './executor-worker.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { folder: folders.state, snapshotFolder: folders.snapshots, genesis, protocolVersion, port: port2 },
      transferList: [port2],
      // Contracts that call contracts, each in a machine of its own, need a deep stack (core/lvm).
      resourceLimits: { stackSizeMb: STACK_MIB },
    })
    const first = await new Promise<ExecutorReply>((resolve, reject) => {
      worker.once('error', reject)
      port1.once('message', resolve)
    })
    if (first.type === 'failed') {
      await new Promise<void>((resolve) => {
        port1.once('message', () => resolve())
        worker.once('exit', () => resolve())
      })
      await worker.terminate()
      throw SmartshareError.fromPlain(first.error)
    }
    if (first.type !== 'ready') throw new SmartshareError('EXECUTOR_FAILED', 'the executor did not start')
    const executor = new Executor(worker, port1, first.height, events)
    worker.removeAllListeners('error')
    worker.on('error', (error) => executor.fail(new SmartshareError('EXECUTOR_FAILED', String(error), {}, error)))
    return executor
  }

  /** Height up to which blocks were handed over. */
  get handedHeight(): number {
    return this.handed
  }

  get executedHeight(): number {
    return this.executed
  }

  /** Sum of all balances, counted when the node started; every block since was checked not to change it. */
  get supplyGrains(): bigint {
    return this.supply
  }

  /** Hands the next final block over, as it lies in the log. */
  execute(height: number, final: Uint8Array): void {
    this.handed = height
    this.ask({ type: 'execute', final })
  }

  keepChangesFrom(height: number): void {
    this.ask({ type: 'keepFrom', height })
  }

  /** Drops receipts of heights below this one. */
  prune(below: number): void {
    this.ask({ type: 'prune', below })
  }

  /** Whether snapshots are to be taken when terms end; not before this is called. */
  takeSnapshots(on: boolean): void {
    this.ask({ type: 'snapshots', on })
  }

  /** `encodeProof` under the state root of a recent height; null if that height is gone. */
  prove(key: Uint8Array, height: number): Promise<Uint8Array | null> {
    const ticket = ++this.ticket
    return new Promise((resolve) => {
      this.proofs.set(ticket, resolve)
      this.ask({ type: 'prove', ticket, key, height })
    })
  }

  /** Takes in at once whatever the thread has told but the event loop has not delivered yet. */
  catchUp(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.port)
      if (received === undefined) return
      this.take(received.message as ExecutorReply)
    }
  }

  /** Executes what was handed over, commits, and ends the thread. */
  async stop(): Promise<void> {
    if (!this.failed) this.ask({ type: 'stop' })
    await this.stopped
    await this.worker.terminate()
  }

  private ask(request: ExecutorRequest): void {
    this.port.postMessage(request)
  }

  private take(reply: ExecutorReply): void {
    switch (reply.type) {
      case 'executed':
        this.executed = reply.facts.height
        this.events.onExecuted({
          facts: reply.facts,
          changes: changesOf(unpack(reply.changes)),
          receipts: unpack(reply.receipts),
          nextSet: reply.nextSet === null ? null : decodeSet(reply.nextSet),
        })
        return
      case 'committed':
        this.events.onCommitted(reply.height)
        return
      case 'snapshot':
      case 'snapshotFailed':
        this.events.onSnapshot(reply)
        return
      case 'supply':
        this.supply = reply.grains
        return
      case 'proved':
        this.proofs.get(reply.ticket)?.(reply.proof)
        this.proofs.delete(reply.ticket)
        return
      case 'failed':
        this.fail(SmartshareError.fromPlain(reply.error))
        return
      case 'stopped':
        this.onStopped()
        return
      case 'ready':
        return
    }
  }

  private fail(error: SmartshareError): void {
    if (this.failed) return
    this.failed = true
    for (const resolve of this.proofs.values()) resolve(null)
    this.proofs.clear()
    this.events.onFailed(error)
  }
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
