import { z } from 'zod'
import { rpcUrl, type Seat, statusUrl } from './layout.ts'

const PROBE_TIMEOUT_MS = 2_000
const MAX_ANSWER_BYTES = 1024 * 1024

const chainStatus = z.object({
  result: z.object({
    chainId: z.string(),
    height: z.int(),
    final: z.int(),
    stateRoot: z.string(),
    txPerSecond: z.number(),
    peers: z.int(),
  }),
})

/** What a delegate says of itself. */
export type DelegateView = z.output<typeof chainStatus>['result']

const health = z.object({ problem: z.string().nullable(), state: z.string().optional() })

const agentStatus = z.object({
  chainId: z.string(),
  storedBytes: z.number().nonnegative(),
  offer: z.string().nullable(),
})

/** What a provider says of itself: bytes that it keeps for others, and the id of its offer on the chain. */
export type ProviderView = z.output<typeof agentStatus>

const indexStatus = z.object({ chainId: z.string(), height: z.int(), lag: z.int().nullable() })

/** What an indexer says of itself: its latest block, and how many the chain is ahead. */
type IndexerView = z.output<typeof indexStatus>

/** What keeps the process of a seat from being well, in its own words; null if nothing does. Never throws. */
export async function illnessOf(seat: Seat): Promise<string | null> {
  const answer = await ask(`${statusUrl(seat)}/health`)
  if (answer === undefined) return 'does not answer'
  const said = health.safeParse(answer.value).data
  // An index that is being filled answers questions already.
  return answer.ok || said?.state === 'rebuilding' ? null : (said?.problem ?? 'is not well')
}

/** Undefined while the delegate does not answer. Never throws. */
export async function probeDelegate(seat: Seat): Promise<DelegateView | undefined> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_status', params: {} })
  const headers = { 'content-type': 'application/json' }
  const answer = await ask(rpcUrl(seat), { method: 'POST', headers, body })
  return chainStatus.safeParse(answer?.value).data?.result
}

/** Undefined while the provider does not answer. Never throws. */
export async function probeProvider(seat: Seat): Promise<ProviderView | undefined> {
  const answer = await ask(`${statusUrl(seat)}/status`)
  return agentStatus.safeParse(answer?.value).data
}

/** Undefined while the indexer does not answer. Never throws. */
export async function probeIndexer(seat: Seat): Promise<IndexerView | undefined> {
  return indexStatus.safeParse((await ask(`${statusUrl(seat)}/v1/status`))?.value).data
}

/** Undefined for a process that does not answer in time, or with something else than a little JSON. */
async function ask(url: string, request: RequestInit = {}): Promise<{ ok: boolean; value: unknown } | undefined> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    const text = await response.text()
    return text.length > MAX_ANSWER_BYTES ? undefined : { ok: response.ok, value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
