import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { ErrorDetails } from '@smartshare/codec'
import { StoreThread } from '../store-thread.ts'

/** What the shared word says: the thread is told to begin; it sees the state of its height, whatever is committed after. */
export const ORDERED = 1
export const VIEW_OPEN = 2
/** How long the executor waits for that at most. A thread that was started long ago needs a millisecond. */
const VIEW_TIMEOUT_MS = 10_000

/** What a snapshot thread is given. */
export interface SnapshotOrder {
  readonly stateFolder: string
  readonly snapshotFolder: string
  /** The shared word, and the height that is ordered. */
  readonly word: Int32Array
  readonly height: Float64Array
}

/** What it tells in the end. */
export type SnapshotReport =
  | { readonly type: 'snapshot'; readonly height: number; readonly depths: number[] }
  | {
      readonly type: 'snapshotFailed'
      readonly height: number
      readonly error: { readonly code: string; readonly message: string; readonly details: ErrorDetails }
    }

/**
 * A thread that waits until it is to write the chunks of one snapshot. It is started beforehand, because a busy machine takes long
 * to start one, and the executor stands still until it sees the state.
 */
export class SnapshotThread {
  private readonly order: SnapshotOrder
  private readonly worker: Worker
  private readonly thread: StoreThread
  private readonly port: MessagePort
  private done = false

  /** `onReport` is called once for the height that is ordered, also if the thread dies. */
  constructor(
    folders: Pick<SnapshotOrder, 'stateFolder' | 'snapshotFolder'>,
    onReport: (report: SnapshotReport) => void,
  ) {
    const word = new Int32Array(new SharedArrayBuffer(4))
    this.order = { ...folders, word, height: new Float64Array(new SharedArrayBuffer(8)) }
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    const file = import.meta.url.endsWith('.ts') ? './snapshot-worker.ts' : './snapshot-worker.js'
    this.worker = new Worker(new URL(file, import.meta.url), {
      workerData: { ...this.order, port: port2 },
      transferList: [port2],
    })
    this.thread = new StoreThread(this.worker)
    this.listen(onReport)
  }

  /** Orders a snapshot of the state as it is on disk now; returns when the thread sees it: until then nothing may be committed. */
  take(height: number): void {
    const { word } = this.order
    this.order.height[0] = height
    Atomics.store(word, 0, ORDERED)
    Atomics.notify(word, 0)
    // The thread finds the state of another height if this is not enough, and says so.
    Atomics.wait(word, 0, ORDERED, VIEW_TIMEOUT_MS)
  }

  /** Ends a thread that was never ordered anything. */
  async end(): Promise<void> {
    this.done = true
    this.port.close()
    await this.thread.end()
  }

  private listen(onReport: (report: SnapshotReport) => void): void {
    const { port, worker, order } = this
    const end = (report: SnapshotReport): void => {
      if (this.done) return
      this.done = true
      port.close()
      onReport(report)
    }
    const died = (why: string): void => {
      const error = { code: 'INTERNAL', message: why, details: {} }
      end({ type: 'snapshotFailed', height: order.height[0] as number, error })
    }
    port.on('message', (report: SnapshotReport) => end(report))
    worker.on('error', (error) => died(String(error)))
    // What it said last may still be on its way.
    worker.on('exit', () => setImmediate(() => died('the thread ended')))
  }
}
