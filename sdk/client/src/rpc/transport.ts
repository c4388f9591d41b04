import { SmartshareError } from '@smartshare/codec'
import type { z } from 'zod'
import { Backoff, sleep } from './backoff.ts'
import { errorOfFailure, strangeAnswer } from './rpc-error.ts'

const DEFAULT_TIMEOUT_MS = 15_000
const FIRST_WAIT_MS = 100
const MOST_WAIT_MS = 3000
const LEAST_ATTEMPTS = 5
const MAX_URLS = 32
/** An answer may hold the transactions of a whole block in base64, or a batch of pages. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
/** A node that says this has done nothing of what it was asked. */
const NOTHING_DONE = new Set(['RPC_BUSY', 'NODE_HALTED'])
/** Calls in one batch; nodes take no more. */
export const MAX_BATCH_CALLS = 100

export interface TransportOptions {
  /** Nodes to ask, `http://…`; the next one takes over when one does not answer. */
  readonly urls: readonly string[]
  /** Time that one node gets for one answer. */
  readonly timeoutMs?: number
  /** Times to try in all; every node is tried at least once. */
  readonly attempts?: number
  readonly signal?: AbortSignal
}

/** One call: its method, its parameters and the shape of its answer. */
export interface RpcCall<T = unknown> {
  readonly method: string
  readonly params: Record<string, unknown>
  readonly answer: z.ZodType<T>
}

/** What came of one call of a batch. */
export type RpcOutcome<T> = { readonly value: T } | { readonly error: SmartshareError }

/**
 * JSON-RPC over HTTP with several nodes. Every method may be repeated without harm (a submit of the same bytes too), so
 * a call whose answer was lost is simply sent again.
 */
export class HttpTransport {
  private readonly urls: readonly string[]
  private readonly timeoutMs: number
  private readonly attempts: number
  private readonly signal: AbortSignal | undefined
  private current = 0
  private lastId = 0

  constructor({ urls, timeoutMs = DEFAULT_TIMEOUT_MS, attempts, signal }: TransportOptions) {
    if (urls.length === 0 || urls.length > MAX_URLS || !urls.every((url) => URL.canParse(url))) {
      throw new SmartshareError('RPC_URL', `1 … ${MAX_URLS} addresses of nodes like http://127.0.0.1:21000 are needed`)
    }
    this.urls = urls
    this.timeoutMs = timeoutMs
    this.attempts = Math.max(urls.length, attempts ?? LEAST_ATTEMPTS)
    this.signal = signal
  }

  /** The node that is asked now. */
  get url(): string {
    return this.urls[this.current] as string
  }

  /**
   * The answer to one call. Throws the node's own code, RPC_UNREACHABLE or RPC_ANSWER. `onLost` hears of every attempt
   * whose answer was lost, so that the node may have done what it was asked for.
   */
  async call<T>(call: RpcCall<T>, onLost: () => void = () => undefined): Promise<T> {
    const message = this.message(call)
    const raw = await this.exchange(JSON.stringify(message), onLost)
    const outcome = outcomeOf(call, message.id, raw, this.url)
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** The answers to up to MAX_BATCH_CALLS calls, in their order. Throws as `call` when there was no answer at all. */
  async batch<T>(calls: readonly RpcCall<T>[]): Promise<RpcOutcome<T>[]> {
    if (calls.length === 0) return []
    const messages = calls.map((call) => this.message(call))
    const raw = await this.exchange(JSON.stringify(messages), () => undefined)
    if (!Array.isArray(raw)) throw errorOfFailure((raw as { error?: unknown } | null)?.error, this.url)
    const byId = new Map(raw.map((answer) => [(answer as { id?: unknown } | null)?.id, answer]))
    return calls.map((call, i) => {
      const id = messages[i]!.id
      return outcomeOf(call, id, byId.get(id), this.url)
    })
  }

  private message({ method, params }: RpcCall): { jsonrpc: '2.0'; id: number; method: string; params: unknown } {
    this.lastId += 1
    return { jsonrpc: '2.0', id: this.lastId, method, params }
  }

  /** Sends the same body until a node answers it. */
  private async exchange(body: string, onLost: () => void): Promise<unknown> {
    const backoff = new Backoff(FIRST_WAIT_MS, MOST_WAIT_MS)
    let last: SmartshareError | undefined
    for (let attempt = 0; attempt < this.attempts; attempt++) {
      // Each node is asked once before any is waited for.
      if (attempt >= this.urls.length) await sleep(backoff.next(), this.signal)
      if (this.signal?.aborted) throw new SmartshareError('CLIENT_CLOSED', 'the client was closed')
      try {
        return await this.post(body)
      } catch (error) {
        if (!SmartshareError.is(error)) throw error
        last = error
        if (!NOTHING_DONE.has(error.code) && error.details.refused !== true) onLost()
        this.current = (this.current + 1) % this.urls.length
      }
    }
    throw last ?? new SmartshareError('RPC_UNREACHABLE', 'no node answers')
  }

  private async post(body: string): Promise<unknown> {
    const { url } = this
    const timeout = AbortSignal.timeout(this.timeoutMs)
    const signal = this.signal === undefined ? timeout : AbortSignal.any([timeout, this.signal])
    const headers = { 'content-type': 'application/json' }
    let status: number
    let text: string
    try {
      const response = await fetch(url, { method: 'POST', body, headers, signal })
      status = response.status
      text = await readBounded(response, url)
    } catch (error) {
      if (SmartshareError.is(error)) throw error
      if (this.signal?.aborted) throw new SmartshareError('CLIENT_CLOSED', 'the client was closed')
      const why = timeout.aborted ? `no answer within ${this.timeoutMs} ms` : reasonOf(error)
      const details = { node: url, refused: why === 'ECONNREFUSED' }
      throw new SmartshareError('RPC_UNREACHABLE', `no node answers at ${url}: ${why}`, details, error)
    }
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      throw strangeAnswer(url, `status ${status} without JSON`)
    }
    // A busy or ill node says so for the whole request: another one may do better.
    if (status >= 500) throw errorOfFailure((json as { error?: unknown } | null)?.error, url)
    return json
  }
}

function outcomeOf<T>(call: RpcCall<T>, id: number, raw: unknown, node: string): RpcOutcome<T> {
  const answer = raw as { id?: unknown; result?: unknown; error?: unknown } | null | undefined
  if (answer?.error !== undefined) return { error: errorOfFailure(answer.error, node) }
  if (answer === null || answer === undefined || answer.id !== id) {
    return { error: strangeAnswer(node, `nothing for ${call.method}`) }
  }
  try {
    const parsed = call.answer.safeParse(answer.result)
    if (parsed.success) return { value: parsed.data }
    const [issue] = parsed.error.issues
    return { error: strangeAnswer(node, `${call.method}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`) }
  } catch (error) {
    // Shapes that turn texts into addresses or bytes throw for what is neither.
    if (SmartshareError.is(error)) return { error: strangeAnswer(node, `${call.method}: ${error.message}`) }
    throw error
  }
}

async function readBounded(response: Response, node: string): Promise<string> {
  if (response.body === null) return ''
  // By a reader: not every browser can walk over a stream with `for await`.
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let sizeBytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    sizeBytes += value.length
    if (sizeBytes > MAX_ANSWER_BYTES) {
      reader.cancel().catch(() => undefined)
      throw strangeAnswer(node, `more than ${MAX_ANSWER_BYTES} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** What the platform says about a failed connection: `fetch` hides it in the cause. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown; message?: unknown } } | null)?.cause
  return String(cause?.code ?? cause?.message ?? (error as Error | null)?.message ?? 'unknown')
}
