import { SmartshareError } from '@smartshare/codec'
import { MAX_SUBMIT, type RpcClient } from '../rpc/rpc-client.ts'

/** Requests under way at a time; what comes meanwhile goes into the next ones. */
const MAX_REQUESTS = 4
const MAX_WAITING = 20_000
const MAX_BATCH_BYTES = 2 * 1024 * 1024

/** Admitted or refused. `isLost` says that another attempt may have been admitted without an answer. */
export type SubmitOutcome = { readonly isLost: boolean } & (
  | { readonly id: string }
  | { readonly error: SmartshareError }
)

interface Waiting {
  readonly wire: Uint8Array
  readonly resolve: (outcome: SubmitOutcome) => void
}

/** Gathers transactions that are handed over at about the same time into batches: a hundred cost little more than one. */
export class Submitter {
  private readonly rpc: RpcClient
  private queue: Waiting[] = []
  private requests = 0

  constructor(rpc: RpcClient) {
    this.rpc = rpc
  }

  /** What a node says about the transaction, or why none answers. Never rejects. */
  submit(wire: Uint8Array): Promise<SubmitOutcome> {
    if (this.queue.length >= MAX_WAITING) {
      const error = new SmartshareError('CLIENT_BUSY', 'too many transactions wait to be handed over')
      return Promise.resolve({ error, isLost: false })
    }
    const { promise, resolve } = Promise.withResolvers<SubmitOutcome>()
    this.queue.push({ wire, resolve })
    // In a later turn, so that what is sent in the same one goes together.
    if (this.queue.length === 1) setTimeout(() => this.pump(), 0)
    return promise
  }

  private pump(): void {
    while (this.requests < MAX_REQUESTS && this.queue.length > 0) {
      const batch = this.takeBatch()
      this.requests += 1
      void this.request(batch).finally(() => {
        this.requests -= 1
        this.pump()
      })
    }
  }

  private takeBatch(): Waiting[] {
    let count = 0
    let sizeBytes = 0
    for (const { wire } of this.queue) {
      if (count > 0 && (count >= MAX_SUBMIT || sizeBytes + wire.length > MAX_BATCH_BYTES)) break
      count += 1
      sizeBytes += wire.length
    }
    const batch = this.queue.slice(0, count)
    this.queue = this.queue.slice(count)
    return batch
  }

  private async request(batch: readonly Waiting[]): Promise<void> {
    let isLost = false
    try {
      const outcomes = await this.rpc.submit(
        batch.map(({ wire }) => wire),
        () => {
          isLost = true
        },
      )
      for (const [i, { resolve }] of batch.entries()) resolve({ isLost, ...outcomes[i]! })
    } catch (error) {
      const known = SmartshareError.is(error) ? error : new SmartshareError('RPC_ANSWER', 'no usable answer', {}, error)
      for (const { resolve } of batch) resolve({ error: known, isLost })
    }
  }
}
