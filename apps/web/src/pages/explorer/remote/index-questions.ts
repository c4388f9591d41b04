import {
  type IndexerAnswer,
  IndexerClient,
  type IndexerParams,
  type IndexerQuery,
  type IndexerRouteName,
} from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { networkState, openNetwork } from '../../../worker/network.ts'

let client: { readonly url: string; readonly index: IndexerClient } | undefined

/** Throws INDEX_URL where the network names no index. */
async function index(): Promise<IndexerClient> {
  await openNetwork()
  const url = networkState().indexer
  if (url === null) throw new SmartshareError('INDEX_URL', 'this network names no index')
  if (client?.url !== url) client = { url, index: new IndexerClient({ url }) }
  return client.index
}

/** What an index answers to a question of docs/spec/indexer.md. Nothing of it is proven. Throws INDEX_*, RPC_ANSWER. */
export async function ask<N extends IndexerRouteName>(
  name: N,
  params: IndexerParams<N>,
  query: IndexerQuery<N>,
): Promise<IndexerAnswer<N>> {
  return await (await index()).get(name, params, query)
}

/** Where the answer to a question can be fetched, as a file if `query` says so. Throws INDEX_URL. */
export async function addressOf<N extends IndexerRouteName>(
  name: N,
  params: IndexerParams<N>,
  query: IndexerQuery<N>,
): Promise<string> {
  return (await index()).urlOf(name, params, query)
}
