import { QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import type { NetworkState, News } from '../worker/protocol.ts'
import { chain, onNews } from './remote.ts'

/** What changes with the chain is asked for again at most this often. */
const REFRESH_MS = 2000
const GIVE_UP_AFTER = 1

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: GIVE_UP_AFTER, staleTime: REFRESH_MS, refetchOnWindowFocus: false, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
})

declare module '@tanstack/react-query' {
  interface Register {
    /** `live`: asked for again as the chain grows. */
    queryMeta: { readonly live?: boolean }
  }
}

const NETWORK_KEY = ['network'] as const
let refreshedMs = 0
let refreshedHeight = 0

function hear(news: News): void {
  if (news.news === 'vault') void queryClient.invalidateQueries({ queryKey: ['vault'] })
  else if (news.news === 'payments') void queryClient.invalidateQueries({ queryKey: ['payments'] })
  else if (news.news === 'network') hearOfNetwork(news.state)
}

function hearOfNetwork(state: NetworkState): void {
  const before = queryClient.getQueryData<NetworkState>(NETWORK_KEY)
  queryClient.setQueryData(NETWORK_KEY, state)
  // What could not be asked before is asked again, also where it does not change with the chain.
  if (state.phase === 'open' && before?.phase !== 'open') {
    void queryClient.invalidateQueries({ predicate: ({ state }) => state.status === 'error' })
  }
  const nowMs = performance.now()
  if (state.height === refreshedHeight || nowMs - refreshedMs < REFRESH_MS) return
  refreshedMs = nowMs
  refreshedHeight = state.height
  void queryClient.invalidateQueries({ predicate: ({ meta }) => meta?.live === true })
}

/** Starts hearing what the worker tells. */
export function startNews(): void {
  onNews(hear)
  void chain.network.state().then(hearOfNetwork)
}

/** How the network is, kept up to date. */
export function useNetwork(): NetworkState | undefined {
  return useQuery({ queryKey: NETWORK_KEY, queryFn: () => chain.network.state(), staleTime: Number.POSITIVE_INFINITY })
    .data
}

/** Wallets, accounts and which of them are open. */
export const vaultQuery = queryOptions({ queryKey: ['vault', 'info'], queryFn: () => chain.vault.info() })

export const contactsQuery = queryOptions({ queryKey: ['vault', 'contacts'], queryFn: () => chain.vault.contacts() })

/** A balance as the light client knows it; `token` is SSP or an address. */
export const balanceQuery = (address: string, token = 'SSP') =>
  queryOptions({
    queryKey: ['balance', address, token],
    queryFn: () => chain.network.checkedUnits(address, token),
    meta: { live: true },
  })

export const holdingsQuery = (address: string) =>
  queryOptions({
    queryKey: ['holdings', address],
    queryFn: () => chain.rpc.tokens.holdings(address),
    meta: { live: true },
  })

export const paymentsQuery = (account?: string) =>
  queryOptions({ queryKey: ['payments', account ?? ''], queryFn: () => chain.payments.list(account) })
