import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { balanceQuery, queryClient, useNetwork } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { Address } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { Button, buttonClass } from '../../ui/button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { Icon } from '../../ui/icon.tsx'
import { ErrorPanel, LoadingPanel, Note } from '../../ui/state-panel.tsx'
import { say } from '../../ui/toast.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { AccountPicker } from './account-picker.tsx'
import { BalancePlot } from './balance-plot.tsx'
import { History } from './history.tsx'
import { Holdings } from './holdings.tsx'
import { Locks } from './locks.tsx'
import { useAccount } from './use-account.ts'
import { Welcome } from './welcome.tsx'

export default function Overview() {
  const { t } = useTranslation('wallet')
  const { vault, account, isFirstVisit } = useAccount()
  if (vault === undefined && !isFirstVisit) return <LoadingPanel />
  if (account === undefined) return <Welcome />
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-center justify-between gap-4">
        <h1 className="text-2xl">{t('title')}</h1>
        <AccountPicker />
      </div>
      <Balance account={account} />
      <div className="grid gap-6 lg:grid-cols-[3fr_2fr]">
        <div className="flex min-w-0 flex-col gap-6">
          <BalancePlot address={account.address} />
          <History address={account.address} />
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          <Holdings address={account.address} />
          <Locks address={account.address} />
          <MorePlaces />
        </div>
      </div>
    </div>
  )
}

function Balance({ account }: { readonly account: StoredAccount }) {
  const { t } = useTranslation('wallet')
  const network = useNetwork()
  const { data, error, refetch } = useQuery(balanceQuery(account.address))
  return (
    <section aria-label={t('balance.title')} data-address={account.address} className="card p-5 sm:p-6">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-5">
        <div className="min-w-0">
          <div className="flex h-7 items-center gap-3">
            <h2 className="text-sm font-medium text-muted">{t('balance.title')}</h2>
            {data === undefined ? null : <VerifiedBadge proof={data} />}
          </div>
          <p className="mt-2 flex h-12 items-center" data-balance={data === undefined ? '' : String(data.units)}>
            {data !== undefined ? (
              <Amount units={data.units} size="lg" />
            ) : error === null ? (
              <span className="h-9 w-56 animate-shimmer rounded-sm bg-line" />
            ) : (
              <span className="text-muted">{t('balance.unknown')}</span>
            )}
          </p>
          <div className="mt-1">
            <Address address={account.address} />
          </div>
        </div>
        <div className="flex flex-wrap gap-2">
          <Link to="/wallet/send" className={buttonClass('primary')}>
            <Icon name="send" size={18} />
            {t('send.title')}
          </Link>
          <Link to="/wallet/receive" className={buttonClass('plain')}>
            <Icon name="receive" size={18} />
            {t('receive.title')}
          </Link>
          {network?.hasFaucet === true ? <FaucetButton address={account.address} /> : null}
        </div>
      </div>
      {data?.state === 'lie' ? (
        <div className="mt-4">
          <Note look="bad" icon="warning">
            {t('common:verified.explain.lie', { node: data.node, code: data.code ?? '' })}
          </Note>
        </div>
      ) : null}
      {data === undefined && error !== null ? <ErrorPanel error={error} onRetry={() => void refetch()} /> : null}
    </section>
  )
}

function FaucetButton({ address }: { readonly address: string }) {
  const { t } = useTranslation('wallet')
  const [isBusy, setBusy] = useState(false)
  const ask = async () => {
    setBusy(true)
    try {
      await chain.network.askFaucet(address)
      await queryClient.invalidateQueries({ predicate: ({ meta }) => meta?.live === true })
      say(t('faucet.done'))
    } catch (error) {
      say(t('faucet.failed'), errorText(error, t))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button icon="drop" isBusy={isBusy} onClick={() => void ask()}>
      {t('faucet.ask')}
    </Button>
  )
}

const places = [
  { id: 'accounts', icon: 'key' },
  { id: 'shared', icon: 'people' },
  { id: 'contacts', icon: 'book' },
  { id: 'messages', icon: 'pen' },
] as const

function MorePlaces() {
  const { t } = useTranslation('wallet')
  return (
    <nav aria-label={t('more.title')} className="card flex flex-col p-2">
      {places.map(({ id, icon }) => (
        <Link key={id} to={`/wallet/${id}`} className="flex items-center gap-3 rounded-md px-3 py-3 hover:bg-sunken">
          <span className="text-muted">
            <Icon name={icon} />
          </span>
          <span className="min-w-0 flex-1">
            <span className="block font-medium">{t(`more.${id}.title`)}</span>
            <span className="block text-sm text-muted">{t(`more.${id}.text`)}</span>
          </span>
          <Icon name="right" size={18} />
        </Link>
      ))}
    </nav>
  )
}
