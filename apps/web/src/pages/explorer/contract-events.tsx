import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, QueryPanel } from '../../ui/state-panel.tsx'
import { placeKey } from './columns.tsx'
import { CsvLink } from './csv-link.tsx'
import { EventList } from './event-list.tsx'
import { indexQuery } from './queries.ts'

const SHOWN = 50

/** What a contract told lately; the file has all of it. */
export function ContractEvents({ contract }: { readonly contract: string }) {
  const { t } = useTranslation('explorer')
  const wanted = useMemo(() => ({ from: contract }), [contract])
  const query = useQuery(indexQuery('events', {}, { ...wanted, limit: SHOWN }, true))
  return (
    <Section title={t('contract.events')} aside={<CsvLink name="events" params={{}} query={wanted} />}>
      <QueryPanel
        query={query}
        lines={6}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyPanel icon="table" title={t('list.empty')} />}
      >
        {({ items }) => <EventList events={items.map((event) => ({ ...event, key: placeKey(event) }))} />}
      </QueryPanel>
    </Section>
  )
}
