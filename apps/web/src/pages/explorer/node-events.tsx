import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, QueryPanel } from '../../ui/state-panel.tsx'
import { EventList } from './event-list.tsx'
import { remote } from './queries.ts'

/** What a node itself still knows of an address: the events of its latest blocks. */
export function NodeEvents({ address }: { readonly address: string }) {
  const { t } = useTranslation('explorer')
  const query = useQuery({
    queryKey: ['explorer', 'node-events', address],
    queryFn: () => remote.events(address),
    meta: { live: true },
  })
  return (
    <Section title={t('nodeEvents.title')}>
      <QueryPanel
        query={query}
        lines={6}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyPanel icon="clock" title={t('list.empty')} />}
      >
        {({ items, sinceHeight }) => (
          <>
            <p className="border-b border-line px-5 py-3 text-sm text-muted">
              {t('nodeEvents.since', { height: countText(sinceHeight) })}
            </p>
            <EventList events={items.map((one, i) => ({ ...one, key: `${one.height} ${one.transaction} ${i}` }))} />
          </>
        )}
      </QueryPanel>
    </Section>
  )
}
