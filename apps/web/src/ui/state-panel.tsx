import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from './button.tsx'
import { errorText } from './error-text.ts'
import { Icon, type IconName } from './icon.tsx'

/** A place where nothing is yet: what will stand here, and what to do. */
export function EmptyPanel({
  icon,
  title,
  text,
  children,
}: {
  readonly icon: IconName
  readonly title: string
  readonly text?: string
  readonly children?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-12 text-center">
      <span className="flex size-12 items-center justify-center rounded-full bg-accent-soft text-accent">
        <Icon name={icon} size={24} />
      </span>
      <p className="text-lg font-semibold">{title}</p>
      {text === undefined ? null : <p className="max-w-sm text-muted">{text}</p>}
      {children}
    </div>
  )
}

export function ErrorPanel({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { t } = useTranslation()
  return (
    <div role="alert" className="flex flex-col items-center gap-3 px-6 py-12 text-center">
      <span className="flex size-12 items-center justify-center rounded-full bg-bad-soft text-bad">
        <Icon name="warning" size={24} />
      </span>
      <p className="text-lg font-semibold">{t('state.error')}</p>
      <p className="max-w-sm text-muted">{errorText(error, t)}</p>
      {onRetry === undefined ? null : <Button onClick={onRetry}>{t('action.retry')}</Button>}
    </div>
  )
}

/** Grey lines in the place of what is coming, so that nothing jumps. */
export function LoadingPanel({ lines = 3 }: { readonly lines?: number }) {
  const { t } = useTranslation()
  return (
    <div role="status" className="flex flex-col gap-3 p-5">
      <span className="sr-only">{t('state.loading')}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines without any identity
        <span key={line} className={`h-4 animate-shimmer rounded-sm bg-line ${line % 2 === 0 ? 'w-full' : 'w-2/3'}`} />
      ))}
    </div>
  )
}

/** What a question found, in each state that it can have: loading, failed, old, empty, there. */
export function QueryPanel<T>({
  query,
  isEmpty,
  empty,
  lines,
  children,
}: {
  readonly query: UseQueryResult<T>
  readonly isEmpty?: (data: T) => boolean
  readonly empty?: ReactNode
  readonly lines?: number
  readonly children: (data: T) => ReactNode
}) {
  const { t } = useTranslation()
  const { data, error, refetch } = query
  if (data === undefined) {
    return error === null ? (
      <LoadingPanel {...(lines === undefined ? {} : { lines })} />
    ) : (
      <ErrorPanel error={error} onRetry={() => void refetch()} />
    )
  }
  return (
    <>
      {error === null ? null : (
        <p role="status" className="flex items-center gap-2 bg-warn-soft px-5 py-2 text-sm text-warn">
          <Icon name="clock" size={16} />
          {t('state.stale')}
        </p>
      )}
      {isEmpty?.(data) === true ? (empty ?? <EmptyPanel icon="clock" title={t('state.empty')} />) : children(data)}
    </>
  )
}

const noteLooks = {
  info: 'bg-accent-soft text-ink',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
} as const

/** A remark inside a page. */
export function Note({
  look = 'info',
  icon,
  children,
}: {
  readonly look?: keyof typeof noteLooks
  readonly icon?: IconName
  readonly children: ReactNode
}) {
  return (
    <div className={`flex gap-3 rounded-md px-4 py-3 text-sm ${noteLooks[look]}`}>
      {icon === undefined ? null : <Icon name={icon} size={18} />}
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  )
}
