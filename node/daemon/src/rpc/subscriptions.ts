import { SmartshareError } from '@smartshare/codec'
import { fromHex } from '@smartshare/crypto'
import { mapKey } from '@smartshare/runtime'
import type { ExecutedNotice, NodeApi } from '../api.ts'
import { abisOf } from './contract-abis.ts'
import { MAX_SUBSCRIPTIONS_PER_SOCKET, MAX_UNSENT_BYTES, MAX_WATCHED_PER_SOCKET } from './limits.ts'
import { wrongParams } from './method.ts'
import type { RpcMetrics } from './metrics.ts'
import { subscribeParams, unsubscribeParams } from './subscription-shapes.ts'
import { addressOf } from './texts.ts'
import { type AbiOf, headerView, receiptView } from './views.ts'

/** The side of a connection that news go to. */
export interface NewsSink {
  send(text: string): void
  /** Bytes handed to `send` that have not left yet. */
  unsentBytes(): number
  /** Ends a client that reads too slowly. */
  cut(): void
}

type Topic = 'blocks' | 'transactions' | 'account'

interface Subscription {
  readonly id: number
  readonly topic: Topic
  readonly client: SubscribedClient
  /** What it waits for: ids or an address, as map keys. */
  readonly watched: Set<string>
}

const WATCH_BYTES = 32
/** CBOR head of a byte string of 32 bytes. */
const HEAD_OF_32 = [0x58, 0x20] as const
/** Where the transaction id stands in an encoded receipt: after the head of the record and its own. */
const ID_OFFSET = 3

/**
 * Hands executed blocks to subscribers. One listener serves all of them; a block is looked at once, and only as closely
 * as anybody wants.
 */
export class SubscriptionHub {
  private readonly blocks = new Set<Subscription>()
  private readonly watchers = new Map<string, Set<Subscription>>()
  private readonly metrics: RpcMetrics
  private readonly abiOf: AbiOf
  private readonly verificationOf: NodeApi['verification']
  private readonly end: () => void

  constructor(node: NodeApi, metrics: RpcMetrics) {
    this.metrics = metrics
    this.abiOf = abisOf(node)
    this.verificationOf = (height) => node.verification(height)
    this.end = node.subscribe((notice) => this.publish(notice))
  }

  close(): void {
    this.end()
    this.blocks.clear()
    this.watchers.clear()
  }

  add(subscription: Subscription): void {
    this.metrics.subscriptions.inc()
    if (subscription.topic === 'blocks') this.blocks.add(subscription)
    for (const key of subscription.watched) {
      const others = this.watchers.get(key)
      if (others === undefined) this.watchers.set(key, new Set([subscription]))
      else others.add(subscription)
    }
  }

  remove(subscription: Subscription): void {
    this.metrics.subscriptions.dec()
    this.blocks.delete(subscription)
    for (const key of subscription.watched) this.unwatch(subscription, key)
  }

  unwatch(subscription: Subscription, key: string): void {
    const others = this.watchers.get(key)
    others?.delete(subscription)
    if (others?.size === 0) this.watchers.delete(key)
  }

  private publish(notice: ExecutedNotice): void {
    if (this.blocks.size > 0) {
      const block = JSON.stringify(headerView(notice.header, notice.hash))
      for (const subscription of this.blocks) subscription.client.deliver(subscription, block)
    }
    if (this.watchers.size === 0) return
    for (const [index, receipt] of notice.receipts.entries()) this.publishReceipt(notice.height, index, receipt)
  }

  /** Looks for watched ids and addresses among the 32-byte strings of a receipt, without decoding it. */
  private publishReceipt(height: number, index: number, receipt: Uint8Array): void {
    const interested = new Set<Subscription>()
    const last = receipt.length - WATCH_BYTES
    for (
      let at = receipt.indexOf(HEAD_OF_32[0]);
      at >= 0 && at + 2 <= last;
      at = receipt.indexOf(HEAD_OF_32[0], at + 1)
    ) {
      if (receipt[at + 1] !== HEAD_OF_32[1]) continue
      const isId = at + 2 === ID_OFFSET
      for (const one of this.watchers.get(mapKey(receipt.subarray(at + 2, at + 2 + WATCH_BYTES))) ?? []) {
        if (isId === (one.topic === 'transactions')) interested.add(one)
      }
    }
    if (interested.size === 0) return
    const text = JSON.stringify({
      height,
      index,
      receipt: receiptView(receipt, this.abiOf, this.verificationOf(height)),
    })
    const id = mapKey(receipt.subarray(ID_OFFSET, ID_OFFSET + WATCH_BYTES))
    for (const subscription of interested) {
      if (subscription.topic === 'transactions') {
        // A transaction has one receipt: nothing more will come.
        subscription.watched.delete(id)
        this.unwatch(subscription, id)
        subscription.client.forget(1)
      }
      subscription.client.deliver(subscription, text)
    }
  }
}

/** One WebSocket client's subscriptions, bounded in number, in what they watch, and in what waits to be sent. */
export class SubscribedClient {
  private readonly hub: SubscriptionHub
  private readonly sink: NewsSink
  private readonly metrics: RpcMetrics
  private readonly own = new Map<number, Subscription>()
  private watching = 0
  private lastId = 0
  private isCut = false

  constructor(hub: SubscriptionHub, sink: NewsSink, metrics: RpcMetrics) {
    this.hub = hub
    this.sink = sink
    this.metrics = metrics
  }

  /** `chain_subscribe`. Throws RPC_PARAMS or RPC_TOO_MANY_SUBSCRIPTIONS. */
  subscribe(params: unknown): { subscription: number } {
    const parsed = subscribeParams.safeParse(params)
    if (!parsed.success) throw wrongParams(parsed.error.issues[0]?.message ?? 'wrong')
    const { topic, ids, address } = parsed.data
    if ((topic === 'transactions') !== (ids !== undefined) || (topic === 'account') !== (address !== undefined)) {
      throw wrongParams('`ids` belongs to topic transactions, `address` to topic account')
    }
    const watched = new Set((ids ?? []).map((id) => mapKey(fromHex(id))))
    if (address !== undefined) watched.add(mapKey(addressOf(address)))
    if (this.own.size >= MAX_SUBSCRIPTIONS_PER_SOCKET || this.watching + watched.size > MAX_WATCHED_PER_SOCKET) {
      throw new SmartshareError(
        'RPC_TOO_MANY_SUBSCRIPTIONS',
        `a client has at most ${MAX_SUBSCRIPTIONS_PER_SOCKET} subscriptions and ${MAX_WATCHED_PER_SOCKET} watched ids`,
      )
    }
    this.lastId += 1
    const subscription: Subscription = { id: this.lastId, topic, client: this, watched }
    this.own.set(subscription.id, subscription)
    this.watching += watched.size
    this.hub.add(subscription)
    return { subscription: subscription.id }
  }

  /** `chain_unsubscribe`. Throws RPC_PARAMS. */
  unsubscribe(params: unknown): { ended: boolean } {
    const parsed = unsubscribeParams.safeParse(params)
    if (!parsed.success) throw wrongParams(parsed.error.issues[0]?.message ?? 'wrong')
    const subscription = this.own.get(parsed.data.subscription)
    if (subscription === undefined) return { ended: false }
    this.end(subscription)
    return { ended: true }
  }

  /** Sends news, or cuts the client if it does not keep up. */
  deliver(subscription: Subscription, result: string): void {
    if (this.isCut) return
    if (this.sink.unsentBytes() > MAX_UNSENT_BYTES) {
      this.isCut = true
      this.metrics.cut.inc()
      this.close()
      this.sink.cut()
      return
    }
    const { id, topic } = subscription
    this.sink.send(
      `{"jsonrpc":"2.0","method":"chain_subscription","params":{"subscription":${id},"topic":"${topic}","result":${result}}}`,
    )
    // When all its transactions are reported, a subscription has done its work.
    if (topic === 'transactions' && subscription.watched.size === 0) this.end(subscription)
  }

  /** Watched ids that were reported. */
  forget(count: number): void {
    this.watching -= count
  }

  close(): void {
    for (const subscription of this.own.values()) this.hub.remove(subscription)
    this.own.clear()
    this.watching = 0
  }

  private end(subscription: Subscription): void {
    this.own.delete(subscription.id)
    this.watching -= subscription.watched.size
    this.hub.remove(subscription)
  }
}
