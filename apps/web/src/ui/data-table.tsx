import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from './icon.tsx'

const ROW_PX = 52
/** Rows above and below those that are seen. */
const SPARE_ROWS = 12
const MAX_HEIGHT_PX = 640

type Sortable = string | number | bigint | null

export interface Column<Row> {
  readonly id: string
  readonly header: string
  readonly cell: (row: Row) => ReactNode
  /** What rows are sorted by; without it the column does not sort. */
  readonly sortBy?: (row: Row) => Sortable
  readonly align?: 'start' | 'end'
  /** Left out where there is little room. */
  readonly isMinor?: boolean
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() })

function compare(a: Sortable, b: Sortable): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b ? -1 : 1
}

/** Rows of facts: sorted by their columns, of any number (only those that are seen are drawn), readable on a phone. */
export function DataTable<Row extends object>({
  label,
  columns,
  rows,
  rowKey,
  initialSort,
}: {
  /** What the table shows, for those who do not see it. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly initialSort?: { readonly id: string; readonly isDescending: boolean }
}) {
  const { t } = useTranslation()
  const [sorting, setSorting] = useState<SortingState>(
    initialSort === undefined ? [] : [{ id: initialSort.id, desc: initialSort.isDescending }],
  )
  const definitions = useMemo<ColumnDef<typeof features, Row>[]>(
    () =>
      columns.map(({ id, header, sortBy }) => ({
        id,
        header,
        accessorFn: (row: Row) => sortBy?.(row) ?? null,
        enableSorting: sortBy !== undefined,
        sortFn: (a, b, column) => compare(a.getValue(column), b.getValue(column)),
      })),
    [columns],
  )
  const data = useMemo(() => [...rows], [rows])
  const table = useTable({ features, columns: definitions, data, state: { sorting }, onSortingChange: setSorting })
  const sorted = table.getRowModel().rows
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: SPARE_ROWS,
  })
  const items = virtual.getVirtualItems()
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
      className="overflow-auto rounded-[inherit]"
      style={{ maxHeight: MAX_HEIGHT_PX }}
    >
      <table className="w-full border-collapse text-base" aria-rowcount={sorted.length}>
        <thead className="sticky top-0 z-10 bg-surface shadow-[inset_0_-1px] shadow-line">
          <tr>
            {table.getHeaderGroups()[0]?.headers.map((header, index) => {
              const column = columns[index] as Column<Row>
              const direction = header.column.getIsSorted()
              const order = direction === 'asc' ? 'ascending' : direction === 'desc' ? 'descending' : 'none'
              return (
                <th
                  key={header.id}
                  scope="col"
                  aria-sort={column.sortBy === undefined ? undefined : order}
                  className={`h-10 text-sm font-medium whitespace-nowrap text-muted ${cellClass(column)}`}
                >
                  {column.sortBy === undefined ? (
                    column.header
                  ) : (
                    <button
                      type="button"
                      onClick={header.column.getToggleSortingHandler()}
                      title={t('table.sort', { column: column.header })}
                      className={`inline-flex items-center gap-1 rounded-sm hover:text-ink ${column.align === 'end' ? 'flex-row-reverse' : ''}`}
                    >
                      {column.header}
                      <span
                        className={`${direction === false ? 'opacity-0' : ''} ${direction === 'asc' ? 'rotate-180' : ''}`}
                      >
                        <Icon name="down" size={14} />
                      </span>
                    </button>
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <tr style={{ height: before }} /> : null}
          {items.map(({ index }) => {
            const row = sorted[index]?.original as Row
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
