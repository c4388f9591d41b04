import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { balanceQuery } from '../../chain/queries.ts'
import { countText } from '../../ui/format.ts'
import { Plot } from '../../ui/plot.tsx'
import { changesOf, courseOf } from './balance-course.ts'
import { askIndex } from './queries.ts'

const MOST = 200
const GRAINS_PER_SSP = 100_000_000

async function changes(address: string) {
  const [transfers, paid] = await Promise.all([
    askIndex('accountTransfers', { address }, { token: 'SSP', limit: MOST }),
    askIndex('accountTransactions', { address }, { limit: MOST }),
  ])
  // What lies before the older end of either list is not known whole.
  const ends = [transfers, paid].map(({ items, next }) => (next === null ? 0 : (items.at(-1)?.height ?? 0) + 1))
  return { list: changesOf(address, transfers.items, paid.items), sinceHeight: Math.max(...ends) }
}

/** How the SSP of an account came to be what they are: drawn by the index, ending in the balance that is checked. */
export function AccountPlot({ address }: { readonly address: string }) {
  const { t } = useTranslation('explorer')
  const { data: balance } = useQuery(balanceQuery(address))
  const { data, error, dataUpdatedAt } = useQuery({
    queryKey: ['explorer', 'changes', address],
    queryFn: () => changes(address),
    meta: { live: true },
  })
  const drawn = useMemo(() => {
    if (balance === undefined || data === undefined || data.list.length === 0) return undefined
    const points = courseOf(data.list, balance.units, dataUpdatedAt, data.sinceHeight)
    return {
      timesMs: points.map(([ms]) => ms),
      series: [{ label: t('account.balance'), values: points.map(([, grains]) => Number(grains) / GRAINS_PER_SSP) }],
    }
  }, [balance, data, dataUpdatedAt, t])
  if (error !== null && data === undefined) return null
  return (
    <div className="card min-h-76 p-5">
      {drawn === undefined ? (
        <>
          <p className="text-sm font-medium">{t('account.plot')}</p>
          <p className="mt-24 text-center text-muted">{data === undefined ? '' : t('account.plotEmpty')}</p>
        </>
      ) : (
        <Plot label={t('account.plot')} {...drawn} isStepped format={figure} />
      )}
    </div>
  )
}

function figure(ssp: number): string {
  return Number.isInteger(ssp) ? countText(ssp) : ssp.toPrecision(6)
}
