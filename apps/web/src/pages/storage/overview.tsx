import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { QueryPanel } from '../../ui/state-panel.tsx'
import { AgentCard } from './agent-card.tsx'
import { Objects } from './objects.tsx'
import { AgentAway, NoAgent, Pair } from './pair.tsx'
import { objectsQuery, pairingQuery, statusQuery } from './queries.ts'
import { Transfers } from './transfer-list.tsx'
import { UploadZone } from './upload-zone.tsx'
import { usePairingLink } from './use-pairing-link.ts'

/** What the owner keeps in storage, and the way to store more, through the owner's agent on this machine. */
export default function StorageOverview() {
  const { t } = useTranslation('storage')
  const link = usePairingLink()
  const pairing = useQuery(pairingQuery)
  return (
    <div className="flex flex-col gap-6">
      <div>
        <h1 className="text-2xl">{t('title')}</h1>
        <p className="mt-1 max-w-xl text-muted">{t('text')}</p>
      </div>
      <QueryPanel query={pairing} lines={6}>
        {({ agent, isPaired }) => {
          if (agent === null) return <NoAgent />
          if (!isPaired) return <Pair agent={agent} error={link.error} isBusy={link.isBusy} />
          return <Files agent={agent} />
        }}
      </QueryPanel>
    </div>
  )
}

function Files({ agent }: { readonly agent: string }) {
  const status = useQuery(statusQuery)
  const objects = useQuery(objectsQuery)
  const code = (status.error as { code?: string } | null)?.code
  // Another token than this browser has: what was known is of no use any more.
  if (code === 'AGENT_TOKEN') return <Pair agent={agent} error={status.error} isBusy={false} />
  return (
    <>
      {status.error === null ? null : <AgentAway error={status.error} onRetry={() => void status.refetch()} />}
      <UploadZone status={status.data} isAway={status.error !== null} />
      <Transfers />
      <Objects query={objects} periodMs={status.data?.periodMs} />
      <AgentCard status={status.data} agent={agent} />
    </>
  )
}
