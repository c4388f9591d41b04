import { queryOptions } from '@tanstack/react-query'
import { pageRemote } from '../../chain/remote.ts'

const remote = pageRemote<typeof import('./remote.ts')>('wallet')

export const historyQuery = (address: string) =>
  queryOptions({ queryKey: ['history', address], queryFn: () => remote.history(address), meta: { live: true } })
