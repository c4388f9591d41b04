import { SmartshareError } from '@smartshare/codec'
import { errorOfRefusal, strangeAnswer } from '../rpc/rpc-error.ts'
import {
  type AgentAnswer,
  type AgentParams,
  type AgentQuery,
  type AgentRouteName,
  agentRoutes,
  PAIRING_TOKEN,
} from './routes.ts'
import { agentRefusal } from './shapes.ts'

const DEFAULT_TIMEOUT_MS = 30_000
/** What changes something waits for the chain. */
const CHANGE_TIMEOUT_MS = 110_000

export interface AgentClientOptions {
  /** `http://127.0.0.1:21920`, for example. */
  readonly url: string
  /** What `smartshare agent pair` shows. */
  readonly token: string
  readonly timeoutMs?: number
}

/** What a request needs that a caller sends by itself, to see its progress. */
export interface AgentRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Questions to the owner's agent on the same machine, typed; answers are checked. */
export class AgentClient {
  private readonly url: string
  private readonly token: string
  private readonly timeoutMs: number

  /** Throws AGENT_URL, AGENT_TOKEN. */
  constructor({ url, token, timeoutMs = DEFAULT_TIMEOUT_MS }: AgentClientOptions) {
    if (!URL.canParse(url)) throw new SmartshareError('AGENT_URL', 'an address like http://127.0.0.1:21920 is needed')
    if (!PAIRING_TOKEN.test(token)) throw new SmartshareError('AGENT_TOKEN', 'this is not a pairing token')
    this.url = url.replace(/\/+$/, '')
    this.token = token
    this.timeoutMs = timeoutMs
  }

  /** How a question is asked; `put` wants the file as its body. */
  request<N extends AgentRouteName>(name: N, params: AgentParams<N>, query: AgentQuery<N> = {}): AgentRequest {
    const { method, path } = agentRoutes[name]
    const place = path.replace(/\{(\w+)\}/g, (_, key: string) =>
      encodeURIComponent(String((params as Record<string, unknown>)[key])),
    )
    const words = new URLSearchParams()
    for (const [key, value] of Object.entries(query)) if (value !== undefined) words.set(key, String(value))
    const search = words.toString()
    return {
      method,
      url: `${this.url}${place}${search && `?${search}`}`,
      headers: { authorization: `Bearer ${this.token}` },
    }
  }

  /** Throws the agent's own code, AGENT_UNREACHABLE or RPC_ANSWER. */
  async ask<N extends Exclude<AgentRouteName, 'put' | 'content' | 'download'>>(
    name: N,
    params: AgentParams<N>,
    query: AgentQuery<N> = {},
    signal?: AbortSignal,
  ): Promise<AgentAnswer<N>> {
    const response = await this.fetch(this.request(name, params, query), {
      signal: this.until(signal, agentRoutes[name].method === 'GET' ? this.timeoutMs : CHANGE_TIMEOUT_MS),
    })
    return this.read(name, response.status, await this.text(response))
  }

  /** Stores a file; returns when the agent has all its bytes. `upload`: 16 random bytes in hexadecimal. Throws as `ask`. */
  async put(
    upload: string,
    body: Blob | Uint8Array<ArrayBuffer>,
    query: AgentQuery<'put'> = {},
    signal?: AbortSignal,
  ): Promise<AgentAnswer<'put'>> {
    const response = await this.fetch(this.request('put', { upload }, query), { body, ...(signal && { signal }) })
    return this.read('put', response.status, await this.text(response))
  }

  /** The bytes of an object, or its first `mostBytes`. Throws as `ask`. */
  async content(object: string, mostBytes?: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const request = this.request('content', { object })
    const range = mostBytes === undefined ? {} : { range: `bytes=0-${mostBytes - 1}` }
    const response = await this.fetch(
      { ...request, headers: { ...request.headers, ...range } },
      signal === undefined ? {} : { signal },
    )
    if (!response.ok) throw refusalOf(this.url, await this.text(response))
    try {
      return new Uint8Array(await response.arrayBuffer())
    } catch (error) {
      throw this.unreachable(error)
    }
  }

  /** Where a ticket leads: an address that a browser opens once, without a token. */
  placeOf(ticket: AgentAnswer<'ticket'>): string {
    return `${this.url}${ticket.path}`
  }

  /** Checks what the agent answered to a request that a caller sent by itself. Throws as `ask`. */
  read<N extends AgentRouteName>(name: N, status: number, text: string): AgentAnswer<N> {
    if (status < 200 || status > 299) throw refusalOf(this.url, text)
    const parsed = agentRoutes[name].answer.safeParse(jsonOf(this.url, text))
    if (parsed.success) return parsed.data as AgentAnswer<N>
    const [issue] = parsed.error.issues
    throw strangeAnswer(this.url, `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  }

  /** The error for a request that nobody answered. */
  unreachable(cause: unknown): SmartshareError {
    return new SmartshareError('AGENT_UNREACHABLE', `no agent answers at ${this.url}`, { url: this.url }, cause)
  }

  private until(signal: AbortSignal | undefined, timeoutMs: number): AbortSignal {
    const timeout = AbortSignal.timeout(timeoutMs)
    return signal === undefined ? timeout : AbortSignal.any([timeout, signal])
  }

  private async fetch({ method, url, headers }: AgentRequest, more: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { method, headers, cache: 'no-store', credentials: 'omit', redirect: 'error', ...more })
    } catch (error) {
      throw this.unreachable(error)
    }
  }

  private async text(response: Response): Promise<string> {
    try {
      return await response.text()
    } catch (error) {
      throw this.unreachable(error)
    }
  }
}

function jsonOf(url: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw strangeAnswer(url, 'no JSON')
  }
}

function refusalOf(url: string, text: string): SmartshareError {
  const refused = agentRefusal.safeParse(jsonOf(url, text))
  return refused.success ? errorOfRefusal(refused.data.error) : strangeAnswer(url, 'a refusal without a code')
}
