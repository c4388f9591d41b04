import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useNetwork } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { countText, spanParts } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, LoadingPanel, QueryPanel } from '../../ui/state-panel.tsx'
import { ActivityPlot } from './activity-plot.tsx'
import { StatusMark } from './columns.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { LatestBlocks } from './latest-blocks.tsx'
import { AccountLink, TransactionLink } from './links.tsx'
import { indexQuery } from './queries.ts'

const SHOWN = 10

/** The chain at this moment, and the way to everything that ever was in it. */
export default function Overview() {
  const { t } = useTranslation('explorer')
  return (
    <ExplorerFrame title={t('title')} text={t('text')}>
      <Now />
      <div className="grid grid-cols-1 gap-6 xl:grid-cols-2">
        <LatestBlocks isNarrow />
        <LatestTransactions />
      </div>
      <ActivityPlot />
    </ExplorerFrame>
  )
}

function Now() {
  const { t } = useTranslation('explorer')
  const network = useNetwork()
  const { data: status } = useQuery({
    queryKey: ['explorer', 'status'],
    queryFn: () => chain.rpc.status(),
    meta: { live: true },
  })
  const { data: index } = useQuery(indexQuery('status', {}, {}, true))
  const span = spanParts(network?.ageMs ?? 0)
  const facts = [
    [
      'height',
      status && countText(status.height),
      t('now.ago', { time: t(`common:${span.key}`, { count: span.count }) }),
    ],
    ['final', status && countText(status.final - status.height), t('now.finalText')],
    ['transactions', index && countText(index.transactions), t('now.transactionsText')],
    ['term', status && countText(status.term), t('now.slot', { slot: countText(status?.slot ?? 0) })],
  ] as const
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      {facts.map(([name, value, text]) => (
        <div key={name} className="card flex flex-col gap-0.5 px-4 py-3">
          <dt className="text-sm text-muted">{t(`now.${name}`)}</dt>
          <dd data-now={name} className="figures text-xl font-semibold tracking-tight">
            {value ?? '–'}
          </dd>
          <dd className="text-sm text-muted">{text}</dd>
        </div>
      ))}
    </dl>
  )
}

function LatestTransactions() {
  const { t } = useTranslation('explorer')
  const options = useMemo(() => indexQuery('transactions', {}, { limit: SHOWN }, true), [])
  const query = useQuery(options)
  return (
    <Section
      title={t('transactions.latest')}
      aside={
        <Link to="/explorer/transactions" className="rounded-sm text-sm text-accent hover:underline">
          {t('list.more')}
        </Link>
      }
    >
      {query.data === undefined && query.error === null ? (
        <LoadingPanel lines={10} />
      ) : (
        <QueryPanel
          query={query}
          lines={10}
          isEmpty={({ items }) => items.length === 0}
          empty={<EmptyPanel icon="table" title={t('list.empty')} />}
        >
          {({ items }) => (
            <ul className="divide-y divide-line">
              {items.map(({ id, status, sender, calls }) => (
                <li key={id} className="flex h-13 items-center gap-4 px-5">
                  <TransactionLink id={id} />
                  <span className="min-w-0 flex-1 truncate text-sm text-muted">
                    <ForeignName name={calls[0]?.method ?? ''} />
                  </span>
                  <span className="hidden sm:block xl:hidden 2xl:block">
                    <AccountLink address={sender} />
                  </span>
                  <StatusMark status={status} label={t(`status.${status}`)} />
                </li>
              ))}
            </ul>
          )}
        </QueryPanel>
      )}
    </Section>
  )
}
