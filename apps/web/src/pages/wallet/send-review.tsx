import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { paymentsQuery, queryClient } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { Address } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { Button } from '../../ui/button.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Note } from '../../ui/state-panel.tsx'
import type { Payment, PaymentRequest } from '../../worker/payment-types.ts'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { useNames } from './history.tsx'
import { type Draft, SSP, transferOf } from './send-draft.ts'
import { Outcome } from './send-outcome.tsx'
import { Unlock } from './unlock.tsx'
import { useAccount } from './use-account.ts'

/** The same payment made shortly before is asked about. */
const AGAIN_MS = 10 * 60_000

/** Shows what a payment does and costs, sends it once, and shows what became of it. */
export function Review({
  id,
  account,
  draft,
  onBack,
  onAgain,
}: {
  readonly id: string
  readonly account: StoredAccount
  readonly draft: Draft
  readonly onBack: () => void
  readonly onAgain: () => void
}) {
  const { t } = useTranslation('wallet')
  const names = useNames()
  const { isOpen } = useAccount()
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const { data: payments } = useQuery(paymentsQuery(account.address))
  const payment = payments?.find((one) => one.id === id)
  const { to, units, unit, memo } = draft
  const fee = useQuery({
    queryKey: ['fee', account.address, id],
    queryFn: () => chain.payments.estimate(account.address, transferOf(draft)),
    enabled: isOpen && payment === undefined,
    retry: false,
  })
  const isAgain = payments?.some((one) => one.id !== id && isSame(one, draft)) === true
  const request: PaymentRequest = {
    id,
    account: account.address,
    subject: { kind: 'transfer', to, units, token: unit.token, symbol: unit.symbol, decimals: unit.decimals },
    calls: transferOf(draft),
  }
  const send = async () => {
    setBusy(true)
    try {
      await chain.payments.send(request)
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
      await queryClient.invalidateQueries({ predicate: ({ meta }) => meta?.live === true })
    }
  }
  if (account.kind === 'policy') return <Propose account={account} draft={draft} onBack={onBack} />
  if (payment !== undefined) return <Outcome payment={payment} draft={draft} onAgain={onAgain} />
  const isSsp = unit.token === SSP.token
  return (
    <div className="flex max-w-xl flex-col gap-4">
      <section aria-label={t('review.title')} className="card flex flex-col gap-5 p-5 sm:p-6">
        <div>
          <h2 className="text-sm font-medium text-muted">{t('review.pays')}</h2>
          <p className="mt-1">
            <Amount units={units} decimals={unit.decimals} symbol={unit.symbol} size="lg" />
          </p>
          {isSsp ? null : <p className="mt-1 font-mono text-xs break-all text-muted">{unit.token}</p>}
        </div>
        <div>
          <h2 className="mb-1 text-sm font-medium text-muted">{t('review.to')}</h2>
          <Address address={to} name={names.get(to)} isWhole hasCopy={false} />
        </div>
        {memo === '' ? null : (
          <div>
            <h2 className="text-sm font-medium text-muted">{t('send.memo')}</h2>
            <bdi>{memo}</bdi>
          </div>
        )}
        <dl className="grid grid-cols-[1fr_auto] gap-y-1 border-t border-line pt-4">
          <dt className="text-muted">{t('review.fee')}</dt>
          <dd className="min-h-6 text-right">
            {fee.data === undefined ? (
              <span className="text-muted">{isOpen ? '…' : t('review.feeLocked')}</span>
            ) : (
              <Amount units={fee.data.feeGrains} size="sm" />
            )}
          </dd>
          {fee.data !== undefined && isSsp ? (
            <>
              <dt className="font-medium">{t('review.total')}</dt>
              <dd className="text-right font-medium">
                <Amount units={units + fee.data.feeGrains} />
              </dd>
            </>
          ) : null}
        </dl>
        {isAgain ? (
          <Note look="warn" icon="warning">
            {t('review.again')}
          </Note>
        ) : null}
        <Problem error={fee.error} />
        <Problem error={error} />
        <div className="flex gap-3">
          <Button onClick={onBack} disabled={isBusy}>
            {t('common:action.back')}
          </Button>
          <Button
            look="primary"
            icon="send"
            isBusy={isBusy}
            disabled={!isOpen || fee.data === undefined}
            onClick={() => void send()}
          >
            {t('review.send')}
          </Button>
        </div>
      </section>
      {isOpen ? null : <Unlock account={account} />}
    </div>
  )
}

/** A payment of a shared account is proposed to its owners. */
function Propose({
  account,
  draft,
  onBack,
}: {
  readonly account: StoredAccount
  readonly draft: Draft
  readonly onBack: () => void
}) {
  const { t } = useTranslation('wallet')
  const navigate = useNavigate()
  const names = useNames()
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const propose = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await chain.shared.propose(account.address, transferOf(draft))
      await navigate({ to: '/wallet/shared' })
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section aria-label={t('review.title')} className="card flex max-w-xl flex-col gap-5 p-5 sm:p-6">
      <Amount units={draft.units} decimals={draft.unit.decimals} symbol={draft.unit.symbol} size="lg" />
      <Address address={draft.to} name={names.get(draft.to)} isWhole hasCopy={false} />
      <p className="text-muted">{t('shared.proposeText')}</p>
      <Problem error={error} />
      <div className="flex gap-3">
        <Button onClick={onBack} disabled={isBusy}>
          {t('common:action.back')}
        </Button>
        <Button look="primary" icon="people" isBusy={isBusy} onClick={() => void propose()}>
          {t('shared.propose')}
        </Button>
      </div>
    </section>
  )
}

function isSame({ subject, state, createdMs }: Payment, { to, units, unit }: Draft): boolean {
  const isAlive = state === 'signing' || state === 'sent' || state === 'done'
  return (
    isAlive &&
    subject.to === to &&
    subject.units === units &&
    subject.token === unit.token &&
    Date.now() - createdMs < AGAIN_MS
  )
}
