/** A node that is paused answers nothing for as long as it likes. */
const TIMEOUT_MS = 10_000
export const MOST_CALLS = 100

export type Call = readonly [method: string, params: object]

/** One batch of at most MOST_CALLS calls; an answer is undefined if that call failed. Throws if nobody answers. */
export async function callBatch<T>(
  url: string,
  calls: readonly Call[],
  timeoutMs = TIMEOUT_MS,
): Promise<(T | undefined)[]> {
  const body = calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }))
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const results = (await answer.json()) as { id: number; result?: T }[]
  if (!Array.isArray(results)) throw new Error(`${url}: ${JSON.stringify(results).slice(0, 400)}`)
  const byId = new Map(results.map(({ id, result }) => [id, result]))
  return calls.map((_, id) => byId.get(id))
}

/** Throws if the call fails or nobody answers. */
export async function callOne<T>(url: string, method: string, params: object = {}, timeoutMs = TIMEOUT_MS): Promise<T> {
  const [result] = await callBatch<T>(url, [[method, params]], timeoutMs)
  if (result === undefined) throw new Error(`${url}: ${method} failed`)
  return result
}

export interface Status {
  readonly height: number
  readonly final: number
  readonly hash: string
  readonly stateRoot: string
  readonly term: number
  readonly slot: number
  readonly supplyGrains: string
  readonly mempoolTransactions: number
  readonly peers: number
}
