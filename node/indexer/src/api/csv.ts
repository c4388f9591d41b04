import { MAX_EXPORT_ROWS } from '@smartshare/client'
import { z } from 'zod'
import type { PageOf } from './pages.ts'

/** What makes a program of tables take a text for a formula. */
const FORMULA = /^[=+\-@\t\r]/
const QUOTED = /[",\r\n]/

/** Names of the fields of a list's items, in their order; undefined for answers that are no list. */
export function columnsOf(answer: z.ZodType): string[] | undefined {
  const items = answer instanceof z.ZodObject ? (answer.shape as Record<string, z.ZodType>).items : undefined
  const item = items instanceof z.ZodArray ? items.element : undefined
  return item instanceof z.ZodObject ? Object.keys(item.shape) : undefined
}

/** All pages from `first` on as lines of RFC 4180, at most MAX_EXPORT_ROWS of them. */
export async function* csvLines(
  columns: readonly string[],
  pageAt: (cursor: string | undefined) => Promise<PageOf<unknown>>,
  first: string | undefined,
): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`
  let rows = 0
  let cursor = first
  do {
    const { items, next } = await pageAt(cursor)
    const lines = items.slice(0, MAX_EXPORT_ROWS - rows).map((item) => lineOf(columns, item as Record<string, unknown>))
    rows += lines.length
    yield lines.join('')
    cursor = next ?? undefined
  } while (cursor !== undefined && rows < MAX_EXPORT_ROWS)
}

function lineOf(columns: readonly string[], item: Record<string, unknown>): string {
  return `${columns.map((name) => cellText(item[name])).join(',')}\r\n`
}

/** Hostile texts stay texts: no formula, no cell or line of their own. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
