import { parseAddress, parseAmount } from '@smartshare/crypto'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  balanceQuery,
  contactsQuery,
  holdingsQuery,
  paymentsQuery,
  queryClient,
  vaultQuery,
} from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { Address, shortAddress } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { codeText, errorText } from '../../ui/error-text.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { foreignName, plainUnitsText } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { LoadingPanel, Note } from '../../ui/state-panel.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import type { Payment, PaymentRequest } from '../../worker/payment-types.ts'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { useNames } from './history.tsx'
import { Unlock } from './unlock.tsx'
import { useAccount } from './use-account.ts'
import { WalletFrame } from './wallet-frame.tsx'

const QrScanner = lazy(() => import('../../ui/qr-scanner.tsx'))

const SSP = { token: 'SSP', symbol: 'SSP', name: 'SSP', decimals: 8 }
const MAX_MEMO_BYTES = 64
/** The same payment made shortly before is asked about. */
const AGAIN_MS = 10 * 60_000
const utf8 = new TextEncoder()

type Unit = typeof SSP

interface Draft {
  readonly to: string
  readonly units: bigint
  readonly unit: Unit
  readonly memo: string
}

export default function Send() {
  const { t } = useTranslation('wallet')
  return (
    <WalletFrame title={t('send.title')}>
      {(account) => <SendSteps key={account.address} account={account} />}
    </WalletFrame>
  )
}

function SendSteps({ account }: { readonly account: StoredAccount }) {
  const [draft, setDraft] = useState<Draft | undefined>(undefined)
  const [isReviewed, setReviewed] = useState(false)
  // Drawn once for this payment: the worker never sends the same id twice.
  const [id, setId] = useState(() => crypto.randomUUID())
  if (draft === undefined || !isReviewed) {
    return (
      <SendForm
        account={account}
        draft={draft}
        onDone={(next) => {
          setDraft(next)
          setReviewed(true)
        }}
      />
    )
  }
  const again = () => {
    setDraft(undefined)
    setReviewed(false)
    setId(crypto.randomUUID())
  }
  return <Review key={id} id={id} account={account} draft={draft} onBack={() => setReviewed(false)} onAgain={again} />
}

function attempt<T>(work: () => T): { value?: T; error?: unknown } {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

function transferOf({ to, units, unit, memo }: Draft) {
  const token = unit.token === SSP.token ? 0 : parseAddress(unit.token)
  const args = { to: parseAddress(to), token, amount: units, memo: memo === '' ? null : utf8.encode(memo) }
  return [{ module: 'tokens', method: 'transfer', args }]
}

function SendForm({
  account,
  draft,
  onDone,
}: {
  readonly account: StoredAccount
  readonly draft: Draft | undefined
  readonly onDone: (draft: Draft) => void
}) {
  const { t } = useTranslation('wallet')
  const search: { to?: string } = useSearch({ strict: false })
  const { isOpen } = useAccount()
  const { data: holdings } = useQuery(holdingsQuery(account.address))
  const units: readonly Unit[] = [SSP, ...(holdings ?? [])]
  const [to, setTo] = useState(draft?.to ?? search.to ?? '')
  const [token, setToken] = useState(draft?.unit.token ?? SSP.token)
  const unit = units.find((one) => one.token === token) ?? draft?.unit ?? SSP
  const [text, setText] = useState(draft === undefined ? '' : plainUnitsText(draft.units, draft.unit.decimals))
  const [memo, setMemo] = useState(draft?.memo ?? '')
  const [isTried, setTried] = useState(false)
  const [isScanning, setScanning] = useState(false)
  const [allError, setAllError] = useState<unknown>(undefined)
  const { data: balance } = useQuery(balanceQuery(account.address, unit.token))

  const address = attempt(() => parseAddress(to.trim()))
  const amount = attempt(() => parseAmount(text.trim(), unit.decimals))
  const isNothing = amount.value === 0n
  const isTooMuch = amount.value !== undefined && balance !== undefined && amount.value > balance.units
  const isMemoLong = utf8.encode(memo).length > MAX_MEMO_BYTES
  const isLie = balance?.state === 'lie'
  const isGood =
    address.error === undefined && amount.value !== undefined && !isNothing && !isTooMuch && !isMemoLong && !isLie

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (isGood) onDone({ to: to.trim(), units: amount.value as bigint, unit, memo })
  }
  const takeAll = async () => {
    if (balance === undefined) return
    setAllError(undefined)
    if (unit.token !== SSP.token) {
      setText(plainUnitsText(balance.units, unit.decimals))
      return
    }
    try {
      const target = address.error === undefined ? to.trim() : account.address
      const fee = await chain.payments.estimate(account.address, transferOf({ to: target, units: 1n, unit, memo }))
      const rest = balance.units - fee.highestFeeGrains
      setText(plainUnitsText(rest > 0n ? rest : 0n, unit.decimals))
    } catch (error) {
      setAllError(error)
    }
  }
  const amountError = isTooMuch
    ? t('common:errors.TOKENS_BALANCE')
    : isTried && isNothing
      ? t('send.nothing')
      : (isTried || text !== '') && amount.error !== undefined && text !== ''
        ? errorText(amount.error, t)
        : isTried && text === ''
          ? t('common:errors.AMOUNT_TEXT')
          : allError === undefined
            ? undefined
            : errorText(allError, t)
  return (
    <form onSubmit={submit} className="card flex max-w-xl flex-col gap-2 p-5 sm:p-6" noValidate>
      <TextField
        label={t('send.to')}
        value={to}
        inputMode="text"
        placeholder="ssp1…"
        className="font-mono text-sm"
        onChange={({ target }) => setTo(target.value)}
        error={
          (isTried || to.trim().length >= 62) && address.error !== undefined ? errorText(address.error, t) : undefined
        }
        suffix={
          <IconButton icon="scan" label={t('common:scan.title')} className="m-1" onClick={() => setScanning(true)} />
        }
        hint={address.error === undefined ? <Recipient address={to.trim()} own={account.address} /> : undefined}
      />
      <Dialog isOpen={isScanning} onClose={() => setScanning(false)} title={t('common:scan.title')}>
        <Suspense fallback={<LoadingPanel />}>
          <QrScanner
            onFound={(found) => {
              setTo(found)
              setScanning(false)
            }}
          />
        </Suspense>
      </Dialog>
      <Suggestions own={account.address} onChoose={setTo} />
      <div className="grid gap-x-4 sm:grid-cols-[1fr_12rem]">
        <TextField
          label={t('send.amount')}
          value={text}
          inputMode="decimal"
          placeholder="0"
          className="figures text-lg"
          onChange={({ target }) => setText(target.value)}
          error={amountError}
          hint={
            balance === undefined ? undefined : (
              <span className="flex items-center gap-2">
                {t('send.has')} <Amount units={balance.units} decimals={unit.decimals} symbol={unit.symbol} size="sm" />
              </span>
            )
          }
          suffix={
            isOpen ? (
              <button
                type="button"
                onClick={() => void takeAll()}
                className="m-1.5 rounded-sm bg-sunken px-2.5 text-sm font-medium text-muted hover:text-ink"
              >
                {t('common:action.max')}
              </button>
            ) : null
          }
        />
        <SelectField label={t('send.token')} value={unit.token} onChange={({ target }) => setToken(target.value)}>
          {units.map((one) => (
            <option key={one.token} value={one.token}>
              {one.token === SSP.token ? one.symbol : `${foreignName(one.symbol).text} · ${shortAddress(one.token)}`}
            </option>
          ))}
        </SelectField>
      </div>
      <TextField
        label={t('send.memo')}
        value={memo}
        onChange={({ target }) => setMemo(target.value)}
        hint={t('send.memoHint')}
        error={isMemoLong ? t('send.memoLong') : undefined}
      />
      {isLie && balance !== undefined ? (
        <Note look="bad" icon="warning">
          {t('common:verified.explain.lie', { node: balance.node, code: balance.code ?? '' })}
        </Note>
      ) : null}
      <div className="flex items-center gap-3">
        <Button type="submit" look="primary" disabled={isLie}>
          {t('common:action.next')}
        </Button>
        {balance === undefined ? null : <VerifiedBadge proof={balance} />}
      </div>
    </form>
  )
}

/** Who an address is, as far as this browser knows. */
function Recipient({ address, own }: { readonly address: string; readonly own: string }) {
  const { t } = useTranslation('wallet')
  const name = useNames().get(address)
  if (address === own) return <span className="text-warn">{t('send.toSelf')}</span>
  return <span>{name === undefined ? t('send.stranger') : t('send.known', { name: foreignName(name).text })}</span>
}

const MOST_SUGGESTED = 6

/** Accounts of this browser and the address book, to choose with one press. */
function Suggestions({ own, onChoose }: { readonly own: string; readonly onChoose: (address: string) => void }) {
  const { t } = useTranslation('wallet')
  const { data: contacts } = useQuery(contactsQuery)
  const { data: vault } = useQuery(vaultQuery)
  const known = [...(contacts ?? []), ...(vault?.accounts ?? [])].filter(({ address }) => address !== own)
  if (known.length === 0) return null
  return (
    <ul aria-label={t('send.suggestions')} className="mb-3 flex flex-wrap gap-2">
      {known.slice(0, MOST_SUGGESTED).map(({ address, name }) => (
        <li key={address}>
          <Button size="sm" onClick={() => onChoose(address)}>
            {foreignName(name).text}
          </Button>
        </li>
      ))}
    </ul>
  )
}

function Review({
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
  const [outcome, setOutcome] = useState<{ readonly error: unknown } | undefined>(undefined)
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
    } catch (error) {
      setOutcome({ error })
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
        {fee.error === null ? null : (
          <Note look="bad" icon="warning">
            <span role="alert">{errorText(fee.error, t)}</span>
          </Note>
        )}
        {outcome === undefined ? null : (
          <Note look="bad" icon="warning">
            <span role="alert">{errorText(outcome.error, t)}</span>
          </Note>
        )}
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
      {error === undefined ? null : (
        <Note look="bad" icon="warning">
          <span role="alert">{errorText(error, t)}</span>
        </Note>
      )}
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

function Outcome({
  payment,
  draft,
  onAgain,
}: {
  readonly payment: Payment
  readonly draft: Draft
  readonly onAgain: () => void
}) {
  const { t } = useTranslation('wallet')
  const { state, code, height, feeGrains } = payment
  const isOpen = state === 'signing' || state === 'sent'
  const isDone = state === 'done'
  const look = isDone ? 'bg-accent-soft text-accent' : isOpen ? 'bg-warn-soft text-warn' : 'bg-bad-soft text-bad'
  return (
    <section
      aria-label={t(`payment.${state}`)}
      data-outcome={state}
      className="card flex max-w-xl flex-col items-center gap-4 p-8 text-center"
    >
      <span className={`flex size-16 items-center justify-center rounded-full ${look}`}>
        <Icon name={isDone ? 'check' : isOpen ? 'clock' : 'close'} size={32} />
      </span>
      <h2 role="status" className="text-xl">
        {t(`payment.${state}`)}
      </h2>
      <Amount units={draft.units} decimals={draft.unit.decimals} symbol={draft.unit.symbol} />
      <p className="min-h-12 max-w-sm text-muted">
        {code === null ? t(`payment.text.${state}`, { height: height ?? 0 }) : codeText(code, t)}
      </p>
      {feeGrains === null ? null : (
        <p className="text-sm text-muted">
          {t('review.fee')} <Amount units={feeGrains} size="sm" />
        </p>
      )}
      <div className="flex flex-wrap justify-center gap-3">
        <Link to="/wallet" className={buttonClass('primary')}>
          {t('send.back')}
        </Link>
        {isOpen ? null : <Button onClick={onAgain}>{t('send.another')}</Button>}
      </div>
    </section>
  )
}
