import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { HeavyOrder, HeavyReply } from './heavy-messages.ts'

/** As for the executor, which runs the same calls. */
const STACK_MIB = 16

/** The thread that computes heavy calls, one at a time. It starts with the first one, and anew when it died. */
export class HeavyThread {
  private readonly order: HeavyOrder
  private readonly onReply: (reply: HeavyReply) => void
  private worker: Worker | undefined
  private port: MessagePort | undefined
  private running: number | undefined

  constructor(order: HeavyOrder, onReply: (reply: HeavyReply) => void) {
    this.order = order
    this.onReply = onReply
  }

  /** The job that is being computed. */
  get job(): number | undefined {
    return this.running
  }

  /** Begins a job; only while none is being computed. */
  compute(job: number): void {
    this.running = job
    this.port ??= this.start()
    this.port.postMessage({ job })
  }

  /** Ends the thread, also in the middle of a job. */
  async stop(): Promise<void> {
    const { worker } = this
    this.forget()
    await worker?.terminate()
  }

  private start(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    const file = import.meta.url.endsWith('.ts') ? './heavy-worker.ts' : './heavy-worker.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { ...this.order, port: port2 },
      transferList: [port2],
      resourceLimits: { stackSizeMb: STACK_MIB },
    })
    const died = (message: string): void => {
      if (this.worker !== worker) return
      const job = this.running
      this.forget()
      if (job !== undefined) this.onReply({ type: 'failed', job, message })
    }
    port1.on('message', (reply: HeavyReply) => {
      if (this.worker !== worker) return
      this.running = undefined
      this.onReply(reply)
    })
    worker.on('error', (error) => died(String(error)))
    worker.on('exit', () => died('the thread ended'))
    this.worker = worker
    return port1
  }

  private forget(): void {
    this.port?.close()
    this.port = undefined
    this.worker = undefined
    this.running = undefined
  }
}
