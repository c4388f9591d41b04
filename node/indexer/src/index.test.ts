import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IndexerClient, type IndexerQuery, type IndexerRouteName } from '@smartshare/client'
import { formatAddress } from '@smartshare/crypto'
import { type RpcServer, serve } from '@smartshare/daemon/testing'
import { allBalances, allHoldings, pools } from '@smartshare/runtime'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IndexServer, startIndexServer } from './api/server.ts'
import type { Database } from './database/database.ts'
import { migrate, SCHEMA_VERSION } from './database/migrations.ts'
import { openPglite } from './database/pglite.ts'
import { openPostgres } from './database/postgres.ts'
import { Follower } from './follow/follower.ts'
import { Source } from './follow/source.ts'
import { account, HOSTILE_KEY, TestMarket } from './test-chain.ts'
import { postgresPrograms, startPostgres, type TestPostgres } from './testing.ts'

const log = pino({ level: 'silent' })
const market = new TestMarket()
const folder = mkdtempSync(join(tmpdir(), 'smartshare-index-'))
const never = new AbortController().signal
let rpc: RpcServer
let postgres: TestPostgres | undefined

interface Running {
  readonly database: Database
  readonly follower: Follower
  readonly server: IndexServer
  readonly client: IndexerClient
}

async function start(database: Database): Promise<Running> {
  await migrate(database)
  const follower = new Follower(database, new Source([rpc.url], never), log)
  await follower.meet()
  const server = await startIndexServer({
    ...{ index: { database, follower, schema: SCHEMA_VERSION }, logger: log, host: '127.0.0.1', port: 0 },
    perMinute: 1_000_000,
  })
  return { database, follower, server, client: new IndexerClient({ url: server.url }) }
}

/** Every list of the API that has no parameters, or with those that the chain of the test has. */
function lists(): [IndexerRouteName, Record<string, unknown>, Record<string, unknown>][] {
  const address = (name: string) => formatAddress(account(name).address)
  const token = formatAddress(market.token!)
  const contract = formatAddress(market.contract!)
  return [
    ...(['blocks', 'transactions', 'events', 'tokens', 'contracts', 'delegates', 'terms'] as const).map(
      (name) => [name, {}, {}] as [IndexerRouteName, Record<string, unknown>, Record<string, unknown>],
    ),
    ...(['agreements', 'objects', 'jobs'] as const).map(
      (name) => [name, {}, {}] as [IndexerRouteName, Record<string, unknown>, Record<string, unknown>],
    ),
    ['transactions', {}, { failed: 'true' }],
    ['events', {}, { from: 'tokens' }],
    ['events', {}, { from: 'tokens', name: 'transfer' }],
    ['events', {}, { from: contract, name: 'Put' }],
    ['events', {}, { subject: 'agreement:0' }],
    ['events', {}, { subject: `delegate:${address('carol')}` }],
    ['blockTransactions', { height: 2 }, {}],
    ['blockEvents', { height: 2 }, {}],
    ['accountTransactions', { address: address('bob') }, {}],
    ['accountTransactions', { address: contract }, {}],
    ['accountTransfers', { address: address('alice') }, {}],
    ['accountTransfers', { address: address('bob') }, { token }],
    ['accountAgreements', { address: address('buyer') }, {}],
    ['accountAgreements', { address: address('provider') }, { role: 'provider' }],
    ['accountObjects', { address: address('buyer') }, {}],
    ['tokenHolders', { token }, {}],
    ['tokenHolders', { token: 'SSP' }, {}],
    ['tokenTransfers', { token }, {}],
    ['delegateTerms', { address: address('delegate 0') }, {}],
    ['termSeats', { term: 0 }, {}],
  ]
}

// biome-ignore lint/suspicious/noExplicitAny: questions of all kinds go through one function.
const ask = (client: IndexerClient, name: IndexerRouteName, params: any, query: IndexerQuery<any> = {}): Promise<any> =>
  client.get(name, params, query)

/** All pages of a list, `limit` rows each. */
async function pagesOf(client: IndexerClient, [name, params, query]: ReturnType<typeof lists>[number], limit: number) {
  const items: unknown[] = []
  let cursor: string | undefined
  do {
    const page = await ask(client, name, params, { ...query, limit, cursor })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    items.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return items
}

const indexes: Running[] = []

beforeAll(async () => {
  rpc = await serve(market.node)
  if (postgresPrograms() !== undefined) postgres = startPostgres({ fsync: 'off' })
  const [embedded, other] = [
    await start(await openPglite(join(folder, 'embedded'))),
    postgres === undefined
      ? await start(await openPglite(join(folder, 'other')))
      : await start(await openPostgres(postgres.url)),
  ]
  indexes.push(embedded, other)
  // One follows block by block, the other gets everything at once.
  market.afterBlock = async () => {
    await embedded.follower.step()
  }
  await market.everything()
  await other.follower.step()
}, 120_000)

afterAll(async () => {
  for (const { server, database } of indexes) {
    await server.close()
    await database.close()
  }
  await rpc.close()
  postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('an index', () => {
  it('gives the same pages from both databases, whatever the size of pages', async () => {
    const [one, other] = indexes as [Running, Running]
    for (const list of lists()) {
      const whole = await pagesOf(one.client, list, 200)
      expect(await pagesOf(one.client, list, 3), list[0]).toEqual(whole)
      expect(await pagesOf(other.client, list, 200), list[0]).toEqual(whole)
      if (list[0] !== 'jobs') expect(whole.length, `${list[0]} ${JSON.stringify(list[2])}`).toBeGreaterThan(0)
    }
  })

  it('counts what accounts and pools hold to the grain', async () => {
    const { reader } = market.node.state()
    const expected = new Map([...allBalances(reader)].map(([address, grains]) => [formatAddress(address), grains]))
    const [{ client }] = indexes as [Running]
    const held = (await pagesOf(client, ['tokenHolders', { token: 'SSP' }, {}], 200)) as {
      account: string
      units: bigint
    }[]
    expect(new Map(held.map(({ account: of, units }) => [of, units]))).toEqual(expected)
    const units = [...allHoldings(reader)].map(({ owner, amount }) => [formatAddress(owner), amount] as const)
    const token = formatAddress(market.token!)
    const holders = (await pagesOf(client, ['tokenHolders', { token }, {}], 200)) as typeof held
    expect(new Map(holders.map(({ account: of, units: u }) => [of, u]))).toEqual(new Map(units))
    expect(await client.get('token', { token })).toMatchObject({ holders: units.length, supply: 993n, transfers: 5 })
    const { points } = await client.get('chart', { period: 'day' })
    expect(points.at(-1)?.supply.mining).toBe(expected.get(formatAddress(pools.mining)))
    expect(Object.values(points.at(-1)?.supply ?? {}).reduce((sum, grains) => sum + grains, 0n)).toBe(10n ** 18n)
  })
})

describe('pages', () => {
  it('neither repeat nor leave out rows while blocks arrive', async () => {
    const [{ client, follower }] = indexes as [Running]
    const address = formatAddress(account('alice').address)
    const before = await pagesOf(client, ['accountTransactions', { address }, {}], 200)
    const seen: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await client.get('accountTransactions', { address }, { limit: 2, ...(cursor && { cursor }) })
      seen.push(...page.items)
      cursor = page.next ?? undefined
      market.afterBlock = async () => {
        await follower.step()
      }
      if (seen.length < 8) await market.block('alice', market.pay('bob', 1n))
    } while (cursor !== undefined)
    expect(seen).toEqual(before)
    const after = await pagesOf(client, ['accountTransactions', { address }, {}], 200)
    expect(after.slice(-before.length)).toEqual(before)
    expect(after.length).toBeGreaterThan(before.length)
    await (indexes as [Running, Running])[1].follower.step()
  })

  it('keep what strangers wrote as data', async () => {
    const contract = formatAddress(market.contract!)
    for (const { client, server, database } of indexes) {
      const { items } = await client.get('events', {}, { from: contract, name: 'Put' })
      expect(items.map(({ data }) => data?.key)).toEqual(['second', HOSTILE_KEY])
      const response = await fetch(client.urlOf('events', {}, { from: contract }))
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      const [coin] = (await client.get('tokens', {})).items
      expect(coin?.name).toBe('Coin <i>"x"</i>; DROP TABLE tokens')
      expect((await client.get('search', {}, { q: 'coin <i>"x"</i>; drop' })).items).toMatchObject([
        { kind: 'token', id: formatAddress(market.token!) },
      ])
      for (const q of ["'; DROP TABLE blocks; --", '%', '_', '\\', '\0', '\u202e', '\u{10ffff}', '$1', "ssp1'"]) {
        expect((await client.get('search', {}, { q })).items, q).toEqual([])
      }
      const refused = await fetch(`${server.url}/v1/events?from=${encodeURIComponent('a\0')}`)
      expect([refused.status, ((await refused.json()) as { error: { code: string } }).error.code]).toEqual([
        400,
        'INDEX_QUERY',
      ])
      expect(await database.query('SELECT count(*) AS n FROM blocks')).toEqual([{ n: market.node.height }])
    }
  })

  it('come as a file of which no cell is a formula and no line is broken', async () => {
    const [{ client }] = indexes as [Running]
    const contract = formatAddress(market.contract!)
    const response = await fetch(client.urlOf('events', {}, { from: contract, format: 'csv', limit: 1 }))
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="events.csv"')
    const [head, ...lines] = (await response.text()).trimEnd().split('\r\n')
    expect(head).toBe('height,position,timeMs,transaction,from,name,data,encoded')
    expect(lines).toHaveLength(2)
    const all = await pagesOf(client, ['blocks', {}, {}], 200)
    const file = await (await fetch(client.urlOf('blocks', {}, { format: 'csv' }))).text()
    expect(file.trimEnd().split('\r\n')).toHaveLength(all.length + 1)
    expect(await (await fetch(client.urlOf('tokens', {}, { format: 'csv' }))).text()).toContain(
      '"Coin <i>""x""</i>; DROP TABLE tokens"',
    )
  })
})

describe('questions', () => {
  it('that make no sense are refused with a code', async () => {
    const refusals: [string, number, string][] = [
      ['/v1/blocks?limit=0', 400, 'INDEX_QUERY'],
      ['/v1/blocks?limit=201', 400, 'INDEX_QUERY'],
      ['/v1/blocks?limit=1e2', 400, 'INDEX_QUERY'],
      ['/v1/blocks?limit=5&limit=6', 400, 'INDEX_QUERY'],
      ['/v1/blocks?unknown=1', 400, 'INDEX_QUERY'],
      ['/v1/blocks?cursor=x', 400, 'INDEX_CURSOR'],
      ['/v1/blocks?cursor=1-2', 400, 'INDEX_CURSOR'],
      ['/v1/transactions?cursor=9999999999999999-1', 400, 'INDEX_CURSOR'],
      ['/v1/delegates?cursor=%27', 400, 'INDEX_CURSOR'],
      [`/v1/tokens/SSP/holders?cursor=${'9'.repeat(60)}-a`, 400, 'INDEX_CURSOR'],
      ['/v1/blocks/-1', 400, 'INDEX_QUERY'],
      ['/v1/blocks/99999999999999999999', 400, 'INDEX_QUERY'],
      ['/v1/blocks/123456789', 404, 'INDEX_NOT_FOUND'],
      [`/v1/transactions/${'0'.repeat(64)}`, 404, 'INDEX_NOT_FOUND'],
      ['/v1/accounts/ssp1', 400, 'INDEX_QUERY'],
      ['/v1/events?name=transfer', 400, 'INDEX_QUERY'],
      ['/v1/events?subject=agreement:0&from=tokens', 400, 'INDEX_QUERY'],
      ['/v1/charts/year', 400, 'INDEX_QUERY'],
      ['/v1/search?q=', 400, 'INDEX_QUERY'],
      [`/v1/search?q=${'a'.repeat(65)}`, 400, 'INDEX_QUERY'],
      [`/v1/search?q=${'a'.repeat(3000)}`, 400, 'INDEX_QUERY'],
      ['/v1/nothing', 404, 'INDEX_QUERY'],
      ['/v1/%ff', 400, 'INDEX_QUERY'],
    ]
    const [{ server }] = indexes as [Running]
    for (const [path, status, code] of refusals) {
      const response = await fetch(server.url + path)
      const { error } = (await response.json()) as { error: { code: string; message: string; cure: string } }
      expect([path, response.status, error.code]).toEqual([path, status, code])
      expect(error.cure).not.toBe('')
    }
  })

  it('from pages of other origins are refused, from pages of this machine answered', async () => {
    const [{ server }] = indexes as [Running]
    const from = (origin: string) => fetch(`${server.url}/v1/status`, { headers: { origin } })
    expect((await from('https://evil.example')).status).toBe(403)
    const ok = await from('http://localhost:5173')
    expect([ok.status, ok.headers.get('access-control-allow-origin')]).toEqual([200, 'http://localhost:5173'])
  })

  it('find what was asked for, by all its names', async () => {
    const [{ client }] = indexes as [Running]
    const kinds = async (q: string) => (await client.get('search', {}, { q })).items.map(({ kind }) => kind)
    const { items } = await client.get('transactions', {}, { limit: 1 })
    const block = await client.get('block', { block: '2' })
    expect(await client.get('block', { block: block.hash })).toEqual(block)
    expect(await kinds(items[0]!.id.slice(0, 10))).toContain('transaction')
    expect(await kinds(block.hash)).toEqual(['block'])
    expect(await kinds('0')).toEqual(['agreement', 'term'])
    expect(await kinds('Delegate-')).toEqual(['delegate', 'delegate', 'delegate', 'delegate'])
    expect(await kinds('coin')).toEqual(['token'])
    expect(await kinds('box')).toEqual(['contract'])
    expect(await kinds(formatAddress(market.contract!))).toContain('contract')
    expect(await client.get('account', { address: formatAddress(pools.mining) })).toMatchObject({
      kind: 'pool',
      name: 'mining',
    })
    expect(await client.get('account', { address: formatAddress(account('carol').address) })).toMatchObject({
      ...{ kind: 'delegate', name: 'carol-stands' },
    })
  })

  it('about storage tell the state and the money', async () => {
    const [{ client }] = indexes as [Running]
    const agreement = await client.get('agreement', { id: 0 })
    expect(agreement).toMatchObject({ state: 'ended', buyer: formatAddress(account('buyer').address), sizeBytes: 4096 })
    expect(agreement.refundGrains).toBeGreaterThan(0n)
    expect(await client.get('object', { object: agreement.object })).toMatchObject({ copies: 1, activeCopies: 0 })
    const flow = await client.get('events', {}, { subject: 'agreement:0' })
    expect(flow.items.map(({ name }) => name)).toEqual(['closed', 'active', 'matched'])
  })

  it('about terms tell what was made, missed and paid as the chain has it', async () => {
    const [{ client }] = indexes as [Running]
    const { items } = await client.get('terms', {})
    expect(items.reduce((sum, { blocks }) => sum + blocks, 0)).toBe(market.node.height)
    const seats = await client.get('termSeats', { term: 0 })
    expect(seats.items.map(({ seat }) => seat)).toEqual([0, 1, 2, 3])
    expect(seats.items.reduce((sum, { paidGrains }) => sum + paidGrains, 0n)).toBe(items.at(-1)?.paidGrains)
    expect(items.at(-1)?.paidGrains).toBeGreaterThan(0n)
  })
})
