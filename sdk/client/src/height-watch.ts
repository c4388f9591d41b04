import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'
import { sleep } from './rpc/backoff.ts'
import type { RpcClient } from './rpc/rpc-client.ts'
import type { NewsSocket } from './rpc/socket.ts'

const POLL_MS = 300
const POLL_WITH_NEWS_MS = 3000
const newsSchema = z.object({ height: z.int().min(0) })

/** Waits for the chain to grow: by news where there are any, and by asking now and then in any case. */
export class HeightWatch {
  private readonly rpc: RpcClient
  private readonly news: NewsSocket
  private readonly signal: AbortSignal

  constructor(rpc: RpcClient, news: NewsSocket, signal: AbortSignal) {
    this.rpc = rpc
    this.news = news
    this.signal = signal
  }

  /** The executed height, again and again as it grows, until the consumer ends the walk or the client is closed. */
  async *heights(signal: AbortSignal = this.signal): AsyncGenerator<number> {
    let known = -1
    let wake = new AbortController()
    const see = (height: number) => {
      if (height <= latest) return
      latest = height
      wake.abort()
    }
    let latest = -1
    const listening = this.news.isUsable
      ? this.news.listen({
          wanted: () => [{ topic: 'blocks' }],
          onNews: (result) => {
            const parsed = newsSchema.safeParse(result)
            if (parsed.success) see(parsed.data.height)
          },
          onConnected: () => wake.abort(),
        })
      : undefined
    try {
      while (!signal.aborted && !this.signal.aborted) {
        if (latest <= known) await this.look(see)
        if (latest > known) {
          known = latest
          yield known
          continue
        }
        wake = new AbortController()
        const pauseMs = listening === undefined ? POLL_MS : POLL_WITH_NEWS_MS
        await sleep(pauseMs, AbortSignal.any([wake.signal, signal, this.signal]))
      }
    } finally {
      listening?.end()
    }
  }

  private async look(see: (height: number) => void): Promise<void> {
    try {
      see((await this.rpc.status()).height)
    } catch (error) {
      // Nodes may be away for a while: whoever walks on is told nothing new meanwhile.
      if (!SmartshareError.is(error)) throw error
    }
  }
}
