import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../../ui/icon.tsx'
import { LoadingPanel } from '../../ui/state-panel.tsx'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { AccountPicker } from './account-picker.tsx'
import { useAccount } from './use-account.ts'
import { Welcome } from './welcome.tsx'

/** A page of the wallet that is one step away from its overview. */
export function WalletFrame({
  title,
  text,
  children,
}: {
  readonly title: string
  readonly text?: string
  /** Shown where there is an account. */
  readonly children: (account: StoredAccount) => ReactNode
}) {
  const { t } = useTranslation('wallet')
  const { vault, account, isFirstVisit } = useAccount()
  if (vault === undefined && !isFirstVisit) return <LoadingPanel />
  if (account === undefined) return <Welcome />
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-center justify-between gap-4">
        <Link
          to="/wallet"
          className="inline-flex h-9 items-center gap-1 rounded-sm pr-2 text-sm font-medium text-muted hover:text-ink"
        >
          <Icon name="left" size={18} />
          {t('title')}
        </Link>
        <AccountPicker />
      </div>
      <div>
        <h1 className="text-2xl">{title}</h1>
        {text === undefined ? null : <p className="mt-1 max-w-xl text-muted">{text}</p>}
      </div>
      {children(account)}
    </div>
  )
}
