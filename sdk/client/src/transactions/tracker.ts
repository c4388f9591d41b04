import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'
import { receiptAnswer } from '../rpc/answers.ts'
import { sleep } from '../rpc/backoff.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'
import type { NewsSocket } from '../rpc/socket.ts'
import { type FinalTransaction, fatesOf } from './fate.ts'
import type { SignedTransaction } from './transaction-builder.ts'

/** How often transactions are looked for without news, and how often with them, in case one was missed. */
const POLL_MS = 300
const POLL_WITH_NEWS_MS = 2000
/** Ids in one subscription; nodes take no more. */
const MAX_IDS = 1000
/** Transactions followed at a time. */
const MAX_TRACKED = 20_000

const newsSchema = z.object({ height: z.int(), index: z.int(), receipt: receiptAnswer })

interface Entry {
  readonly transaction: SignedTransaction
  readonly promise: Promise<FinalTransaction>
  readonly resolve: (final: FinalTransaction) => void
  readonly reject: (error: unknown) => void
}

/**
 * Follows transactions that were handed over until they are executed or can never be. A node that has lost one is given
 * the same bytes again; nothing is ever made anew.
 */
export class TransactionTracker {
  private readonly rpc: RpcClient
  private readonly news: NewsSocket
  private readonly signal: AbortSignal
  private readonly entries = new Map<string, Entry>()
  private running = false
  /** Aborted to end a wait early. */
  private idle = new AbortController()
  private listening: ReturnType<NewsSocket['listen']> | undefined

  constructor(rpc: RpcClient, news: NewsSocket, signal: AbortSignal) {
    this.rpc = rpc
    this.news = news
    this.signal = signal
  }

  /** Transactions under way. */
  get count(): number {
    return this.entries.size
  }

  /**
   * Resolves with the receipt, also of a failed transaction. Rejects with TX_NOT_PACKED when the chain has passed the expiry
   * without it, and with TX_DISPLACED when another transaction took its place: only then may the same thing be sent as a
   * new transaction.
   */
  track(transaction: SignedTransaction): Promise<FinalTransaction> {
    const known = this.entries.get(transaction.id)
    if (known !== undefined) return known.promise
    if (this.entries.size >= MAX_TRACKED) {
      throw new SmartshareError('CLIENT_BUSY', `at most ${MAX_TRACKED} transactions can be under way`)
    }
    const { promise, resolve, reject } = Promise.withResolvers<FinalTransaction>()
    // Whoever handed the transaction over need not wait for it.
    promise.catch(() => undefined)
    this.entries.set(transaction.id, { transaction, promise, resolve, reject })
    if (this.running) this.listening?.ask({ topic: 'transactions', ids: [transaction.id] })
    else void this.run()
    return promise
  }

  private async run(): Promise<void> {
    this.running = true
    if (this.news.isUsable) this.listening = this.news.listen(this.listener())
    while (this.entries.size > 0 && !this.signal.aborted) {
      await sleep(this.listening === undefined ? POLL_MS : POLL_WITH_NEWS_MS, this.wake())
      try {
        await this.lookForAll()
      } catch (error) {
        // Nodes may be away for a while; the transactions are still under way.
        if (!SmartshareError.is(error)) throw error
      }
    }
    this.listening?.end()
    this.listening = undefined
    this.running = false
    for (const { reject } of this.entries.values())
      reject(new SmartshareError('CLIENT_CLOSED', 'the client was closed'))
    this.entries.clear()
  }

  /** Ends a wait when the client closes or when nothing is left to wait for. */
  private wake(): AbortSignal {
    this.idle = new AbortController()
    return AbortSignal.any([this.signal, this.idle.signal])
  }

  private listener() {
    return {
      wanted: () => {
        const ids = [...this.entries.keys()]
        const pages = Math.ceil(ids.length / MAX_IDS)
        return Array.from({ length: pages }, (_, page) => ({
          topic: 'transactions',
          ids: ids.slice(page * MAX_IDS, (page + 1) * MAX_IDS),
        }))
      },
      onNews: (result: unknown) => {
        const parsed = newsSchema.safeParse(result)
        if (parsed.success) this.finish({ ...parsed.data, id: parsed.data.receipt.transaction })
      },
      onConnected: () => this.idle.abort(),
    }
  }

  private finish(final: FinalTransaction): void {
    this.entries.get(final.id)?.resolve(final)
    this.entries.delete(final.id)
    if (this.entries.size === 0) this.idle.abort()
  }

  private async lookForAll(): Promise<void> {
    const open = [...this.entries.values()].map(({ transaction }) => transaction)
    if (open.length === 0) return
    const fates = await fatesOf(this.rpc, open)
    const lost: SignedTransaction[] = []
    for (const [i, fate] of fates.entries()) {
      const transaction = open[i] as SignedTransaction
      if (fate.kind === 'executed') this.finish(fate.final)
      else if (fate.kind === 'unknown') lost.push(transaction)
      else if (fate.kind !== 'pending') this.giveUp(transaction, fate.kind)
    }
    lost.sort((a, b) => (a.nonce < b.nonce ? -1 : 1))
    for (let at = 0; at < lost.length; at += MAX_IDS) {
      // A refusal changes nothing: what was packed meanwhile is found at the next look.
      await this.rpc.submit(lost.slice(at, at + MAX_IDS).map(({ wire }) => wire))
    }
  }

  private giveUp({ id, expiryHeight, nonce }: SignedTransaction, why: 'displaced' | 'expired'): void {
    const details = { transaction: id, expiryHeight }
    const error =
      why === 'expired'
        ? new SmartshareError('TX_NOT_PACKED', `no block up to height ${expiryHeight} took the transaction`, details)
        : new SmartshareError('TX_DISPLACED', `another transaction of the account has used nonce ${nonce}`, details)
    this.entries.get(id)?.reject(error)
    this.entries.delete(id)
  }
}
