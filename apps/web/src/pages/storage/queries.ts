import { queryOptions } from '@tanstack/react-query'
import { pageRemote } from '../../chain/remote.ts'
import type { Terms, Transfer } from './transfers.ts'

export const remote = pageRemote<typeof import('./remote.ts')>('storage')

/** How often files on their way are looked at, and how often when none is. */
const BUSY_MS = 400
const IDLE_MS = 4000
/** A list of thousands is many questions to a node. */
const LIST_MS = 10_000

export const pairingQuery = queryOptions({
  queryKey: ['storage', 'pairing'],
  queryFn: () => remote.pairing(),
  staleTime: Number.POSITIVE_INFINITY,
})

export const statusQuery = queryOptions({
  queryKey: ['storage', 'status'],
  queryFn: () => remote.status(),
  refetchInterval: IDLE_MS,
})

export const objectsQuery = queryOptions({
  queryKey: ['storage', 'objects'],
  queryFn: () => remote.objects(),
  refetchInterval: LIST_MS,
})

export const objectQuery = (id: string) =>
  queryOptions({ queryKey: ['storage', 'object', id], queryFn: () => remote.object(id), meta: { live: true } })

export const moneyQuery = (agreements: readonly number[]) =>
  queryOptions({
    queryKey: ['storage', 'money', agreements],
    queryFn: () => remote.moneyOf(agreements),
    meta: { live: true },
  })

export const quoteQuery = (sizesBytes: readonly number[], terms: Terms) =>
  queryOptions({ queryKey: ['storage', 'quote', sizesBytes, terms], queryFn: () => remote.quote(sizesBytes, terms) })

export const isUnderWay = ({ state }: Transfer) => state === 'waiting' || state === 'sending' || state === 'storing'

export const transfersQuery = queryOptions({
  queryKey: ['storage', 'transfers'],
  queryFn: () => remote.transfers(),
  refetchInterval: ({ state }) => (state.data?.some(isUnderWay) === true ? BUSY_MS : IDLE_MS),
})
