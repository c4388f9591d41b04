import type { BlockHeader } from '@smartshare/client'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { chain } from '../../chain/remote.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { AccountLink, BlockLink } from './links.tsx'
import { Moment } from './moment.tsx'

const SHOWN = 10

const latestQuery = queryOptions({
  queryKey: ['explorer', 'latest-blocks'],
  queryFn: async () => {
    const [status, term] = await Promise.all([chain.rpc.status(), chain.rpc.term()])
    const { headers } = await chain.rpc.blocks(Math.max(1, status.height - SHOWN + 1), SHOWN)
    return { headers: headers.toReversed(), term }
  },
  meta: { live: true },
})

/** The latest blocks, as a node tells them: there with an index and without. `isNarrow`: beside something else. */
export function LatestBlocks({ isNarrow = false }: { readonly isNarrow?: boolean }) {
  const { t } = useTranslation('explorer')
  const query = useQuery(latestQuery)
  const seats = query.data?.term
  const columns: Column<BlockHeader>[] = [
    { id: 'height', header: t('block.height'), cell: ({ height }) => <BlockLink height={height} /> },
    { id: 'time', header: t('block.time'), isMinor: true, cell: ({ timeMs }) => <Moment ms={timeMs} /> },
    {
      id: 'leader',
      header: t('block.leader'),
      cell: ({ leader, term }) => {
        const seat = term === seats?.term ? seats.seats[leader] : undefined
        if (seat === undefined) return t('block.seat', { seat: leader })
        return <AccountLink address={seat.address} name={seat.name} />
      },
    },
    { id: 'slot', header: t('block.slot'), align: 'end', isMinor: true, cell: ({ slot }) => countText(slot) },
    {
      id: 'count',
      header: t('block.transactions'),
      align: 'end',
      cell: ({ transactionCount }) => countText(transactionCount),
    },
  ]
  const shown = isNarrow ? columns.filter(({ isMinor }) => isMinor !== true) : columns
  return (
    <Section title={t('blocks.latest')}>
      <QueryPanel query={query} lines={12} isEmpty={({ headers }) => headers.length === 0}>
        {({ headers }) => (
          <DataTable label={t('blocks.latest')} columns={shown} rows={headers} rowKey={({ hash }) => hash} />
        )}
      </QueryPanel>
    </Section>
  )
}
