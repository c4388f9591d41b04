import type { IndexerAnswer } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { parseAddress } from '@smartshare/crypto'
import { openNetwork } from '../../../worker/network.ts'
import { ask } from './index-questions.ts'

export type Found = IndexerAnswer<'search'>['items'][number]

const MOST = 12
const HEIGHT = /^\d{1,15}$/
const HASH = /^[0-9a-f]{64}$/
/** What an index would refuse as too long is looked for by nodes alone. */
const MAX_WORD = 64

/** What a word names, the likeliest first: from the index, and from a node where there is none. Throws RPC_*. */
export async function find(text: string): Promise<{ items: Found[]; isWhole: boolean }> {
  const word = text.trim().replaceAll(',', '')
  if (word === '' || word.length > MAX_WORD) return { items: [], isWhole: true }
  try {
    const { items } = await ask('search', {}, { q: word, limit: MOST })
    return { items: items.length > 0 ? items : await fromNode(word), isWhole: true }
  } catch (error) {
    if (!SmartshareError.is(error)) throw error
    return { items: await fromNode(word), isWhole: false }
  }
}

async function fromNode(text: string): Promise<Found[]> {
  const { rpc } = (await openNetwork()).client
  const word = text.toLowerCase()
  if (HEIGHT.test(word)) {
    const { height } = await rpc.status()
    return Number(word) >= 1 && Number(word) <= height ? [{ kind: 'block', id: String(Number(word)), title: '' }] : []
  }
  if (HASH.test(word)) {
    const { state } = await rpc.transaction(word)
    return state === 'unknown' ? [] : [{ kind: 'transaction', id: word, title: '' }]
  }
  if (isAddress(word)) return [{ kind: 'account', id: word, title: '' }]
  const found: Found[] = []
  const delegate = await orNothing(rpc.delegate(word))
  if (delegate !== undefined) found.push({ kind: 'delegate', id: delegate.address, title: delegate.name })
  for await (const { token, name } of rpc.tokens.list({ symbol: text.trim().toUpperCase() })) {
    found.push({ kind: 'token', id: token, title: name })
    if (found.length >= MOST) break
  }
  return found
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (SmartshareError.is(error) && !error.code.startsWith('RPC_UNREACHABLE')) return undefined
    throw error
  }
}

function isAddress(word: string): boolean {
  try {
    parseAddress(word)
    return true
  } catch {
    return false
  }
}
