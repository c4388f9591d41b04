import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { SmartshareError } from '@smartshare/codec'
import type { ExecutorReply, ExecutorRequest } from './executor-messages.ts'

/** Stack of the thread, four times what the deepest calls of contracts by contracts take (core/lvm). */
const STACK_MIB = 16

/** What a thread begins with. */
export interface ThreadOptions {
  readonly folder: string
  readonly snapshotFolder: string
  readonly genesis: Uint8Array
  readonly protocolVersion: number
}

export interface ThreadEvents {
  readonly onReply: (reply: ExecutorReply) => void
  /** The thread is gone without having been asked to, with what it died of. */
  readonly onGone: (error: SmartshareError) => void
}

/** One life of the executor thread. */
export class ExecutorThread {
  /** Height on disk when the thread was ready. */
  readonly startHeight: number
  private readonly worker: Worker
  private readonly port: MessagePort
  private readonly events: ThreadEvents
  /** It has let go of the store, or is gone. */
  private readonly ended: Promise<void>
  private onEnded: () => void = () => undefined
  /** Asked to stop, or known to have failed: what comes then is no accident. */
  private leaving = false

  private constructor(worker: Worker, port: MessagePort, startHeight: number, events: ThreadEvents) {
    this.worker = worker
    this.port = port
    this.startHeight = startHeight
    this.events = events
    this.ended = new Promise((resolve) => {
      this.onEnded = resolve
    })
    worker.on('error', (error) => this.gone(new SmartshareError('EXECUTOR_FAILED', String(error), {}, error)))
    worker.once('exit', () => {
      this.gone(new SmartshareError('EXECUTOR_FAILED', 'the thread that executes blocks is gone'))
      this.onEnded()
    })
    port.on('message', (reply: ExecutorReply) => this.take(reply))
  }

  /** Throws what the thread failed with while it started. */
  static async start(options: ThreadOptions, events: ThreadEvents): Promise<ExecutorThread> {
    const { port1, port2 } = new MessageChannel()
    const file = import.meta.url.endsWith('.ts') ? './executor-worker.ts' : './executor-worker.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { ...options, port: port2 },
      transferList: [port2],
      resourceLimits: { stackSizeMb: STACK_MIB },
    })
    const first = await new Promise<ExecutorReply>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('exit', () => reject(new SmartshareError('EXECUTOR_FAILED', 'the thread ended while it started')))
      port1.once('message', resolve)
    })
    worker.removeAllListeners('exit')
    if (first.type === 'failed') {
      await new Promise<void>((resolve) => {
        port1.once('message', () => resolve())
        worker.once('exit', () => resolve())
      })
      await worker.terminate()
      throw SmartshareError.fromPlain(first.error)
    }
    if (first.type !== 'ready') throw new SmartshareError('EXECUTOR_FAILED', 'the executor did not start')
    worker.removeAllListeners('error')
    return new ExecutorThread(worker, port1, first.height, events)
  }

  ask(request: ExecutorRequest): void {
    if (request.type === 'stop') this.leaving = true
    this.port.postMessage(request)
  }

  /** Takes in at once whatever the thread has told but the event loop has not delivered yet. */
  catchUp(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.port)
      if (received === undefined) return
      this.take(received.message as ExecutorReply)
    }
  }

  /** Resolves when it has let go of the store. */
  async end(): Promise<void> {
    await this.ended
    await this.worker.terminate()
  }

  private take(reply: ExecutorReply): void {
    if (reply.type === 'stopped') {
      this.onEnded()
      return
    }
    if (reply.type === 'failed') this.leaving = true
    this.events.onReply(reply)
  }

  private gone(error: SmartshareError): void {
    if (this.leaving) return
    this.leaving = true
    this.catchUp()
    this.events.onGone(error)
  }
}
