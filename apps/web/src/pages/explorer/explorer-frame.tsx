import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { IndexNotice } from './index-notice.tsx'
import { SearchBox } from './search-box.tsx'

const PLACES = [
  ['overview', ''],
  ['blocks', '/blocks'],
  ['transactions', '/transactions'],
  ['tokens', '/tokens'],
  ['contracts', '/contracts'],
  ['delegates', '/delegates'],
  ['supply', '/supply'],
] as const

/** What stands around every page of the explorer: the search, the ways, how the index is. */
export function ExplorerFrame({
  title,
  text,
  children,
}: {
  readonly title: string
  readonly text?: string
  readonly children: ReactNode
}) {
  const { t } = useTranslation('explorer')
  return (
    <div className="flex flex-col gap-6">
      <SearchBox />
      <nav aria-label={t('title')} className="-mx-1 flex gap-1 overflow-x-auto px-1 py-1">
        {PLACES.map(([place, path]) => (
          <Link
            key={place}
            to={`/explorer${path}`}
            activeOptions={{ exact: true }}
            className="shrink-0 rounded-md px-3 py-2 text-sm font-medium text-muted hover:bg-sunken hover:text-ink data-[status=active]:bg-accent-soft data-[status=active]:text-accent"
          >
            {t(`places.${place}`)}
          </Link>
        ))}
      </nav>
      <div className="empty:hidden">
        <IndexNotice />
      </div>
      <div>
        <h1 className="text-2xl break-words">{title}</h1>
        {text === undefined ? null : <p className="mt-1 max-w-2xl text-muted">{text}</p>}
      </div>
      {children}
    </div>
  )
}
