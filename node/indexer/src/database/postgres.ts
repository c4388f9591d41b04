import { SmartshareError } from '@smartshare/codec'
import pg from 'pg'
import { type Database, QUERY_TIMEOUT_MS, type Row, type SqlValue, type Statement } from './database.ts'

const MAX_CONNECTIONS = 8
const CONNECT_TIMEOUT_MS = 10_000
/** Statements that write whole batches of blocks may take longer than a question. */
const WRITE_TIMEOUT_MS = 120_000
const INT8 = 20
const CANCELED = '57014'
/** Name of the lock that keeps a second indexer out of the same database. */
const LOCK = 7_305_001
const RESERVED_SCHEMA = 'smartshare'

/**
 * A database of PostgreSQL, in which everything lies in the schema `smartshare`. Throws INDEX_DATABASE if it is not reached,
 * INDEX_LOCKED if another indexer writes to it.
 */
export async function openPostgres(url: string): Promise<Database> {
  const types = { getTypeParser: (oid: number, format?: 'text' | 'binary') => parserOf(oid, format) }
  const settings = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'smartshare-indexer',
    options: `-c search_path=${RESERVED_SCHEMA} -c timezone=UTC -c client_min_messages=warning`,
    types: types as pg.CustomTypesConfig,
  }
  const writer = new pg.Client({ ...settings, statement_timeout: WRITE_TIMEOUT_MS })
  // A connection that breaks is told of by the next query.
  writer.on('error', () => undefined)
  await guarded(() => writer.connect())
  try {
    const { rows } = await guarded(() => writer.query('SELECT pg_try_advisory_lock($1) AS locked', [LOCK]))
    if (rows[0]?.locked !== true) {
      throw new SmartshareError('INDEX_LOCKED', 'another indexer writes to this database')
    }
    await guarded(() => writer.query(`CREATE SCHEMA IF NOT EXISTS ${RESERVED_SCHEMA}`))
  } catch (error) {
    await writer.end()
    throw error
  }
  const pool = new pg.Pool({ ...settings, max: MAX_CONNECTIONS, statement_timeout: QUERY_TIMEOUT_MS })
  pool.on('error', () => undefined)
  return {
    kind: 'postgres',
    async query(sql: string, values: readonly SqlValue[] = []): Promise<Row[]> {
      return (await guarded(() => pool.query(sql, [...values]))).rows
    },
    async apply(statements: readonly Statement[]): Promise<void> {
      await guarded(() => writer.query('BEGIN'))
      try {
        for (const { sql, values, mustChange } of statements) {
          const { rowCount } = await guarded(() => writer.query(sql, [...values]))
          if (mustChange !== undefined && rowCount !== mustChange) throw conflict()
        }
        await guarded(() => writer.query('COMMIT'))
      } catch (error) {
        await writer.query('ROLLBACK').catch(() => undefined)
        throw error
      }
    },
    async close() {
      await pool.end()
      await writer.end()
    },
  }
}

export function conflict(): SmartshareError {
  return new SmartshareError('INDEX_CONFLICT', 'the database stands elsewhere than this indexer left it')
}

function parserOf(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format)
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    if (code === CANCELED) throw new SmartshareError('INDEX_TIMEOUT', 'the query takes too long', {}, error)
    throw new SmartshareError('INDEX_DATABASE', `the database says: ${message ?? code ?? 'nothing'}`, {}, error)
  }
}
