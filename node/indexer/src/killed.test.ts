import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IndexerClient } from '@smartshare/client'
import { freePort, type RpcServer, serve } from '@smartshare/daemon/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Row } from './database/database.ts'
import { openPglite } from './database/pglite.ts'
import { openPostgres } from './database/postgres.ts'
import { type IndexPlaces, rebuildIndex } from './run-indexer.ts'
import { TestMarket } from './test-chain.ts'
import { postgresPrograms, startPostgres, type TestPostgres } from './testing.ts'

const CHILD = fileURLToPath(new URL('./indexer-child.ts', import.meta.url))
const PATIENCE = { timeout: 90_000, interval: 2 }
const TABLES = [
  ...['progress', 'blocks', 'transactions', 'events', 'subjects', 'accounts', 'account_transactions', 'transfers'],
  ...['tokens', 'holdings', 'contracts', 'delegates', 'seats', 'terms', 'agreements', 'objects', 'jobs', 'charts'],
  ...['chart_accounts', 'chart_supply', 'names'],
]

const market = new TestMarket()
const folder = mkdtempSync(join(tmpdir(), 'smartshare-killed-'))
const children: ChildProcess[] = []
let rpc: RpcServer
let postgres: TestPostgres | undefined

beforeAll(async () => {
  await market.everything()
  for (let i = 0; i < 25; i++) {
    for (let more = 0; more < 3; more++) await market.send('alice', market.pay('bob', BigInt(1 + i)))
    await market.next()
  }
  rpc = await serve(market.node)
  if (postgresPrograms() !== undefined) postgres = startPostgres()
}, 240_000)

afterAll(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await rpc.close()
  postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function start(places: Omit<IndexPlaces, 'nodes'>, port: number): ChildProcess {
  const settings = { ...places, nodes: [rpc.url], host: '127.0.0.1', port, logLevel: 'warn', batchItems: 1 }
  const child = spawn(process.execPath, ['--conditions=source', CHILD, JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  children.push(child)
  return child
}

/** Every row of every table, in the order of its text. */
async function contentOf(places: Omit<IndexPlaces, 'nodes'>): Promise<Record<string, Row[]>> {
  const database = places.postgres === undefined ? await openPglite(places.dir) : await openPostgres(places.postgres)
  try {
    const content: Record<string, Row[]> = {}
    for (const table of TABLES) {
      content[table] = await database.query(`SELECT t.* FROM ${table} t ORDER BY t::text COLLATE "C"`)
    }
    return content
  } finally {
    await database.close()
  }
}

async function killedAgainAndAgain(places: Omit<IndexPlaces, 'nodes'>, kills: number): Promise<void> {
  const port = await freePort()
  const client = new IndexerClient({ url: `http://127.0.0.1:${port}` })
  const heightNow = async () => (await client.get('status', {}).catch(() => undefined))?.height ?? -1
  const last = market.node.height
  let killedAt = 0
  for (let i = 1; i <= kills; i++) {
    const child = start(places, port)
    await expect
      .poll(async () => {
        killedAt = await heightNow()
        return killedAt
      }, PATIENCE)
      .toBeGreaterThan((last * i) / (kills + 2))
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(killedAt).toBeLessThan(last)
  }
  const child = start(places, port)
  await expect.poll(heightNow, PATIENCE).toBe(last)
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
}

describe('an indexer that is killed in the middle', () => {
  it('goes on without a gap or a double, and has what a rebuild brings, whichever database it uses', async () => {
    const embedded = { dir: join(folder, 'killed') }
    await killedAgainAndAgain(embedded, 2)
    const content = await contentOf(embedded)
    const rebuilt = { dir: join(folder, 'rebuilt') }
    const heights: number[] = []
    const result = await rebuildIndex({ ...rebuilt, nodes: [rpc.url] }, (height) => heights.push(height))
    expect(result).toMatchObject({ height: market.node.height, events: content.events?.length })
    expect(heights.at(-1)).toBe(market.node.height)
    expect(content).toEqual(await contentOf(rebuilt))
    // Where no node answers, nothing is dropped.
    const nowhere = rebuildIndex({ ...rebuilt, nodes: [`http://127.0.0.1:${await freePort()}`] })
    await expect(nowhere).rejects.toMatchObject({ code: 'RPC_UNREACHABLE' })
    expect(await contentOf(rebuilt)).toEqual(content)
    if (postgres === undefined) return
    const served = { dir: folder, postgres: postgres.url }
    await killedAgainAndAgain(served, 1)
    expect(await contentOf(served)).toEqual(content)
    // A rebuild over what is there leaves the same.
    await rebuildIndex({ ...served, nodes: [rpc.url] })
    expect(await contentOf(served)).toEqual(content)
  }, 480_000)

  it('keeps others out of its database, and refuses that of another network', async () => {
    const places = { dir: join(folder, 'rebuilt') }
    const open = await openPglite(places.dir)
    await expect(rebuildIndex({ ...places, nodes: [rpc.url] })).rejects.toMatchObject({ code: 'INDEX_LOCKED' })
    await open.close()
    if (postgres !== undefined) {
      const other = await openPostgres(postgres.url)
      const served = { dir: folder, postgres: postgres.url, nodes: [rpc.url] }
      await expect(rebuildIndex(served)).rejects.toMatchObject({ code: 'INDEX_LOCKED' })
      await other.close()
    }
    const node = new TestMarket('another').node
    node.makeBlock()
    await rpc.close()
    rpc = await serve(node)
    const child = start(places, await freePort())
    const told: Buffer[] = []
    child.stderr?.on('data', (bytes: Buffer) => told.push(bytes))
    expect((await once(child, 'exit'))[0]).toBe(1)
    expect(Buffer.concat(told).toString()).toContain('INDEX_CHAIN')
  }, 120_000)
})
