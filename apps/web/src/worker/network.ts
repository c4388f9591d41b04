import { Client, checkBalance, checkEntry, genesisState, Trust } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { fromHex } from '@smartshare/crypto'
import { decodeLightState, encodeLightState, type LightRules } from '@smartshare/light'
import { z } from 'zod'
import type { CheckedUnits, Lie, NetworkState } from './protocol.ts'
import { plainError, tell } from './serve.ts'
import { store } from './store.ts'

const SETTINGS_PATH = '/network.json'
const LOOK_MS = 1000
const TIMEOUT_MS = 8000
/** A proof of an older state is no answer to what is true now. */
const MAX_AGE_MS = 120_000
const MAX_LIES = 20
const SAVE_TRUST_MS = 5000

const settingsSchema = z.object({
  name: z.string().max(64),
  chainId: z.string().regex(/^[0-9a-f]{64}$/),
  rpc: z.array(z.url()).min(1).max(32),
  ws: z.array(z.url()).max(32),
  indexer: z.url().nullish(),
  agent: z.url().nullish(),
  faucet: z.boolean().optional(),
})
type Settings = z.output<typeof settingsSchema>

let settings: Settings | undefined
let session: { client: Client; trust: Trust } | undefined
let opening: Promise<{ client: Client; trust: Trust }> | undefined
let openedBefore: (() => void)[] = []
/** Nodes that lied, and are asked no more while there are others. */
const distrusted = new Set<string>()
let savedTrustMs = 0
let state: NetworkState = {
  phase: 'opening',
  name: '',
  chainId: '',
  node: '',
  nodes: [],
  hasFaucet: false,
  indexer: null,
  agent: null,
  height: 0,
  timeMs: 0,
  ageMs: 0,
  basePrice: 0n,
  healthy: true,
  lies: [],
  error: null,
}

/** Called each time that a client of the network is there. */
export function onOpened(listener: () => void): void {
  openedBefore = [...openedBefore, listener]
}

function become(change: Partial<NetworkState>): void {
  state = { ...state, ...change }
  tell({ news: 'network', state })
}

/** The network, once it is known; every question waits for this. Throws CLIENT_OTHER_NETWORK, RPC_*, WEB_NETWORK. */
export function openNetwork(): Promise<{ client: Client; trust: Trust }> {
  if (session !== undefined) return Promise.resolve(session)
  opening ??= open().finally(() => {
    opening = undefined
  })
  return opening
}

async function open() {
  try {
    settings ??= await readSettings()
    const { name, chainId, rpc, ws, indexer, agent, faucet } = settings
    const services = { indexer: indexer ?? null, agent: agent ?? null }
    become({ name, chainId, nodes: rpc, hasFaucet: faucet === true, ...services })
    const nodes = rpc.filter((url) => !distrusted.has(originOf(url)))
    const usable = nodes.length > 0 ? nodes : rpc
    const news = ws.filter((url) => usable.some((node) => new URL(node).host === new URL(url).host))
    const client = await Client.connect({
      rpc: usable,
      ws: news,
      chainId,
      timeoutMs: TIMEOUT_MS,
      attempts: usable.length,
    })
    const made = { client, trust: new Trust(await knownTrust(client)) }
    session = made
    become({ phase: 'open', node: originOf(client.rpc.url), error: null })
    for (const listener of openedBefore) listener()
    return made
  } catch (error) {
    const isWrong = SmartshareError.is(error, 'CLIENT_OTHER_NETWORK')
    const isMissing = SmartshareError.is(error, 'WEB_NETWORK')
    become({ phase: isWrong ? 'wrong' : isMissing ? 'missing' : 'away', error: plainError(error) })
    throw error
  }
}

async function readSettings(): Promise<Settings> {
  try {
    const response = await fetch(SETTINGS_PATH, { cache: 'no-store' })
    return settingsSchema.parse(await response.json())
  } catch (error) {
    throw new SmartshareError('WEB_NETWORK', 'nothing says which network this app opens', {}, error)
  }
}

/** What was believed when the app was open last, if it still can be read; otherwise trust begins with genesis. */
async function knownTrust(client: Client) {
  const first = genesisState(client.genesis)
  const kept = await (await store()).get('trust', state.chainId)
  if (kept === undefined) return first
  try {
    return decodeLightState(kept.state)
  } catch {
    return first
  }
}

async function saveTrust(trust: Trust): Promise<void> {
  if (Date.now() - savedTrustMs < SAVE_TRUST_MS) return
  savedTrustMs = Date.now()
  await (await store()).put('trust', { chainId: state.chainId, state: encodeLightState(trust.latest) })
}

/** Looks at the chain again and again, and tells the page. */
export async function watchNetwork(): Promise<never> {
  for (;;) {
    try {
      const { client } = await openNetwork()
      const { height, timeMs, basePrice, healthy, chainId } = await client.rpc.status()
      if (chainId !== state.chainId) {
        become({ phase: 'wrong' })
      } else {
        const ageMs = Date.now() - timeMs
        become({
          phase: 'open',
          error: null,
          height,
          timeMs,
          ageMs,
          basePrice,
          healthy,
          node: originOf(client.rpc.url),
        })
      }
    } catch (error) {
      if (state.phase === 'open' || state.phase === 'opening') become({ phase: 'away', error: plainError(error) })
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** The network that is meant, also while none of its nodes answers. Throws WEB_NETWORK. */
export async function meantChainId(): Promise<string> {
  settings ??= await readSettings()
  return settings.chainId
}

/** The local API of the owner's agent; null where the app knows none. Throws WEB_NETWORK. */
export async function agentUrl(): Promise<string | null> {
  settings ??= await readSettings()
  return settings.agent ?? null
}

export function networkState(): NetworkState {
  return state
}

/**
 * What a check of the light client finds out. A node that cannot prove what it tells is named, and others are asked instead while there
 * are any. `subject` says what is asked for. Throws PROOF_* where every node lies, LIGHT_*, RPC_*.
 */
export async function checked<T>(
  subject: string,
  check: (client: Client, trust: Trust, rules: LightRules) => Promise<T>,
): Promise<T> {
  const { client, trust } = await openNetwork()
  const node = originOf(client.rpc.url)
  try {
    const found = await check(client, trust, {
      nowMs: Date.now(),
      leastHeight: trust.latest.height,
      maxAgeMs: MAX_AGE_MS,
    })
    await saveTrust(trust)
    return found
  } catch (error) {
    const isLie = SmartshareError.is(error) && error.code.startsWith('PROOF_')
    if (!isLie || !(await distrust({ node, code: error.code, subject, atMs: Date.now() }))) throw error
    return await checked(subject, check)
  }
}

/** A balance as the light client knows it, or as it was told where nothing proves it. Throws RPC_* where nothing is known at all. */
export async function checkedUnits(address: string, token = 'SSP'): Promise<CheckedUnits> {
  try {
    return await checked(address, async (client, trust, rules) => {
      const { grains, height } = await checkBalance(client.rpc, trust, address, { ...rules, token })
      return { state: 'verified', units: grains, height, code: null, node: originOf(client.rpc.url) }
    })
  } catch (error) {
    if (!SmartshareError.is(error)) throw error
    const { code } = error
    const isLie = code.startsWith('PROOF_')
    if (!isLie && !code.startsWith('LIGHT_') && code !== 'RPC_NOT_READY') throw error
    const { client } = await openNetwork()
    const told = await toldUnits(client, address, token)
    return { state: isLie ? 'lie' : 'unverified', ...told, code, node: originOf(client.rpc.url) }
  }
}

/** The value of any entry of the state (docs/spec/light.md), by its key in hexadecimal; null if there is none. Throws as `checked`. */
export async function checkedEntry(key: string): Promise<{ value: Uint8Array | null; height: number }> {
  return await checked(key, async (client, trust, rules) => {
    const { value, height } = await checkEntry(client.rpc, trust, fromHex(key), rules)
    return { value: value ?? null, height }
  })
}

async function toldUnits(client: Client, address: string, token: string) {
  const { amount, height } = await client.rpc.tokens.balance(address, token)
  return { units: amount, height }
}

/** Remembers a lie; true if there is another node to ask. */
async function distrust(lie: Lie): Promise<boolean> {
  become({
    lies: [lie, ...state.lies.filter(({ node, code }) => node !== lie.node || code !== lie.code)].slice(0, MAX_LIES),
  })
  distrusted.add(lie.node)
  const hasOther = state.nodes.some((url) => !distrusted.has(originOf(url)))
  if (!hasOther) return false
  session?.client.close()
  session = undefined
  return true
}

function originOf(url: string): string {
  return new URL(url).origin
}
