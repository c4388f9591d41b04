// Run in the worker: what pairs this browser with the owner's agent.
import { AgentClient } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { type DBSchema, openDB } from 'idb'
import { agentUrl, meantChainId } from '../../worker/network.ts'

interface Schema extends DBSchema {
  /** By the agent's address. */
  tokens: { key: string; value: { readonly agent: string; readonly token: string } }
}

/** In a place of its own: whoever forgets the wallet does not forget the agent, nor the other way round. */
const database = () =>
  openDB<Schema>('smartshare-agent', 1, {
    upgrade: (made) => void made.createObjectStore('tokens', { keyPath: 'agent' }),
  })
let opening: ReturnType<typeof database> | undefined
let known: AgentClient | undefined

async function tokens() {
  opening ??= database()
  return await opening
}

/** Where the agent of this app is, and whether this browser has a token for it. */
export async function pairing(): Promise<{ agent: string | null; isPaired: boolean }> {
  const agent = await agentUrl()
  if (agent === null) return { agent, isPaired: false }
  return { agent, isPaired: (await (await tokens()).get('tokens', agent)) !== undefined }
}

/** Keeps a token if the agent knows it. Throws AGENT_TOKEN, AGENT_UNREACHABLE, CLIENT_OTHER_NETWORK. */
export async function pair(token: string): Promise<void> {
  const agent = await neededUrl()
  const client = new AgentClient({ url: agent, token: token.trim() })
  await checkNetwork(client)
  await (await tokens()).put('tokens', { agent, token: token.trim() })
  known = client
}

/** Forgets the token. */
export async function unpair(): Promise<void> {
  known = undefined
  await (await tokens()).delete('tokens', await neededUrl())
}

/** The agent, as this browser may ask it. Throws AGENT_TOKEN where it is not paired. */
export async function agentClient(): Promise<AgentClient> {
  if (known !== undefined) return known
  const agent = await neededUrl()
  const kept = await (await tokens()).get('tokens', agent)
  if (kept === undefined) throw new SmartshareError('AGENT_TOKEN', 'this browser is not paired with the agent')
  const client = new AgentClient({ url: agent, token: kept.token })
  await checkNetwork(client)
  known = client
  return client
}

async function neededUrl(): Promise<string> {
  const agent = await agentUrl()
  if (agent !== null) return agent
  throw new SmartshareError('AGENT_UNREACHABLE', 'this app knows no agent')
}

async function checkNetwork(client: AgentClient): Promise<void> {
  const { chainId } = await client.ask('status', {})
  if (chainId !== (await meantChainId())) {
    throw new SmartshareError('CLIENT_OTHER_NETWORK', 'the agent stores on another network', { chainId })
  }
}
