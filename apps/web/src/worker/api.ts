import type { RpcClient } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { checkedEntry, checkedUnits, networkState, openNetwork } from './network.ts'
import { payments } from './payments.ts'
import { shared } from './shared.ts'
import { vault } from './vault.ts'

const FAUCET_PATH = '/faucet'

const network = {
  state: networkState,
  checkedUnits,
  checkedEntry,

  /** Asks the faucet of a local network for money. Throws WEB_FAUCET. */
  async askFaucet(address: string): Promise<{ tx: string; height: number }> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(FAUCET_PATH, { method: 'POST', headers, body: JSON.stringify({ address }) })
    const answer = (await response.json()) as { tx: string; height: number; error?: { code: string; message: string } }
    if (answer.error !== undefined) throw SmartshareError.fromPlain(answer.error)
    return answer
  },
}

const api = { network, payments, shared, vault }

/** What the page sees of the worker: its own functions, every method of a node, and functions that pages bring along. */
export type WorkerApi = typeof api & { readonly rpc: RpcClient }

// A page that needs more than nodes answer brings `pages/<page>/remote.ts`, whose exports are functions run in the worker.
const brought = import.meta.glob<Record<string, unknown>>('../pages/*/remote.ts')

/** The function at a path: `network.state`, `rpc.tokens.info`, `pages.explorer.decode`. */
export async function findFunction(path: readonly string[]): Promise<(...args: unknown[]) => unknown> {
  const [first = '', ...rest] = path
  const missing = new SmartshareError('WEB_FUNCTION', `the worker has no function ${path.join('.')}`)
  if (first === 'pages') {
    const [page = '', ...names] = rest
    const load = brought[`../pages/${page}/remote.ts`]
    if (load === undefined) throw missing
    return boundAt(await load(), names) ?? fail(missing)
  }
  if (first === 'rpc') return boundAt((await openNetwork()).client.rpc, rest) ?? fail(missing)
  return boundAt(api, path) ?? fail(missing)
}

function fail(error: SmartshareError): never {
  throw error
}

function boundAt(top: object, path: readonly string[]): ((...args: unknown[]) => unknown) | undefined {
  let owner: unknown = top
  let found: unknown = top
  for (const name of path) {
    if ((typeof found !== 'object' && typeof found !== 'function') || found === null || name in Object.prototype)
      return undefined
    owner = found
    found = (found as Record<string, unknown>)[name]
  }
  return typeof found === 'function' ? found.bind(owner) : undefined
}
