// Run in the worker: what the page asks of the owner's agent.
import type { AgentObject, AgentObjectDetail, AgentQuote, AgentStatusAnswer } from '@smartshare/client'
import { agentClient } from './pairing.ts'
import type { Terms } from './transfers.ts'

export { moneyOf } from './history.ts'
export { pair, pairing, unpair } from './pairing.ts'
export { cancel, isSending, repeat, send, transfers } from './transfers.ts'

export async function status(): Promise<AgentStatusAnswer> {
  return await (await agentClient()).ask('status', {})
}

/** What storing files of these sizes costs at most. */
export async function quote(sizesBytes: readonly number[], terms: Terms): Promise<AgentQuote> {
  return await (await agentClient()).ask('quote', {}, { sizes: sizesBytes.join(','), ...terms })
}

export async function objects(): Promise<{ items: AgentObject[]; isWhole: boolean }> {
  return await (await agentClient()).ask('objects', {})
}

export async function object(id: string): Promise<AgentObjectDetail> {
  return await (await agentClient()).ask('object', { object: id })
}

export async function remove(id: string): Promise<void> {
  await (await agentClient()).ask('remove', { object: id })
}

/** An address that the browser opens once, to save the object or to show it in a frame. */
export async function place(id: string, show: 'file' | 'page'): Promise<string> {
  const client = await agentClient()
  return client.placeOf(await client.ask('ticket', { object: id }, { show }))
}

/** The first bytes of an object, as what the app takes them for: never what their owner called them. */
export async function beginning(id: string, mostBytes: number, type: string): Promise<Blob> {
  return new Blob([await (await agentClient()).content(id, mostBytes)], { type })
}
