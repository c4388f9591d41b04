import { queryOptions } from '@tanstack/react-query'
import { chain, pageRemote } from '../../chain/remote.ts'

const remote = pageRemote<typeof import('./remote.ts')>('network')
/** As many headers as a node gives at once. */
const DRAWN_BLOCKS = 100

export const statusQuery = queryOptions({
  queryKey: ['network-page', 'status'],
  queryFn: () => chain.rpc.status(),
  meta: { live: true },
})

export const nodesQuery = (urls: readonly string[]) =>
  queryOptions({
    queryKey: ['network-page', 'nodes', urls],
    queryFn: () => remote.nodes(urls),
    enabled: urls.length > 0,
    meta: { live: true },
  })

/** Headers of the latest blocks, the earliest first. */
export const blocksQuery = queryOptions({
  queryKey: ['network-page', 'blocks'],
  queryFn: async () => {
    const { height } = await chain.rpc.status()
    return (await chain.rpc.blocks(Math.max(1, height - DRAWN_BLOCKS + 1), DRAWN_BLOCKS)).headers
  },
  meta: { live: true },
})

export const jobsQuery = queryOptions({
  queryKey: ['network-page', 'jobs'],
  queryFn: () => chain.rpc.contracts.jobs(),
  meta: { live: true },
})
