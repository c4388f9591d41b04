import { type ChainStatus, RpcClient } from '@smartshare/client'
import type { PlainError } from '../../worker/protocol.ts'
import { plainError } from '../../worker/serve.ts'

const TIMEOUT_MS = 5000

/** What one node says of itself, or why it says nothing. */
export interface NodeReport {
  readonly url: string
  readonly status: ChainStatus | null
  /** From the question to the whole answer. */
  readonly answerMs: number
  readonly error: PlainError | null
}

/** Asks every node how it is, each by itself: one that is away says nothing about the others. */
export function nodes(urls: readonly string[]): Promise<NodeReport[]> {
  return Promise.all(urls.map(report))
}

async function report(url: string): Promise<NodeReport> {
  const beganMs = performance.now()
  const elapsedMs = () => Math.round(performance.now() - beganMs)
  try {
    const status = await new RpcClient({ urls: [url], timeoutMs: TIMEOUT_MS, attempts: 1 }).status()
    return { url, status, answerMs: elapsedMs(), error: null }
  } catch (error) {
    return { url, status: null, answerMs: elapsedMs(), error: plainError(error) }
  }
}
