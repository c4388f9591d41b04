import type { AgentObjectDetail } from '@smartshare/client'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../../ui/button.tsx'
import { dayText } from '../../ui/format.ts'
import { LoadingPanel } from '../../ui/state-panel.tsx'
import type { MoneyEvent } from './history.ts'
import { type InspectionDay, inspectionDays, midnight } from './inspection-days.ts'

const WEEK = 7
/** 1 February 2021, a Monday. */
const A_MONDAY_MS = new Date(2021, 1, 1).getTime()
const DAY_MS = 86_400_000
const EMPTY = { passed: 0, missed: 0, due: 0 }

/** When copies were and will be inspected, a month at a time. */
export function Inspections({
  object,
  events,
  periodMs,
}: {
  readonly object: AgentObjectDetail
  readonly events: readonly MoneyEvent[] | null
  readonly periodMs: number | undefined
}) {
  const { t, i18n } = useTranslation('storage')
  const [offset, setOffset] = useState(0)
  const days = useMemo(
    () => inspectionDays(object.agreements, events, periodMs ?? 0),
    [object.agreements, events, periodMs],
  )
  if (periodMs === undefined) return <LoadingPanel lines={5} />
  const now = new Date()
  const month = new Date(now.getFullYear(), now.getMonth() + offset, 1)
  const locale = i18n.language === 'zh' ? 'zh-Hans' : 'en'
  const title = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'long' }).format(month)
  const next = object.agreements
    .flatMap(({ nextInspection }) => nextInspection ?? [])
    .sort((a, b) => a.fromMs - b.fromMs)[0]
  return (
    <div className="flex flex-col gap-4 p-5">
      <div className="flex items-center justify-between gap-3">
        <p aria-live="polite" className="font-medium">
          {title}
        </p>
        <div className="flex gap-1">
          <IconButton icon="left" label={t('inspections.before')} onClick={() => setOffset(offset - 1)} />
          <IconButton icon="right" label={t('inspections.after')} onClick={() => setOffset(offset + 1)} />
        </div>
      </div>
      <Month month={month} days={days} title={title} />
      <div className="flex flex-wrap gap-x-5 gap-y-1 text-sm text-muted">
        <Key look="bg-accent" text={t('inspections.passed')} />
        <Key look="bg-bad" text={t('inspections.missed')} />
        <Key look="border border-line-strong" text={t('inspections.due')} />
        {next === undefined ? null : (
          <span>
            {t('inspections.next', {
              time: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(next.fromMs),
            })}
          </span>
        )}
      </div>
    </div>
  )
}

function Month({
  month,
  days,
  title,
}: {
  readonly month: Date
  readonly days: ReadonlyMap<number, InspectionDay>
  readonly title: string
}) {
  const { t, i18n } = useTranslation('storage')
  const locale = i18n.language === 'zh' ? 'zh-Hans' : 'en'
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'short' })
  const before = (month.getDay() + WEEK - 1) % WEEK
  const length = new Date(month.getFullYear(), month.getMonth() + 1, 0).getDate()
  const weeks = Array.from({ length: Math.ceil((before + length) / WEEK) }, (_, week) =>
    Array.from({ length: WEEK }, (_, index) => week * WEEK + index - before + 1),
  )
  const today = midnight(Date.now())
  return (
    <table className="w-full table-fixed border-separate border-spacing-1" aria-label={title}>
      <thead>
        <tr>
          {Array.from({ length: WEEK }, (_, index) => A_MONDAY_MS + index * DAY_MS).map((ms) => (
            <th key={ms} scope="col" className="pb-1 text-xs font-medium text-muted">
              {weekday.format(ms)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]}>
            {week.map((date) => {
              if (date < 1 || date > length) return <td key={date} />
              const dayMs = new Date(month.getFullYear(), month.getMonth(), date).getTime()
              const { passed, missed, due } = days.get(dayMs) ?? EMPTY
              const told = t('inspections.day', { day: dayText(dayMs, i18n.language), passed, missed, due })
              const hasAny = passed + missed + due > 0
              return (
                <td key={date} className="p-0">
                  <span
                    title={hasAny ? told : undefined}
                    data-inspected={passed}
                    className={`flex h-11 flex-col items-center justify-center gap-1 rounded-md text-sm ${dayMs === today ? 'outline outline-2 outline-accent' : ''} ${hasAny ? 'bg-sunken' : 'text-muted'}`}
                  >
                    <span aria-hidden={hasAny} className="figures leading-none">
                      {date}
                    </span>
                    {hasAny ? <span className="sr-only">{told}</span> : null}
                    <span aria-hidden="true" className="flex h-2 gap-1">
                      {passed > 0 ? <Dot look="bg-accent" /> : null}
                      {missed > 0 ? <Dot look="bg-bad" /> : null}
                      {due > 0 && passed + missed === 0 ? <Dot look="border border-line-strong" /> : null}
                    </span>
                  </span>
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Dot({ look }: { readonly look: string }) {
  return <span className={`block size-2 rounded-full ${look}`} />
}

function Key({ look, text }: { readonly look: string; readonly text: string }) {
  return (
    <span className="inline-flex items-center gap-2">
      <Dot look={look} />
      {text}
    </span>
  )
}
