import type { WebSocket } from 'ws'
import type { Dispatcher } from './dispatch.ts'
import { MAX_ACTIVE_PER_SOCKET, MAX_UNSENT_BYTES } from './limits.ts'
import type { RpcMetrics } from './metrics.ts'
import { SubscribedClient, type SubscriptionHub } from './subscriptions.ts'

/** WebSocket status (RFC 6455 §7.4.1, IANA registry): try again later. */
const TRY_AGAIN_LATER = 1013
const GOING_AWAY = 1001

/** One WebSocket client: its calls, its subscriptions, and the bounds on both. */
export class SocketClient {
  private readonly socket: WebSocket
  private readonly client: SubscribedClient
  private readonly dispatcher: Dispatcher
  private readonly own: ReadonlyMap<string, (params: unknown) => unknown>
  private active = 0
  private isAlive = true

  constructor(socket: WebSocket, dispatcher: Dispatcher, hub: SubscriptionHub, metrics: RpcMetrics) {
    this.socket = socket
    this.dispatcher = dispatcher
    const sink = {
      send: (text: string) => this.send(text),
      unsentBytes: () => socket.bufferedAmount,
      cut: () => this.cut(),
    }
    const client = new SubscribedClient(hub, sink, metrics)
    this.client = client
    this.own = new Map<string, (params: unknown) => unknown>([
      ['chain_subscribe', (params) => client.subscribe(params)],
      ['chain_unsubscribe', (params) => client.unsubscribe(params)],
    ])
    socket.on('message', (data: Buffer) => void this.receive(data))
    socket.on('pong', () => {
      this.isAlive = true
    })
    socket.on('close', () => client.close())
    // A broken connection also closes, and closing is what matters here.
    socket.on('error', () => socket.terminate())
  }

  /** Asks for a sign of life, and ends a client that gave none since the last time. */
  ping(): void {
    if (!this.isAlive) this.socket.terminate()
    else {
      this.isAlive = false
      this.socket.ping()
    }
  }

  close(): void {
    this.client.close()
    this.socket.close(GOING_AWAY, 'the node is stopping')
  }

  /** Ends a client of a node that cannot go on. */
  halt(): void {
    this.client.close()
    this.socket.close(TRY_AGAIN_LATER, 'NODE_HALTED')
  }

  terminate(): void {
    this.socket.terminate()
  }

  private async receive(message: Buffer): Promise<void> {
    this.active += 1
    // What a client sends beyond this waits in its own connection.
    if (this.active >= MAX_ACTIVE_PER_SOCKET) this.socket.pause()
    const answer = await this.dispatcher.answer(message, this.own)
    this.active -= 1
    if (this.active < MAX_ACTIVE_PER_SOCKET && this.socket.isPaused) this.socket.resume()
    if (answer === undefined) return
    if (this.socket.bufferedAmount > MAX_UNSENT_BYTES) this.cut()
    else this.send(answer)
  }

  private send(text: string): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(text)
  }

  private cut(): void {
    this.client.close()
    this.socket.close(TRY_AGAIN_LATER, 'RPC_SLOW_CLIENT')
    // The close frame stands behind all that the client does not read.
    this.socket.terminate()
  }
}
