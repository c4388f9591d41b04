import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { balanceQuery } from '../../chain/queries.ts'
import { Address } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { buttonClass } from '../../ui/button.tsx'
import { ErrorPanel, LoadingPanel } from '../../ui/state-panel.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import { AccountFacts } from './account-facts.tsx'
import { AccountPlot } from './account-plot.tsx'
import { AccountTokens } from './account-tokens.tsx'
import { placeKey, transactionColumns, transferColumns } from './columns.tsx'
import { CursorTable } from './cursor-table.tsx'
import { DelegateTerms } from './delegate-terms.tsx'
import { ExplorerFrame } from './explorer-frame.tsx'
import { isAddressText } from './links.tsx'
import { NodeEvents } from './node-events.tsx'
import { indexQuery } from './queries.ts'

export default function Account() {
  const { address = '' } = useParams({ strict: false }) as { address?: string }
  const { t } = useTranslation('explorer')
  return (
    <ExplorerFrame title={t('account.title')}>
      {isAddressText(address) ? (
        <AccountAt key={address} address={address} />
      ) : (
        <ErrorPanel error={{ code: 'ADDRESS_TEXT_INVALID' }} />
      )}
    </ExplorerFrame>
  )
}

function AccountAt({ address }: { readonly address: string }) {
  const { t } = useTranslation('explorer')
  const balance = useQuery(balanceQuery(address))
  const { data: known } = useQuery(indexQuery('account', { address }))
  const kind = known?.kind ?? 'account'
  return (
    <>
      <div className="card flex flex-col gap-5 p-5">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <Address address={address} name={known?.name ?? undefined} isWhole />
          <span className="flex items-center gap-3">
            <span className="rounded-full bg-sunken px-3 py-1 text-sm text-muted">{t(`kind.${kind}`)}</span>
            {kind === 'token' || kind === 'contract' ? (
              <Link to={`/explorer/${kind}/${address}`} className={buttonClass('plain', 'sm')}>
                {t(`account.to.${kind}`)}
              </Link>
            ) : null}
          </span>
        </div>
        {balance.data === undefined ? (
          balance.error === null ? (
            <LoadingPanel lines={1} />
          ) : (
            <ErrorPanel error={balance.error} onRetry={() => void balance.refetch()} />
          )
        ) : (
          <div className="flex flex-wrap items-center gap-3" data-balance={balance.data.units}>
            <Amount units={balance.data.units} size="lg" />
            <VerifiedBadge proof={balance.data} />
          </div>
        )}
      </div>
      <AccountPlot address={address} />
      <div className="grid grid-cols-1 gap-6 xl:grid-cols-2">
        <AccountFacts address={address} />
        <AccountTokens address={address} />
      </div>
      {kind === 'delegate' ? <DelegateTerms address={address} /> : null}
      <History address={address} />
    </>
  )
}

/** From the index; where it is away, from the events that a node still has. */
function History({ address }: { readonly address: string }) {
  const { t } = useTranslation('explorer')
  const [tab, setTab] = useState('transactions')
  const sent = useMemo(() => transactionColumns(t), [t])
  const moved = useMemo(() => transferColumns(t, address), [t, address])
  const fallback = <NodeEvents address={address} />
  return (
    <Tabs
      label={t('account.history')}
      value={tab}
      onChange={setTab}
      tabs={[
        {
          id: 'transactions',
          label: t('places.transactions'),
          content: (
            <CursorTable
              title={t('account.transactions')}
              name="accountTransactions"
              params={{ address }}
              columns={sent}
              rowKey={({ id }) => id}
              fallback={fallback}
            />
          ),
        },
        {
          id: 'transfers',
          label: t('transfer.title'),
          content: (
            <CursorTable
              title={t('account.transfers')}
              name="accountTransfers"
              params={{ address }}
              columns={moved}
              rowKey={placeKey}
              fallback={fallback}
            />
          ),
        },
      ]}
    />
  )
}
