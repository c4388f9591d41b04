import { SmartshareError } from '@smartshare/codec'
import { errorOfRefusal, strangeAnswer } from '../rpc/rpc-error.ts'
import {
  type IndexerAnswer,
  type IndexerParams,
  type IndexerQuery,
  type IndexerRouteName,
  indexerRoutes,
} from './routes.ts'
import { failure } from './shapes.ts'

const DEFAULT_TIMEOUT_MS = 15_000

export interface IndexerClientOptions {
  /** `http://127.0.0.1:21910`, for example. */
  readonly url: string
  readonly timeoutMs?: number
}

/** Questions to an indexer, typed; answers are checked, amounts are bigint. For balances ask a node: an index proves nothing. */
export class IndexerClient {
  private readonly url: string
  private readonly timeoutMs: number

  /** Throws INDEX_URL. */
  constructor({ url, timeoutMs = DEFAULT_TIMEOUT_MS }: IndexerClientOptions) {
    if (!URL.canParse(url)) throw new SmartshareError('INDEX_URL', 'an address like http://127.0.0.1:21910 is needed')
    this.url = url.replace(/\/+$/, '')
    this.timeoutMs = timeoutMs
  }

  /** Where a question is asked, with `format` csv the address of a file to download. */
  urlOf<N extends IndexerRouteName>(name: N, params: IndexerParams<N>, query: IndexerQuery<N> = {}): string {
    const path = indexerRoutes[name].path.replace(/\{(\w+)\}/g, (_, key: string) =>
      encodeURIComponent(String((params as Record<string, unknown>)[key])),
    )
    const words = new URLSearchParams()
    for (const [key, value] of Object.entries(query)) if (value !== undefined) words.set(key, String(value))
    const search = words.toString()
    return `${this.url}${path}${search && `?${search}`}`
  }

  /** Throws the indexer's own code, INDEX_UNREACHABLE or RPC_ANSWER. */
  async get<N extends IndexerRouteName>(
    name: N,
    params: IndexerParams<N>,
    query: IndexerQuery<N> = {},
    signal?: AbortSignal,
  ): Promise<IndexerAnswer<N>> {
    const url = this.urlOf(name, params, query)
    const timeout = AbortSignal.timeout(this.timeoutMs)
    let value: unknown
    let ok: boolean
    try {
      const response = await fetch(url, { signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) })
      ok = response.ok
      value = await response.json()
    } catch (error) {
      throw new SmartshareError('INDEX_UNREACHABLE', `no indexer answers at ${this.url}`, { url: this.url }, error)
    }
    if (!ok) {
      const refused = failure.safeParse(value)
      throw refused.success ? errorOfRefusal(refused.data.error) : strangeAnswer(url, 'a refusal without a code')
    }
    const parsed = indexerRoutes[name].answer.safeParse(value)
    if (parsed.success) return parsed.data as IndexerAnswer<N>
    const [issue] = parsed.error.issues
    throw strangeAnswer(url, `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  }
}
