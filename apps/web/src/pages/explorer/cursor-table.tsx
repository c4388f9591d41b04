import type { IndexerAnswer, IndexerParams, IndexerQuery, IndexerRouteName } from '@smartshare/client'
import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { queryClient } from '../../chain/queries.ts'
import { Button } from '../../ui/button.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { countText } from '../../ui/format.ts'
import { Section } from '../../ui/section.tsx'
import { EmptyPanel, ErrorPanel, LoadingPanel } from '../../ui/state-panel.tsx'
import { CsvLink } from './csv-link.tsx'
import { askIndex } from './queries.ts'

/** As many as an index gives at once. */
const PAGE = 200
const ROW_PX = 52
const SPARE_ROWS = 16
/** Rows before the end at which the next page is asked for. */
const AHEAD_ROWS = 150
const MAX_HEIGHT_PX = 640
const REFRESH_MS = 4000
/** What the list may hold at most; the file has as many. */
const MOST_ROWS = 100_000

interface Page {
  readonly items: readonly object[]
  readonly next: string | null
  readonly height: number
}

/** Questions of the index that are answered page by page. */
type ListName = {
  [N in IndexerRouteName]: IndexerAnswer<N> extends Page ? N : never
}[IndexerRouteName]
export type Item<N extends ListName> = IndexerAnswer<N>['items'][number]

interface CursorTableProps<N extends ListName> {
  readonly title: string
  readonly name: N
  readonly params: IndexerParams<N>
  readonly query?: IndexerQuery<N>
  readonly columns: readonly Column<Item<N>>[]
  readonly rowKey: (row: Item<N>) => string
  /** What is shown where the index is away. */
  readonly fallback?: ReactNode
}

/** A list of the index of any length: pages are fetched as one scrolls, and only rows that are seen are drawn. */
export function CursorTable<N extends ListName>(props: CursorTableProps<N>) {
  const { title, name, params, query = {} as IndexerQuery<N>, columns, rowKey, fallback } = props
  const { t } = useTranslation('explorer')
  const key = ['explorer', 'list', name, params, query]
  const [isAtTop, setAtTop] = useState(true)
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) =>
      askIndex(name, params, {
        ...query,
        limit: PAGE,
        ...(pageParam === null ? {} : { cursor: pageParam }),
      } as IndexerQuery<N>) as unknown as Promise<Page>,
    initialPageParam: null as string | null,
    getNextPageParam: (last, pages) => (pages.length * PAGE < MOST_ROWS ? last.next : null),
    // Whoever reads far down is not disturbed, and thousands of rows are not fetched anew.
    refetchInterval: ({ state }) => (isAtTop && (state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false),
    staleTime: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? Number.POSITIVE_INFINITY : REFRESH_MS),
  })
  const rows = useMemo(() => (list.data?.pages ?? []).flatMap(({ items }) => items) as Item<N>[], [list.data])
  const refresh = () => {
    queryClient.setQueryData<InfiniteData<Page>>(key, (data) =>
      data === undefined ? undefined : { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
    )
    void list.refetch()
  }
  if (list.data === undefined && list.error !== null && fallback !== undefined) return fallback
  return (
    <Section
      title={title}
      aside={
        <span className="flex items-center gap-1">
          {list.data !== undefined && list.data.pages.length > 1 ? (
            <Button look="quiet" size="sm" onClick={refresh}>
              {t('list.newest')}
            </Button>
          ) : null}
          {rows.length > 0 ? <CsvLink name={name} params={params} query={query} /> : null}
        </span>
      }
    >
      {list.data === undefined ? (
        list.error === null ? (
          <LoadingPanel lines={8} />
        ) : (
          <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />
        )
      ) : rows.length === 0 ? (
        <EmptyPanel icon="table" title={t('list.empty')} />
      ) : (
        <>
          <Rows
            label={title}
            columns={columns}
            rows={rows}
            rowKey={rowKey}
            isOpenEnded={list.hasNextPage}
            onNearEnd={() => {
              if (list.hasNextPage && !list.isFetchingNextPage && !list.isError) void list.fetchNextPage()
            }}
            onTop={setAtTop}
          />
          <p className="flex min-h-12 flex-wrap items-center gap-3 border-t border-line px-5 py-2 text-sm text-muted">
            {t(list.hasNextPage ? 'list.some' : 'list.all', { count: countText(rows.length) })}
            {list.isFetchNextPageError ? (
              <Button size="sm" onClick={() => void list.fetchNextPage()}>
                {t('list.again')}
              </Button>
            ) : null}
          </p>
        </>
      )}
    </Section>
  )
}

function Rows<Row extends object>({
  label,
  columns,
  rows,
  rowKey,
  isOpenEnded,
  onNearEnd,
  onTop,
}: {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly isOpenEnded: boolean
  readonly onNearEnd: () => void
  readonly onTop: (isAtTop: boolean) => void
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: SPARE_ROWS,
  })
  const items = virtual.getVirtualItems()
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 0
  const isAtTop = first === 0
  const isNearEnd = isOpenEnded && last >= rows.length - AHEAD_ROWS && !isAtTop
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is done is a matter of the moment
  useEffect(() => {
    if (isNearEnd) onNearEnd()
  }, [isNearEnd, rows.length])
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useEffect(() => onTop(isAtTop), [isAtTop])
  const before = items[0]?.start ?? 0
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)
  const cellClass = ({ align, isMinor }: Column<Row>) =>
    `px-4 ${align === 'end' ? 'text-right' : 'text-left'} ${isMinor === true ? 'hidden md:table-cell' : ''}`
  return (
    <section
      ref={scroller}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable with the keyboard
      tabIndex={0}
      className="overflow-auto"
      style={{ maxHeight: MAX_HEIGHT_PX }}
    >
      <table className="w-full border-collapse text-base" aria-rowcount={isOpenEnded ? -1 : rows.length}>
        <thead className="sticky top-0 z-10 bg-surface shadow-[inset_0_-1px] shadow-line">
          <tr>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                className={`h-10 text-sm font-medium whitespace-nowrap text-muted ${cellClass(column)}`}
              >
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <tr style={{ height: before }} /> : null}
          {items.map(({ index }) => {
            const row = rows[index] as Row
            return (
              <tr
                key={rowKey(row)}
                aria-rowindex={index + 1}
                className="border-b border-line last:border-0"
                style={{ height: ROW_PX }}
              >
                {columns.map((column) => (
                  <td key={column.id} className={cellClass(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            )
          })}
          {after > 0 ? <tr style={{ height: after }} /> : null}
        </tbody>
      </table>
    </section>
  )
}
