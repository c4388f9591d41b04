import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { balanceQuery } from '../../chain/queries.ts'
import { countText } from '../../ui/format.ts'
import { Plot } from '../../ui/plot.tsx'
import { historyQuery } from './history-query.ts'
import type { HistoryItem } from './remote.ts'

const GRAINS_PER_SSP = 100_000_000
const SSP = 'SSP'

/** The balance after each event, walked back from the present one. */
function course(items: readonly HistoryItem[], grains: bigint, nowMs: number) {
  const points = [{ ms: nowMs, grains }]
  let balance = grains
  for (const item of items) {
    if (item.timeMs === null) break
    points.push({ ms: item.timeMs, grains: balance })
    if (item.transfer?.token === SSP) balance -= item.transfer.units
    balance += item.feeGrains
  }
  const byTime = new Map<number, bigint>()
  // The latest of a moment counts: it stands first.
  for (const { ms, grains: at } of points) if (!byTime.has(ms)) byTime.set(ms, at)
  return [...byTime].sort(([a], [b]) => a - b)
}

/** How the SSP of an account came to be what they are. */
export function BalancePlot({ address }: { readonly address: string }) {
  const { t } = useTranslation('wallet')
  const { data: balance } = useQuery(balanceQuery(address))
  const { data: history, dataUpdatedAt } = useQuery(historyQuery(address))
  const drawn = useMemo(() => {
    if (balance === undefined || history === undefined || history.items.length === 0) return undefined
    const points = course(history.items, balance.units, dataUpdatedAt)
    return {
      timesMs: points.map(([ms]) => ms),
      series: [{ label: SSP, values: points.map(([, grains]) => Number(grains) / GRAINS_PER_SSP) }],
    }
  }, [balance, history, dataUpdatedAt])
  // As high before as after: nothing below it jumps.
  return (
    <div className="card min-h-76 p-5">
      {drawn !== undefined ? (
        <Plot label={t('plot.title')} {...drawn} isStepped format={figure} />
      ) : (
        <p className="text-sm font-medium">
          {t('plot.title')}
          {history === undefined ? null : <span className="mt-24 block text-center text-muted">{t('plot.empty')}</span>}
        </p>
      )}
    </div>
  )
}

function figure(ssp: number): string {
  return Number.isInteger(ssp) ? countText(ssp) : ssp.toPrecision(6)
}
