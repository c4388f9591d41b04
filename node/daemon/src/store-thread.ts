import { parentPort, type Worker } from 'node:worker_threads'

// Threads that open the store beside the executor's. The native part of the database ends the whole process if its thread is
// ended while it loads, so such a thread says when it has loaded, and lives until then.

/** For the thread: its store is open. */
export function tellLoaded(): void {
  parentPort?.postMessage('loaded')
}

/** Ends threads that open the store; to be made when the thread is. */
export class StoreThread {
  private readonly worker: Worker
  private readonly loaded: Promise<void>

  constructor(worker: Worker) {
    this.worker = worker
    this.loaded = new Promise((resolve) => {
      worker.once('message', () => resolve())
      worker.once('exit', () => resolve())
    })
  }

  /** Ends the thread in whatever it does, as soon as it has loaded. */
  async end(): Promise<void> {
    await this.loaded
    await this.worker.terminate()
  }
}
