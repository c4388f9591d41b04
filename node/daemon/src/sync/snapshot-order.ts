import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { ErrorDetails } from '@smartshare/codec'

/** What the thread says in the shared word once it sees the state of its height, whatever is committed after. */
export const VIEW_OPEN = 1
/** How long the executor waits for that at most; a thread starts in a tenth of a second. */
const VIEW_TIMEOUT_MS = 10_000

/** What a snapshot thread is given. */
export interface SnapshotOrder {
  readonly stateFolder: string
  readonly snapshotFolder: string
  readonly height: number
  readonly opened: Int32Array
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
 * Has a thread of its own write the chunks of the state as it is on disk now, and returns when that thread sees the state; until
 * then nothing may be committed. `onReport` is called once, also if the thread dies.
 */
export function takeSnapshot(order: Omit<SnapshotOrder, 'opened'>, onReport: (report: SnapshotReport) => void): void {
  const opened = new Int32Array(new SharedArrayBuffer(4))
  const { port1, port2 } = new MessageChannel()
  const file = import.meta.url.endsWith('.ts') ? './snapshot-worker.ts' : './snapshot-worker.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: { ...order, opened, port: port2 },
    transferList: [port2],
  })
  once(port1, worker, order.height, onReport)
  // The thread finds the state of another height if this is not enough, and says so.
  Atomics.wait(opened, 0, 0, VIEW_TIMEOUT_MS)
}

function once(port: MessagePort, worker: Worker, height: number, onReport: (report: SnapshotReport) => void): void {
  let done = false
  const end = (report: SnapshotReport): void => {
    if (done) return
    done = true
    port.close()
    onReport(report)
  }
  const died = (why: string): void =>
    end({ type: 'snapshotFailed', height, error: { code: 'INTERNAL', message: why, details: {} } })
  port.on('message', (report: SnapshotReport) => end(report))
  worker.on('error', (error) => died(String(error)))
  // What it said last may still be on its way.
  worker.on('exit', () => setImmediate(() => died('the thread ended')))
}
