import type { IndexerRoutes } from '@smartshare/client'
import type { z } from 'zod'
import type { Database, SqlValue } from '../database/database.ts'

type Found = z.input<IndexerRoutes['search']['answer']>['items'][number]

const NUMBER = /^(0|[1-9][0-9]{0,15})$/
const HEX = /^[0-9a-f]{4,64}$/
const ADDRESS = /^ssp1[0-9a-z]{0,58}$/
/** Above every character that may follow: texts from a prefix up to this begin with the prefix. */
const LAST = '\u{10FFFF}'

/** One look at one table by one index. */
interface Look {
  readonly kind: Found['kind']
  readonly sql: string
  readonly values: readonly SqlValue[]
}

/** What begins with `q`, or is it: exact things first, then those that are found by the beginning of a name, hash or address. */
export async function search(database: Database, q: string, limit: number): Promise<Found[]> {
  const word = q.trim().toLowerCase()
  const found: Found[] = []
  for (const { kind, sql, values } of looksFor(word)) {
    if (found.length >= limit) break
    const rows = await database.query(`${sql} LIMIT ${limit}`, values)
    for (const row of rows) {
      const one = {
        kind: (row.kind as Found['kind'] | undefined) ?? kind,
        id: `${row.id}`,
        title: `${row.title ?? ''}`,
      }
      if (!found.some(({ kind: other, id }) => other === one.kind && id === one.id)) found.push(one)
    }
  }
  return found.slice(0, limit)
}

function looksFor(word: string): Look[] {
  if (word === '') return []
  // NUL can be in no text of the database, and it refuses to compare with it.
  const clean = word.replaceAll('\0', '\uFFFD')
  const range = [clean, `${clean}${LAST}`]
  const looks: Look[] = []
  if (NUMBER.test(word) && Number.isSafeInteger(Number(word))) {
    const values = [Number(word)]
    looks.push(
      { kind: 'block', sql: 'SELECT height AS id, hash AS title FROM blocks WHERE height = $1', values },
      { kind: 'agreement', sql: 'SELECT id FROM agreements WHERE id = $1', values },
      { kind: 'job', sql: 'SELECT job AS id, method AS title FROM jobs WHERE job = $1', values },
      { kind: 'term', sql: 'SELECT term AS id FROM terms WHERE term = $1', values },
    )
  }
  if (HEX.test(word)) {
    looks.push(
      { kind: 'transaction', sql: 'SELECT id FROM transactions WHERE id >= $1 AND id < $2 ORDER BY id', values: range },
      {
        kind: 'block',
        sql: 'SELECT height AS id, hash AS title FROM blocks WHERE hash >= $1 AND hash < $2 ORDER BY hash',
        values: range,
      },
      {
        kind: 'object',
        sql: 'SELECT object AS id FROM objects WHERE object >= $1 AND object < $2 ORDER BY object',
        values: range,
      },
    )
  }
  if (ADDRESS.test(word)) {
    const begins = (column: string) => `${column} >= $1 AND ${column} < $2 ORDER BY ${column}`
    looks.push(
      {
        kind: 'contract',
        sql: `SELECT contract AS id, name AS title FROM contracts WHERE name IS NOT NULL AND ${begins('contract')}`,
        values: range,
      },
      {
        kind: 'token',
        sql: `SELECT token AS id, name AS title FROM tokens WHERE name IS NOT NULL AND ${begins('token')}`,
        values: range,
      },
      {
        kind: 'delegate',
        sql: `SELECT address AS id, name AS title FROM delegates WHERE name IS NOT NULL AND ${begins('address')}`,
        values: range,
      },
      { kind: 'account', sql: `SELECT address AS id FROM accounts WHERE ${begins('address')}`, values: range },
    )
  }
  looks.push({
    kind: 'contract',
    sql: 'SELECT kind, id, title FROM names WHERE word >= $1 AND word < $2 ORDER BY word, kind, id',
    values: range,
  })
  return looks
}
