import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type ParsedTransaction, signatureClaims } from '@smartshare/chain'
import { pack, SmartshareError } from '@smartshare/codec'

/** Transactions handed to a worker at once: large enough to hide the hand-over, small enough to share out. */
const BATCH_TRANSACTIONS = 128
const DEFAULT_MOST_PENDING = 50_000

interface Job {
  readonly transactions: readonly ParsedTransaction[]
  readonly resolve: (good: boolean[]) => void
  readonly reject: (error: Error) => void
}

/** Checks the signatures of transactions in worker threads, each transaction once, with a bound on what waits. */
export class SignaturePool {
  private readonly workers = new Set<Worker>()
  private readonly idle: Worker[] = []
  private readonly queue: Job[] = []
  /** What each busy worker is at. */
  private readonly running = new Map<Worker, Job>()
  private readonly mostPending: number
  private pending = 0
  private closed = false

  constructor(threads = Math.max(1, availableParallelism() - 1), mostPending = DEFAULT_MOST_PENDING) {
    this.mostPending = mostPending
    for (let i = 0; i < threads; i++) this.startWorker()
  }

  /** Transactions that wait or are being checked. */
  get pendingCount(): number {
    return this.pending
  }

  /**
   * For each transaction, whether all its signatures hold. Throws NODE_BUSY when too many wait. Those of a block (`urgent`)
   * go first and are never refused: a block has a bound of its own, and whoever floods the intake must not stop consensus.
   */
  async check(transactions: readonly ParsedTransaction[], urgent = false): Promise<boolean[]> {
    if (this.closed) throw new SmartshareError('NODE_STOPPING', 'the node is stopping')
    if (!urgent && this.pending + transactions.length > this.mostPending) {
      throw new SmartshareError('NODE_BUSY', 'too many signatures wait to be checked', { pending: this.pending })
    }
    const batches: Promise<boolean[]>[] = []
    const jobs: Job[] = []
    for (let at = 0; at < transactions.length; at += BATCH_TRANSACTIONS) {
      const batch = transactions.slice(at, at + BATCH_TRANSACTIONS)
      this.pending += batch.length
      batches.push(
        new Promise<boolean[]>((resolve, reject) => jobs.push({ transactions: batch, resolve, reject })).finally(() => {
          this.pending -= batch.length
        }),
      )
    }
    if (urgent) this.queue.unshift(...jobs)
    else this.queue.push(...jobs)
    this.dispatch()
    return (await Promise.all(batches)).flat()
  }

  async close(): Promise<void> {
    this.closed = true
    const jobs = [...this.queue.splice(0), ...this.running.values()]
    this.running.clear()
    for (const job of jobs) job.reject(new SmartshareError('NODE_STOPPING', 'the node is stopping'))
    await Promise.all([...this.workers].map((worker) => worker.terminate()))
  }

  private startWorker(): void {
    const file = import.meta.url.endsWith('.ts') ? './signature-worker.ts' : './signature-worker.js'
    const worker = new Worker(new URL(file, import.meta.url))
    worker.on('message', (good: Uint8Array) => {
      const job = this.running.get(worker)
      this.running.delete(worker)
      this.idle.push(worker)
      job?.resolve(join(job.transactions, good))
      this.dispatch()
    })
    worker.on('error', (error) => {
      // A worker that died took at most its own batch along; another one takes its place.
      this.running.get(worker)?.reject(error)
      this.running.delete(worker)
      this.workers.delete(worker)
      if (!this.closed) this.startWorker()
      this.dispatch()
    })
    this.workers.add(worker)
    this.idle.push(worker)
  }

  private dispatch(): void {
    while (this.idle.length > 0 && this.queue.length > 0) {
      const worker = this.idle.pop()!
      const job = this.queue.shift()!
      this.running.set(worker, job)
      const parts = job.transactions.flatMap((tx) =>
        signatureClaims(tx).flatMap(({ key, signature }) => [key, signature, tx.id]),
      )
      const packed = pack(parts)
      worker.postMessage(packed, [packed.buffer])
    }
  }
}

/** Folds the verdicts on single signatures into verdicts on transactions. */
function join(transactions: readonly ParsedTransaction[], good: Uint8Array): boolean[] {
  let at = 0
  return transactions.map((tx) => {
    const count = tx.senderAuth.length + tx.payerAuth.length
    const verdict = good.subarray(at, at + count).every((one) => one === 1)
    at += count
    return verdict
  })
}
