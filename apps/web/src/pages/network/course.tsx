import type { BlockHeader } from '@smartshare/client'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Plot } from '../../ui/plot.tsx'

const SECOND_MS = 1000
const TENTHS = 10

/** How many transactions the latest blocks hold, and how long each of them took. */
export function Course({ headers }: { readonly headers: readonly BlockHeader[] }) {
  const { t } = useTranslation('network')
  const drawn = useMemo(() => {
    const later = headers.slice(1)
    return {
      timesMs: later.map(({ timeMs }) => timeMs),
      counts: later.map(({ transactionCount }) => transactionCount),
      seconds: later.map(({ timeMs }, i) => (timeMs - (headers[i] as BlockHeader).timeMs) / SECOND_MS),
    }
  }, [headers])
  return (
    <div className="grid grid-cols-1 gap-6 p-5 lg:grid-cols-2">
      <Plot
        label={t('course.transactions')}
        timesMs={drawn.timesMs}
        series={[{ label: t('course.transactions'), values: drawn.counts }]}
        isStepped
      />
      <Plot
        label={t('course.interval')}
        timesMs={drawn.timesMs}
        series={[{ label: t('course.interval'), values: drawn.seconds }]}
        format={tenths}
      />
    </div>
  )
}

function tenths(value: number): string {
  return String(Math.round(value * TENTHS) / TENTHS)
}
