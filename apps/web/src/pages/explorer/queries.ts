import type { IndexerAnswer, IndexerParams, IndexerQuery, IndexerRouteName } from '@smartshare/client'
import { queryOptions } from '@tanstack/react-query'
import { chain, pageRemote } from '../../chain/remote.ts'

export const remote = pageRemote<typeof import('./remote.ts')>('explorer')

/** What an index answers. Throws INDEX_*, RPC_ANSWER. */
export function askIndex<N extends IndexerRouteName>(
  name: N,
  params: IndexerParams<N>,
  query: IndexerQuery<N> = {},
): Promise<IndexerAnswer<N>> {
  // A function of the worker does not keep which question goes with which answer.
  return remote.ask(name, params as never, query as never) as unknown as Promise<IndexerAnswer<N>>
}

/** A question to the index as a query; `isLive`: asked for again as the chain grows. */
export function indexQuery<N extends IndexerRouteName>(
  name: N,
  params: IndexerParams<N>,
  query: IndexerQuery<N> = {},
  isLive = false,
) {
  return queryOptions({
    queryKey: ['explorer', 'index', name, params, query],
    queryFn: () => askIndex(name, params, query),
    meta: { live: isLive },
  })
}

/** Where the index stands, or that it is away. */
export const indexStatusQuery = indexQuery('status', {}, {}, true)

export const blockQuery = (height: number) =>
  queryOptions({ queryKey: ['explorer', 'block', height], queryFn: () => remote.block(height) })

export const transactionQuery = (id: string) =>
  queryOptions({
    queryKey: ['explorer', 'transaction', id],
    queryFn: () => remote.transaction(id),
    meta: { live: true },
  })

export const roundsQuery = queryOptions({
  queryKey: ['explorer', 'rounds'],
  queryFn: () => remote.rounds(),
  meta: { live: true },
})

export const supplyQuery = queryOptions({
  queryKey: ['explorer', 'supply'],
  queryFn: () => remote.supply(),
  meta: { live: true },
})

export const tokenQuery = (token: string) =>
  queryOptions({
    queryKey: ['explorer', 'token', token],
    queryFn: () => chain.rpc.tokens.info(token),
    staleTime: 60_000,
  })

export const contractQuery = (contract: string) =>
  queryOptions({
    queryKey: ['explorer', 'contract', contract],
    queryFn: () => chain.rpc.contracts.get(contract),
    meta: { live: true },
  })

export const delegatesQuery = queryOptions({
  queryKey: ['explorer', 'delegates'],
  queryFn: () => chain.rpc.delegates(),
  meta: { live: true },
})
