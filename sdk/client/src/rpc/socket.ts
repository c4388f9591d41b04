import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'
import { Backoff } from './backoff.ts'

const FIRST_WAIT_MS = 200
const MOST_WAIT_MS = 10_000
const MAX_MESSAGE_CHARACTERS = 8 * 1024 * 1024

const newsSchema = z.object({
  method: z.literal('chain_subscription'),
  params: z.object({ subscription: z.int(), result: z.unknown() }),
})
const answerSchema = z.object({ id: z.int(), result: z.object({ subscription: z.int() }).optional() })

/** What hears news, over any number of connections one after the other. */
export interface NewsListener {
  /** Parameters of the subscriptions that it wants at every new connection. */
  wanted(): readonly object[]
  onNews(result: unknown): void
  /** There is a new connection: news may have been missed before it. */
  onConnected(): void
}

interface Subscription {
  readonly listener: NewsListener
  /** Its numbers on the present connection. */
  readonly remotes: Set<number>
}

/**
 * Subscriptions over WebSocket. They only wake: whoever must not miss anything asks over HTTP after every connect
 * and takes news as a hint. Reconnects by itself, to the next node each time.
 */
export class NewsSocket {
  private readonly urls: readonly string[]
  private readonly subscriptions = new Set<Subscription>()
  private readonly asked = new Map<number, Subscription>()
  private readonly backoff = new Backoff(FIRST_WAIT_MS, MOST_WAIT_MS)
  private socket: WebSocket | undefined
  private retry: ReturnType<typeof setTimeout> | undefined
  private current = 0
  private lastId = 0
  private closed = false

  constructor(urls: readonly string[]) {
    if (!urls.every((url) => URL.canParse(url) && /^wss?:/.test(url))) {
      throw new SmartshareError('RPC_URL', 'addresses of nodes for news look like ws://127.0.0.1:21000/ws')
    }
    this.urls = urls
  }

  /** True if there is a node to hear news from. */
  get isUsable(): boolean {
    return this.urls.length > 0
  }

  /** Hears news until `end`. `ask` adds a subscription on the present connection; later ones come from `wanted`. */
  listen(listener: NewsListener): { ask: (params: object) => void; end: () => void } {
    const subscription: Subscription = { listener, remotes: new Set() }
    this.subscriptions.add(subscription)
    if (this.socket === undefined && this.retry === undefined) this.connect()
    else for (const params of listener.wanted()) this.ask(subscription, params)
    return {
      ask: (params) => this.ask(subscription, params),
      end: () => {
        this.subscriptions.delete(subscription)
        for (const remote of subscription.remotes) this.send('chain_unsubscribe', { subscription: remote })
        if (this.subscriptions.size === 0) this.disconnect()
      },
    }
  }

  close(): void {
    this.closed = true
    this.subscriptions.clear()
    this.disconnect()
  }

  private disconnect(): void {
    clearTimeout(this.retry)
    this.retry = undefined
    const { socket } = this
    this.socket = undefined
    this.asked.clear()
    socket?.close()
  }

  private connect(): void {
    this.retry = undefined
    if (this.closed || !this.isUsable || this.subscriptions.size === 0) return
    const socket = new WebSocket(this.urls[this.current] as string)
    this.socket = socket
    socket.onopen = () => {
      if (this.socket !== socket) return
      this.backoff.reset()
      for (const subscription of this.subscriptions) {
        subscription.remotes.clear()
        for (const params of subscription.listener.wanted()) this.ask(subscription, params)
        subscription.listener.onConnected()
      }
    }
    socket.onmessage = ({ data }) => {
      if (this.socket === socket && typeof data === 'string' && data.length <= MAX_MESSAGE_CHARACTERS) this.hear(data)
    }
    socket.onerror = () => undefined
    socket.onclose = () => {
      if (this.socket !== socket) return
      this.socket = undefined
      this.asked.clear()
      this.current = (this.current + 1) % this.urls.length
      this.retry = setTimeout(() => this.connect(), this.backoff.next())
    }
  }

  private ask(subscription: Subscription, params: object): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return
    this.asked.set(this.send('chain_subscribe', params), subscription)
  }

  private send(method: string, params: object): number {
    this.lastId += 1
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ jsonrpc: '2.0', id: this.lastId, method, params }))
    }
    return this.lastId
  }

  private hear(text: string): void {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return
    }
    const news = newsSchema.safeParse(json)
    if (news.success) {
      const { subscription: remote, result } = news.data.params
      for (const { remotes, listener } of this.subscriptions) if (remotes.has(remote)) listener.onNews(result)
      return
    }
    const answer = answerSchema.safeParse(json)
    if (!answer.success) return
    const subscription = this.asked.get(answer.data.id)
    this.asked.delete(answer.data.id)
    if (answer.data.result !== undefined) subscription?.remotes.add(answer.data.result.subscription)
  }
}
