import { SoloThread } from '../solo-thread.ts'
import type { HeavyOrder, HeavyReply, HeavyRequest } from './heavy-messages.ts'

/** The thread that computes heavy calls, one at a time. */
export class HeavyThread {
  private readonly thread: SoloThread<HeavyRequest, HeavyReply>
  private last = -1

  constructor(order: HeavyOrder, onReply: (reply: HeavyReply) => void) {
    const file = import.meta.url.endsWith('.ts') ? './heavy-worker.ts' : './heavy-worker.js'
    this.thread = new SoloThread({
      ...{ file: new URL(file, import.meta.url), order, onReply },
      onDied: (message) => onReply({ type: 'failed', job: this.last, message }),
    })
  }

  /** The job that is being computed. */
  get job(): number | undefined {
    return this.thread.isBusy ? this.last : undefined
  }

  /** Begins a job; only while none is being computed. */
  compute(job: number): void {
    this.last = job
    this.thread.ask({ job })
  }

  /** Ends the thread, also in the middle of a job. */
  stop(): Promise<void> {
    return this.thread.stop()
  }
}
