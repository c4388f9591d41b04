import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { placeKey } from './columns.tsx'
import { CursorTable } from './cursor-table.tsx'
import { EventList } from './event-list.tsx'
import { FactList } from './fact-list.tsx'
import { indexQuery } from './queries.ts'

const EVENTS = 20

/** What a delegate has made and missed, term by term, and what happened to it. */
export function DelegateTerms({ address }: { readonly address: string }) {
  const { t } = useTranslation('explorer')
  const query = useQuery(indexQuery('delegate', { address }, {}, true))
  const events = useQuery(indexQuery('events', {}, { subject: `delegate:${address}`, limit: EVENTS }))
  const columns = useMemo(
    () => [
      { id: 'term', header: t('delegate.term'), cell: (row: { term: number }) => countText(row.term) },
      { id: 'seat', header: t('delegate.seat'), cell: (row: { seat: number }) => countText(row.seat) },
      {
        id: 'blocks',
        header: t('delegate.made'),
        align: 'end' as const,
        cell: (row: { blocks: number }) => countText(row.blocks),
      },
      {
        id: 'missed',
        header: t('delegate.missed'),
        align: 'end' as const,
        cell: (row: { missed: number }) => countText(row.missed),
      },
      {
        id: 'paid',
        header: t('delegate.paid'),
        align: 'end' as const,
        cell: (row: { paidGrains: bigint }) => <Amount units={row.paidGrains} size="sm" />,
      },
    ],
    [t],
  )
  return (
    <>
      <Section title={t('delegate.title')}>
        <QueryPanel query={query} lines={6}>
          {(one) => (
            <FactList
              facts={[
                { name: t('delegate.standing'), value: t(`standing.${one.standing}`) },
                { name: t('delegate.bond'), value: <Amount units={one.bondGrains} size="sm" /> },
                {
                  name: t('delegate.commission'),
                  value: t('delegate.percent', { percent: one.commissionThousandths / 10 }),
                },
                { name: t('delegate.made'), value: countText(one.blocks) },
                { name: t('delegate.missed'), value: countText(one.missed) },
                { name: t('delegate.paid'), value: <Amount units={one.paidGrains} size="sm" /> },
                { name: t('delegate.slashed'), value: <Amount units={one.slashedGrains} size="sm" /> },
              ]}
            />
          )}
        </QueryPanel>
      </Section>
      <CursorTable
        title={t('delegate.terms')}
        name="delegateTerms"
        params={{ address }}
        columns={columns}
        rowKey={({ term }) => String(term)}
      />
      {events.data === undefined || events.data.items.length === 0 ? null : (
        <Section title={t('delegate.events')}>
          <EventList events={events.data.items.map((event) => ({ ...event, key: placeKey(event) }))} />
        </Section>
      )}
    </>
  )
}
