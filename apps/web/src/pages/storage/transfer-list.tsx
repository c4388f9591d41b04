import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { queryClient } from '../../chain/queries.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { Section } from '../../ui/section.tsx'
import { isUnderWay, objectsQuery, remote, transfersQuery } from './queries.ts'
import { sizeText } from './size-text.ts'
import type { Transfer } from './transfers.ts'

const PERCENT = 100

/** Files on their way, and what became of them. */
export function Transfers() {
  const { t } = useTranslation('storage')
  const { data: transfers = [] } = useQuery(transfersQuery)
  const doneCount = transfers.filter(({ state }) => state === 'done').length
  const isBusy = transfers.some(({ state }) => state === 'waiting' || state === 'sending')
  // biome-ignore lint/correctness/useExhaustiveDependencies: one more is stored
  useEffect(() => {
    void queryClient.invalidateQueries(objectsQuery)
  }, [doneCount])
  useEffect(() => {
    if (!isBusy) return undefined
    // Leaving the app would stop what is being sent: the browser asks first.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isBusy])
  if (transfers.length === 0) return null
  const over = transfers.filter((one) => !isUnderWay(one))
  const clear = () => void Promise.all(over.map(({ upload }) => remote.cancel(upload))).then(reload)
  return (
    <Section
      title={t('transfers.title')}
      aside={
        over.length === 0 ? null : (
          <Button look="quiet" size="sm" onClick={clear}>
            {t('transfers.clear')}
          </Button>
        )
      }
    >
      <ul className="divide-y divide-line">
        {transfers.map((transfer) => (
          <TransferLine key={transfer.upload} transfer={transfer} />
        ))}
      </ul>
    </Section>
  )
}

function reload(): Promise<void> {
  return queryClient.invalidateQueries(transfersQuery)
}

function TransferLine({ transfer }: { readonly transfer: Transfer }) {
  const { t } = useTranslation('storage')
  const { upload, name, sizeBytes, copies, ready, state, share, object, error } = transfer
  const percent = Math.floor(share * PERCENT)
  const isMoving = isUnderWay(transfer)
  return (
    <li data-transfer={state} className="flex flex-col gap-2 px-5 py-3">
      <div className="flex items-center justify-between gap-3">
        <span className="min-w-0 font-medium">
          {object !== null && state === 'done' ? (
            <Link to="/storage/$object" params={{ object } as never} className="text-accent hover:underline">
              <ForeignName name={name} />
            </Link>
          ) : (
            <ForeignName name={name} />
          )}
        </span>
        <span className="flex shrink-0 items-center gap-2 text-sm text-muted">
          <span className="figures">{sizeText(sizeBytes)}</span>
          {state === 'failed' && transfer.canRepeat ? (
            <Button size="sm" onClick={() => void remote.repeat(upload).then(reload)}>
              {t('common:action.retry')}
            </Button>
          ) : null}
          <IconButton
            icon="close"
            label={t(isMoving ? 'transfers.cancel' : 'transfers.forget', { name })}
            onClick={() => void remote.cancel(upload).then(reload)}
          />
        </span>
      </div>
      {isMoving ? (
        <div
          role="progressbar"
          aria-label={name}
          aria-valuenow={percent}
          aria-valuemin={0}
          aria-valuemax={PERCENT}
          aria-valuetext={t(`transfers.state.${state}`, { percent, ready, copies, count: copies })}
          className="h-2 overflow-hidden rounded-full bg-line"
        >
          <div className="h-full rounded-full bg-accent transition-[width]" style={{ width: `${percent}%` }} />
        </div>
      ) : null}
      <p
        role={state === 'failed' ? 'alert' : undefined}
        className={`text-sm ${state === 'failed' ? 'text-bad' : 'text-muted'}`}
      >
        {error === null
          ? t(`transfers.state.${state}`, { percent, ready, copies, count: copies })
          : errorText(error, t)}
      </p>
    </li>
  )
}
