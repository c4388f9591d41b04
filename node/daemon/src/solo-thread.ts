import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { StoreThread } from './store-thread.ts'

/** As for the executor, which runs the same calls. */
const STACK_MIB = 16

interface SoloThreadOptions<Reply> {
  /** The program of the thread, as a source or built. */
  readonly file: URL
  /** What it begins with. */
  readonly order: object
  readonly onReply: (reply: Reply) => void
  /** It died in the middle of its work. */
  readonly onDied: (message: string) => void
}

/** A thread that opens the store and works on one thing at a time. It starts with the first one, and anew when it died. */
export class SoloThread<Request, Reply> {
  private readonly options: SoloThreadOptions<Reply>
  private thread: StoreThread | undefined
  private port: MessagePort | undefined
  private busy = false

  constructor(options: SoloThreadOptions<Reply>) {
    this.options = options
  }

  get isBusy(): boolean {
    return this.busy
  }

  /** Begins with something; only while nothing is under way. */
  ask(request: Request): void {
    this.busy = true
    this.port ??= this.start()
    this.port.postMessage(request)
  }

  /** Ends the thread, also in the middle of its work. */
  async stop(): Promise<void> {
    const { thread } = this
    this.forget()
    await thread?.end()
  }

  private start(): MessagePort {
    const { file, order, onReply, onDied } = this.options
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker(file, {
      workerData: { ...order, port: port2 },
      transferList: [port2],
      resourceLimits: { stackSizeMb: STACK_MIB },
    })
    const thread = new StoreThread(worker)
    const died = (message: string): void => {
      if (this.thread !== thread) return
      const wasBusy = this.busy
      this.forget()
      if (wasBusy) onDied(message)
    }
    port1.on('message', (reply: Reply) => {
      if (this.thread !== thread) return
      this.busy = false
      onReply(reply)
    })
    worker.on('error', (error) => died(String(error)))
    worker.on('exit', () => died('the thread ended'))
    this.thread = thread
    return port1
  }

  private forget(): void {
    this.port?.close()
    this.port = undefined
    this.thread = undefined
    this.busy = false
  }
}
