import { parseAddress, parseAmount } from '@smartshare/crypto'
import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { type FormEvent, lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { balanceQuery, contactsQuery, holdingsQuery, vaultQuery } from '../../chain/queries.ts'
import { chain } from '../../chain/remote.ts'
import { shortAddress } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { errorText } from '../../ui/error-text.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { foreignName, plainUnitsText } from '../../ui/format.ts'
import { LoadingPanel, Note } from '../../ui/state-panel.tsx'
import { VerifiedBadge } from '../../ui/verified-badge.tsx'
import type { StoredAccount } from '../../worker/vault-types.ts'
import { useNames } from './history.tsx'
import { type Draft, memoBytes, SSP, transferOf, type Unit } from './send-draft.ts'
import { useAccount } from './use-account.ts'

const QrScanner = lazy(() => import('../../ui/qr-scanner.tsx'))

const MAX_MEMO_BYTES = 64
const MOST_SUGGESTED = 6

function attempt<T>(work: () => T): { value?: T; error?: unknown } {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

/** Whom to pay, how much, and in what. */
export function SendForm({
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
  const isMemoLong = memoBytes(memo).length > MAX_MEMO_BYTES
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
  const amountError = (): string | undefined => {
    if (isTooMuch) return t('common:errors.TOKENS_BALANCE')
    if (text === '' && isTried) return t('common:errors.AMOUNT_TEXT')
    if (text !== '' && amount.error !== undefined) return errorText(amount.error, t)
    if (isTried && isNothing) return t('send.nothing')
    return allError === undefined ? undefined : errorText(allError, t)
  }
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
          error={amountError()}
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
