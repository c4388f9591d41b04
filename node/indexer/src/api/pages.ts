import { SmartshareError } from '@smartshare/codec'
import type { Database, Row, SqlValue } from '../database/database.ts'

/** Text of one page, after which it ends early: a row may be a megabyte. */
const MAX_PAGE_CHARACTERS = 2 * 1024 * 1024
const NUMBER = /^(0|[1-9][0-9]{0,15})$/
const AMOUNT = /^(0|[1-9][0-9]{0,38})$/
const ADDRESS = /^ssp1[0-9a-z]{58}$/
/** Larger than every place: where a list that begins with the latest begins. */
export const END = Number.MAX_SAFE_INTEGER

/** What every list is asked with. */
export interface Paging {
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface PageOf<T> {
  readonly items: T[]
  readonly next: string | null
}

/** The numbers of a cursor, or those at which the list begins. Throws INDEX_CURSOR. */
export function numbersOf(cursor: string | undefined, begin: readonly number[]): number[] {
  if (cursor === undefined) return [...begin]
  const parts = cursor.split('-')
  const fits =
    parts.length === begin.length && parts.every((part) => NUMBER.test(part) && Number.isSafeInteger(Number(part)))
  if (!fits) throw wrongCursor()
  return parts.map(Number)
}

/** An address, or what comes before all of them. Throws INDEX_CURSOR. */
export function addressOf(cursor: string | undefined): string {
  if (cursor !== undefined && !ADDRESS.test(cursor)) throw wrongCursor()
  return cursor ?? ''
}

/** An amount and an address. Throws INDEX_CURSOR. */
export function amountAndAddress(cursor: string): [amount: string, address: string] {
  const [amount = '', address = '', ...more] = cursor.split('-')
  if (!AMOUNT.test(amount) || !ADDRESS.test(address) || more.length > 0) throw wrongCursor()
  return [amount, address]
}

function wrongCursor(): SmartshareError {
  return new SmartshareError('INDEX_CURSOR', 'this cursor is not `next` of a page of this list')
}

/**
 * One page. `sql` selects in the order of the list what comes after the cursor, at most as many rows as its last parameter
 * says; one more than are wanted tells whether there is another page.
 */
export async function pageOf<T>(
  database: Database,
  limit: number,
  sql: string,
  values: readonly SqlValue[],
  view: (row: Row) => T,
  cursorOf: (row: Row) => string,
): Promise<PageOf<T>> {
  const rows = await database.query(sql, [...values, limit + 1])
  const items: T[] = []
  let characters = 0
  for (const [i, row] of rows.entries()) {
    if (i === limit || (i > 0 && characters > MAX_PAGE_CHARACTERS)) return { items, next: cursorOf(rows[i - 1]!) }
    for (const value of Object.values(row)) if (typeof value === 'string') characters += value.length
    items.push(view(row))
  }
  return { items, next: null }
}

export const placeOf = (row: Row): string => `${row.height}-${row.position}`
export const indexOf = (row: Row): string => `${row.height}-${row.index}`
