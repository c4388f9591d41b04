import type { AgentStatusAnswer } from '@smartshare/client'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queryClient } from '../../chain/queries.ts'
import { Amount } from '../../ui/amount.tsx'
import { Button } from '../../ui/button.tsx'
import { errorText } from '../../ui/error-text.ts'
import { SelectField } from '../../ui/field.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { spanParts } from '../../ui/format.ts'
import { Note } from '../../ui/state-panel.tsx'
import { quoteQuery, remote, transfersQuery } from './queries.ts'
import { sizeText } from './size-text.ts'
import { termsOf } from './terms.ts'

const DEFAULT_COPIES = 4
const MOST_COPIES = 10
/** Files that are named; of the rest only how many. */
const NAMED_FILES = 5
/** One quote is for so many files. */
const MAX_FILES = 100

/** On which terms files are stored, and what that costs at most. Nothing is sent before its last button. */
export function StoreForm({
  files,
  status,
  onDone,
}: {
  readonly files: readonly File[]
  readonly status: AgentStatusAnswer
  readonly onDone: () => void
}) {
  const { t } = useTranslation('storage')
  const most = Math.max(1, Math.min(MOST_COPIES, status.providers))
  const [copies, setCopies] = useState(Math.min(DEFAULT_COPIES, most))
  const { choices, usual } = termsOf(status.periodMs)
  const [periods, setPeriods] = useState(usual)
  const [isBusy, setBusy] = useState(false)
  const chosen = files.slice(0, MAX_FILES)
  const quote = useQuery(
    quoteQuery(
      chosen.map(({ size }) => size),
      { copies, periods },
    ),
  )
  const sizeBytes = chosen.reduce((sum, { size }) => sum + size, 0)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    void remote
      .send(chosen, { copies, periods })
      .then(() => queryClient.invalidateQueries(transfersQuery))
      .then(onDone)
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <ul className="flex flex-col gap-1 rounded-md bg-sunken px-4 py-3 text-sm">
        {chosen.slice(0, NAMED_FILES).map((file) => (
          <li key={`${file.name} ${file.size} ${file.lastModified}`} className="flex justify-between gap-3">
            <span className="min-w-0">
              <ForeignName name={file.name} />
            </span>
            <span className="figures shrink-0 text-muted">{sizeText(file.size)}</span>
          </li>
        ))}
        {chosen.length > NAMED_FILES ? (
          <li className="text-muted">
            {t('store.more', { count: chosen.length - NAMED_FILES, size: sizeText(sizeBytes) })}
          </li>
        ) : null}
      </ul>
      {files.length > MAX_FILES ? <Note look="warn">{t('store.tooMany', { count: MAX_FILES })}</Note> : null}
      <div className="grid gap-x-4 sm:grid-cols-2">
        <SelectField
          label={t('store.copies')}
          value={copies}
          onChange={({ target }) => setCopies(Number(target.value))}
          hint={t('store.copiesHint')}
        >
          {Array.from({ length: most }, (_, index) => index + 1).map((count) => (
            <option key={count} value={count}>
              {count}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t('store.term')}
          value={periods}
          onChange={({ target }) => setPeriods(Number(target.value))}
        >
          {choices.map((choice) => {
            const span = spanParts(choice * status.periodMs)
            return (
              <option key={choice} value={choice}>
                {t(`common:${span.key}`, { count: span.count })}
              </option>
            )
          })}
        </SelectField>
      </div>
      <dl className="flex flex-col gap-1.5 border-t border-line pt-3">
        <Row name={t('store.cost')}>{quote.data === undefined ? '…' : <Amount units={quote.data.lockedGrains} />}</Row>
        <Row name={t('store.balance')}>
          <Amount units={quote.data?.balanceGrains ?? status.balanceGrains} size="sm" />
        </Row>
      </dl>
      <p className="text-sm text-muted">{t('store.costText')}</p>
      {quote.data?.problem == null && quote.error === null ? null : (
        <Note look="bad" icon="warning">
          <span role="alert">{errorText(quote.data?.problem ?? quote.error, t)}</span>
        </Note>
      )}
      <Button
        type="submit"
        look="primary"
        isBusy={isBusy}
        disabled={quote.data === undefined || quote.data.problem !== null}
        className="self-end"
      >
        {t('store.do')}
      </Button>
    </form>
  )
}

function Row({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-3">
      <dt className="text-sm text-muted">{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
