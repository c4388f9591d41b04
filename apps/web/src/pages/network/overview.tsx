import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useNetwork } from '../../chain/queries.ts'
import { Section } from '../../ui/section.tsx'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { Course } from './course.tsx'
import { Facts } from './facts.tsx'
import { Jobs } from './jobs.tsx'
import { Load } from './load.tsx'
import { Nodes } from './nodes.tsx'
import { blocksQuery, jobsQuery, nodesQuery, statusQuery } from './queries.ts'

/** How the network is: its pace, its load, its nodes and the work that is under way. */
export default function NetworkOverview() {
  const { t } = useTranslation('network')
  const network = useNetwork()
  const status = useQuery(statusQuery)
  const blocks = useQuery(blocksQuery)
  const nodes = useQuery(nodesQuery(network?.nodes ?? []))
  const jobs = useQuery(jobsQuery)
  return (
    <div className="flex flex-col gap-6">
      <div>
        <h1 className="text-2xl">{t('title')}</h1>
        <p className="mt-1 max-w-xl text-muted">{t('text')}</p>
      </div>
      <QueryPanel query={status} lines={6}>
        {(now) => <Facts status={now} />}
      </QueryPanel>
      <Section title={t('course.title')}>
        <QueryPanel query={blocks} lines={8} isEmpty={(headers) => headers.length < 2}>
          {(headers) => <Course headers={headers} />}
        </QueryPanel>
      </Section>
      <Section title={t('load.title')}>
        <QueryPanel query={status}>{(now) => <Load status={now} />}</QueryPanel>
      </Section>
      <Section title={t('nodes.title')}>
        <QueryPanel query={nodes} lines={4}>
          {(reports) => <Nodes reports={reports} chainId={network?.chainId ?? ''} />}
        </QueryPanel>
      </Section>
      <Section title={t('jobs.title')}>
        <QueryPanel
          query={jobs}
          isEmpty={(list) => list.length === 0}
          empty={<p className="px-5 py-6 text-muted">{t('jobs.empty')}</p>}
        >
          {(list) => <Jobs jobs={list} />}
        </QueryPanel>
      </Section>
    </div>
  )
}
