import { resolve } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { LogOutput } from '@smartshare/link/log-output'
import pino, { type Logger } from 'pino'
import { startIndexServer } from './api/server.ts'
import type { Database } from './database/database.ts'
import { dropTables, migrate, SCHEMA_VERSION } from './database/migrations.ts'
import { openPglite } from './database/pglite.ts'
import { openPostgres } from './database/postgres.ts'
import { Follower, type IndexState } from './follow/follower.ts'
import { Source } from './follow/source.ts'

const STDOUT = 1

/** Where an index comes from and where it is kept. */
export interface IndexPlaces {
  /** RPC of one or more nodes that keep all blocks. */
  readonly nodes: readonly string[]
  /** Folder of the embedded database. */
  readonly dir: string
  /** `postgres://…`: a database of PostgreSQL instead. */
  readonly postgres?: string | undefined
}

export interface IndexerSettings extends IndexPlaces {
  readonly host: string
  readonly port: number
  readonly origins?: readonly string[]
  readonly logLevel?: string
  /** Transactions and events that are written together. */
  readonly batchItems?: number
}

/** Opens the database, does `work`, closes it in whatever way that ends. Throws INDEX_DATABASE, INDEX_LOCKED. */
async function withDatabase<T>({ dir, postgres }: IndexPlaces, work: (database: Database) => Promise<T>): Promise<T> {
  const database = postgres === undefined ? await openPglite(resolve(dir)) : await openPostgres(postgres)
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/**
 * Follows a node and answers questions until SIGTERM or SIGINT, as the command `smartshare indexer` does. Logs as JSON lines
 * on standard output. Throws INDEX_CHAIN for a database of another network, and what keeps it from starting.
 */
export async function runIndexer(settings: IndexerSettings): Promise<void> {
  const log = pino({ name: 'indexer', level: settings.logLevel ?? 'info', base: null }, new LogOutput(STDOUT))
  const { signal } = interruption()
  await withDatabase(settings, async (database) => {
    await migrate(database)
    const follower = new Follower(database, new Source(settings.nodes, signal), log, settings.batchItems)
    // What is there already can be asked for before the node is reached.
    await follower.load()
    const { host, port, origins } = settings
    const index = { database, follower, schema: SCHEMA_VERSION }
    const server = await startIndexServer({ index, logger: log, host, port, ...(origins && { origins }) })
    log.info({ url: server.url, database: database.kind }, 'the index is open')
    try {
      await follower.run(signal)
    } finally {
      await server.close()
    }
    log.info('stopped')
  })
}

export interface RebuildResult extends IndexState {
  readonly seconds: number
}

/**
 * Drops every table and brings all blocks in again, up to the node's latest. Throws INDEX_LOCKED while an indexer runs on it, and
 * RPC_* if no node answers: the index is then as it was.
 */
export async function rebuildIndex(
  places: IndexPlaces,
  onProgress: (height: number, of: number) => void = () => undefined,
  log: Logger = pino({ level: 'silent' }),
): Promise<RebuildResult> {
  const { signal } = interruption()
  return await withDatabase(places, async (database) => {
    const startedMs = performance.now()
    const source = new Source(places.nodes, signal)
    await source.checkChain()
    await dropTables(database)
    await migrate(database)
    const follower = new Follower(database, source, log)
    await follower.catchUp(signal, onProgress)
    const { state } = follower
    if (state === undefined) throw new SmartshareError('INDEX_STARTING', 'the index has not begun')
    return { ...state, seconds: (performance.now() - startedMs) / 1000 }
  })
}

function interruption(): AbortController {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => controller.abort())
  return controller
}
