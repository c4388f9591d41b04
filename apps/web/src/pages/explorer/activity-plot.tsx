import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { countText } from '../../ui/format.ts'
import { Plot } from '../../ui/plot.tsx'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { indexQuery } from './queries.ts'

const HOURS = 168

/** Transactions and active accounts of the last hours. */
export function ActivityPlot() {
  const { t } = useTranslation('explorer')
  const options = useMemo(() => indexQuery('chart', { period: 'hour' }, { limit: HOURS }, true), [])
  const query = useQuery(options)
  const drawn = useMemo(() => {
    const points = query.data?.points ?? []
    return {
      timesMs: points.map(({ startMs }) => startMs),
      series: [
        { label: t('activity.transactions'), values: points.map(({ transactions }) => transactions) },
        { label: t('activity.accounts'), values: points.map(({ activeAccounts }) => activeAccounts) },
      ],
    }
  }, [query.data, t])
  return (
    <Section title={t('activity.title')}>
      <QueryPanel
        query={query}
        lines={6}
        empty={<p className="px-5 py-6 text-muted">{t('activity.empty')}</p>}
        isEmpty={({ points }) => points.length < 2}
      >
        {() => (
          <div className="p-5">
            <Plot label={t('activity.label')} {...drawn} isStepped format={countText} />
          </div>
        )}
      </QueryPanel>
    </Section>
  )
}
