import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite, types } from '@electric-sql/pglite'
import { SmartshareError } from '@smartshare/codec'
import { lockFolder } from '@smartshare/link/folder-lock'
import type { Database, Row, SqlValue, Statement } from './database.ts'
import { conflict } from './postgres.ts'
import { newDatabase } from './template.ts'

/**
 * PostgreSQL inside this process, its files in `dir`. Queries come one after the other, so every one of them must read a
 * bounded number of rows by an index: nothing can interrupt it. Throws INDEX_DATABASE, INDEX_LOCKED if another process has the folder.
 */
export async function openPglite(dir: string): Promise<Database> {
  mkdirSync(dir, { recursive: true })
  const lock = await lockFolder(dir, { code: 'INDEX_LOCKED', message: `another indexer uses ${dir}` })
  let pglite: PGlite
  try {
    const files = join(dir, 'pglite')
    if (!existsSync(files)) await newDatabase(files)
    pglite = await guarded(() =>
      PGlite.create({ dataDir: files, parsers: { [types.INT8]: Number }, relaxedDurability: false }),
    )
    await guarded(() =>
      pglite.exec('CREATE SCHEMA IF NOT EXISTS smartshare; SET search_path = smartshare; SET timezone = UTC'),
    )
  } catch (error) {
    await lock.release()
    throw error
  }
  return {
    kind: 'pglite',
    async query(sql: string, values: readonly SqlValue[] = []): Promise<Row[]> {
      return (await guarded(() => pglite.query<Row>(sql, [...values]))).rows
    },
    async apply(statements: readonly Statement[]): Promise<void> {
      await guarded(() =>
        pglite.transaction(async (transaction) => {
          for (const { sql, values, mustChange } of statements) {
            const { affectedRows } = await transaction.query(sql, [...values])
            if (mustChange !== undefined && affectedRows !== mustChange) throw conflict()
          }
        }),
      )
    },
    async close() {
      await pglite.close()
      await lock.release()
    },
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (SmartshareError.is(error)) throw error
    throw new SmartshareError('INDEX_DATABASE', `the database says: ${(error as Error).message}`, {}, error)
  }
}
