import type { AgentObject } from '@smartshare/client'
import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '../../ui/amount.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { TextField } from '../../ui/field.tsx'
import { ForeignName } from '../../ui/foreign-name.tsx'
import { dayText, spanParts } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, Note, QueryPanel } from '../../ui/state-panel.tsx'
import { sizeText } from './size-text.ts'

/** From so many on a search helps. */
const SEARCH_FROM = 5
const SHORT_ID = 8

/** The objects that are kept. */
export function Objects({
  query,
  periodMs,
}: {
  readonly query: UseQueryResult<{ items: AgentObject[]; isWhole: boolean }>
  readonly periodMs: number | undefined
}) {
  const { t, i18n } = useTranslation('storage')
  const [search, setSearch] = useState('')
  const columns = useMemo(() => columnsOf(t, i18n.language, periodMs ?? 0), [t, i18n.language, periodMs])
  return (
    <Section title={t('objects.title')}>
      <QueryPanel
        query={query}
        lines={5}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyPanel icon="storage" title={t('objects.empty.title')} text={t('objects.empty.text')} />}
      >
        {({ items, isWhole }) => {
          const wanted = search.trim().toLowerCase()
          const found = items.filter(({ name, object }) => `${name ?? ''} ${object}`.toLowerCase().includes(wanted))
          return (
            <>
              {items.length >= SEARCH_FROM ? (
                <div className="max-w-sm px-5 pt-4">
                  <TextField
                    label={t('objects.search')}
                    type="search"
                    value={search}
                    onChange={({ target }) => setSearch(target.value)}
                    hint={wanted === '' ? undefined : t('objects.found', { count: found.length })}
                  />
                </div>
              ) : null}
              {isWhole ? null : <Note look="warn">{t('objects.cut')}</Note>}
              <DataTable
                label={t('objects.title')}
                columns={columns}
                rows={found}
                rowKey={({ object }) => object}
                initialSort={{ id: 'stored', isDescending: true }}
              />
            </>
          )
        }}
      </QueryPanel>
    </Section>
  )
}

/** An object that was stored without a name, or by another wallet, is called by its id. */
export function objectName({ name, object }: Pick<AgentObject, 'name' | 'object'>): string {
  return name === null || name === '' ? object.slice(0, SHORT_ID) : name
}

function columnsOf(t: TFunction<'storage'>, language: string, periodMs: number): Column<AgentObject>[] {
  return [
    {
      id: 'name',
      header: t('objects.name'),
      sortBy: (one) => objectName(one).toLowerCase(),
      cell: (one) => (
        <Link
          to="/storage/$object"
          params={{ object: one.object } as never}
          className="block max-w-[8.5rem] truncate font-medium text-accent hover:underline sm:max-w-xs"
        >
          <ForeignName name={objectName(one)} />
        </Link>
      ),
    },
    {
      id: 'size',
      header: t('objects.size'),
      align: 'end',
      sortBy: ({ sizeBytes }) => sizeBytes,
      cell: ({ sizeBytes }) => <span className="figures whitespace-nowrap">{sizeText(sizeBytes)}</span>,
    },
    {
      id: 'copies',
      header: t('objects.copies'),
      align: 'end',
      isMinor: true,
      sortBy: ({ copies }) => copies,
      cell: ({ copies, agreements }) => <Copies copies={copies} all={agreements.length} />,
    },
    {
      id: 'left',
      header: t('objects.left'),
      align: 'end',
      sortBy: ({ endsMs }) => endsMs,
      cell: ({ endsMs }) => <Left endsMs={endsMs} isShort={(endsMs ?? 0) - Date.now() < 2 * periodMs} />,
    },
    {
      id: 'cost',
      header: t('objects.cost'),
      align: 'end',
      isMinor: true,
      sortBy: ({ expectedGrains }) => expectedGrains,
      cell: ({ expectedGrains, token }) =>
        token === 'SSP' ? <Amount units={expectedGrains} size="sm" /> : <span className="figures">–</span>,
    },
    {
      id: 'stored',
      header: t('objects.stored'),
      align: 'end',
      isMinor: true,
      sortBy: ({ storedMs }) => storedMs,
      cell: ({ storedMs }) => (
        <span className="text-sm whitespace-nowrap text-muted">
          {storedMs === null ? '–' : dayText(storedMs, language)}
        </span>
      ),
    },
  ]
}

function Copies({ copies, all }: { readonly copies: number; readonly all: number }) {
  const { t } = useTranslation('storage')
  return (
    <span className={`figures ${copies < all ? 'text-warn' : ''}`}>
      {copies < all ? t('objects.copiesOf', { copies, all }) : copies}
    </span>
  )
}

/** How long an object is kept still. */
export function Left({ endsMs, isShort = false }: { readonly endsMs: number | null; readonly isShort?: boolean }) {
  const { t } = useTranslation('storage')
  if (endsMs === null) return <span className="text-muted">–</span>
  const span = spanParts(endsMs - Date.now())
  return (
    <span className={`figures whitespace-nowrap ${isShort ? 'text-warn' : ''}`}>
      {t(`common:${span.key}`, { count: span.count })}
    </span>
  )
}
