import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { CsvLink } from './csv-link.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { AccountLink } from './links.tsx'
import { delegatesQuery, indexQuery, roundsQuery } from './queries.ts'
import { Rounds } from './rounds.tsx'

interface Row {
  readonly rank: number
  readonly address: string
  readonly name: string
  readonly votesGrains: bigint
  readonly seat: number | null
  readonly made: number | null
  readonly missed: number | null
}

/** Who leads, whose turn it was, and how well each does it. */
export default function Delegates() {
  const { t } = useTranslation('explorer')
  const query = useQuery(delegatesQuery)
  const rounds = useQuery(roundsQuery)
  const { data: index } = useQuery(indexQuery('delegates', {}, { limit: 200 }, true))
  const rows = useMemo(() => {
    const known = new Map(index?.items.map((one) => [one.address, one]))
    return (query.data?.delegates ?? []).map((one): Row => {
      const counted = known.get(one.address)
      return { ...one, made: counted?.blocks ?? null, missed: counted?.missed ?? null }
    })
  }, [query.data, index])
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'rank', header: t('delegate.rank'), sortBy: ({ rank }) => rank, cell: ({ rank }) => countText(rank) },
      {
        id: 'name',
        header: t('delegate.name'),
        sortBy: ({ name }) => name,
        cell: ({ address, name }) => <AccountLink address={address} name={name} />,
      },
      {
        id: 'seat',
        header: t('delegate.seat'),
        align: 'end',
        isMinor: true,
        sortBy: ({ seat }) => seat,
        cell: ({ seat }) => (seat === null ? '–' : countText(seat)),
      },
      {
        id: 'made',
        header: t('delegate.made'),
        align: 'end',
        sortBy: ({ made }) => made,
        cell: ({ made }) => (made === null ? '–' : countText(made)),
      },
      {
        id: 'missed',
        header: t('delegate.missed'),
        align: 'end',
        isMinor: true,
        sortBy: ({ missed }) => missed,
        cell: ({ missed }) => (missed === null ? '–' : countText(missed)),
      },
      {
        id: 'votes',
        header: t('delegate.votes'),
        align: 'end',
        isMinor: true,
        sortBy: ({ votesGrains }) => votesGrains,
        cell: ({ votesGrains }) => <Amount units={votesGrains} size="sm" />,
      },
    ],
    [t],
  )
  return (
    <ExplorerFrame title={t('places.delegates')} text={t('rounds.text')}>
      <Section title={t('rounds.title')}>
        <QueryPanel query={rounds} lines={10} isEmpty={({ rounds: list }) => list.length === 0}>
          {(view) => <Rounds view={view} />}
        </QueryPanel>
      </Section>
      <Section title={t('delegate.list')} aside={<CsvLink name="delegates" params={{}} query={{}} />}>
        <QueryPanel query={query} lines={6}>
          {() => (
            <DataTable
              label={t('delegate.list')}
              columns={columns}
              rows={rows}
              rowKey={({ address }) => address}
              initialSort={{ id: 'rank', isDescending: false }}
            />
          )}
        </QueryPanel>
      </Section>
    </ExplorerFrame>
  )
}
