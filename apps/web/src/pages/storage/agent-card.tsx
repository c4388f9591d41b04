import type { AgentStatusAnswer } from '@smartshare/client'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { queryClient } from '../../chain/queries.ts'
import { Address } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { Button } from '../../ui/button.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { Section } from '../../ui/section.tsx'
import { LoadingPanel } from '../../ui/state-panel.tsx'
import { remote } from './queries.ts'
import { sizeText } from './size-text.ts'

/** With whom this browser stores: the account that pays, what it may take, and the way to forget it. */
export function AgentCard({
  status,
  agent,
}: {
  readonly status: AgentStatusAnswer | undefined
  readonly agent: string
}) {
  const { t } = useTranslation('storage')
  const forget = () => void remote.unpair().then(() => queryClient.invalidateQueries({ queryKey: ['storage'] }))
  return (
    <Section
      title={t('agent.title')}
      aside={
        <Button look="quiet" size="sm" onClick={forget}>
          {t('agent.forget')}
        </Button>
      }
    >
      {status === undefined ? (
        <LoadingPanel lines={4} />
      ) : (
        <dl className="grid gap-4 p-5 sm:grid-cols-2">
          <Fact name={t('agent.account')}>
            <Address address={status.account} name={status.wallet} />
          </Fact>
          <Fact name={t('agent.balance')}>
            <Amount units={status.balanceGrains} />
          </Fact>
          <Fact name={t('agent.used')}>
            {status.quotaBytes === null
              ? sizeText(status.usedBytes)
              : t('agent.usedOf', { used: sizeText(status.usedBytes), quota: sizeText(status.quotaBytes) })}
          </Fact>
          <Fact name={t('agent.providers')}>{status.providers}</Fact>
          <Fact name={t('agent.place')}>
            <span className="font-mono text-sm">
              <ForeignName name={new URL(agent).host} />
            </span>
          </Fact>
        </dl>
      )}
    </Section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="figures min-w-0">{children}</dd>
    </div>
  )
}
