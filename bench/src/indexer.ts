import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Call, SSP } from '@smartshare/chain'
import { IndexerClient, type IndexerRouteName } from '@smartshare/client'
import { formatAddress } from '@smartshare/crypto'
import { MemoryNode, serve, signed } from '@smartshare/daemon/testing'
import {
  type Database,
  dropTables,
  Follower,
  migrate,
  openPglite,
  openPostgres,
  SCHEMA_VERSION,
  Source,
  startIndexServer,
} from '@smartshare/indexer'
import { postgresPrograms, startPostgres } from '@smartshare/indexer/testing'
import { encodeParameters } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import pino from 'pino'
import { processorMs, type Report } from './report.ts'

const DEFAULT_EVENTS = 1_000_000
const ACCOUNTS = 400
/** Payments of one transaction, in SSP and in a token, and events of one call of a contract. */
const PAYMENTS = 50
const SHOUTS = 50
const BLOCK_TRANSACTIONS = 24
const GAS = 2_000_000
const QUESTIONS = 200
const utf8 = new TextEncoder()
const SOURCE = `
local Reading = abi.event('Reading(by: address, place: string, value: amount)')
abi.method('report(n: integer)', function(n) for i = 1, n do Reading(system.caller(), 'place ' .. i, i * 100) end end)
`

/** A chain of a million events into both databases: how long, and how fast questions are answered from it then. */
export async function benchIndexer(report: Report): Promise<void> {
  const wanted = process.argv.find((word) => word.startsWith('--events='))
  const chain = await makeChain(wanted === undefined ? DEFAULT_EVENTS : Number(wanted.split('=')[1]))
  const folder = mkdtempSync(join(tmpdir(), 'smartshare-bench-'))
  try {
    await measure(report, 'pglite', await openPglite(join(folder, 'pglite')), chain)
    if (postgresPrograms() === undefined) {
      console.error('PostgreSQL is not installed: only PGlite was measured')
      return
    }
    const postgres = startPostgres()
    try {
      await measure(report, 'postgres', await openPostgres(postgres.url), chain)
    } finally {
      postgres.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Chain {
  readonly node: MemoryNode
  readonly names: readonly string[]
  readonly token: string
  readonly contract: string
}

async function makeChain(events: number): Promise<Chain> {
  const names = Array.from({ length: ACCOUNTS }, (_, i) => `account ${i}`)
  const node = new MemoryNode({ accounts: names })
  const nonces = new Map<string, bigint>()
  const send = async (name: string, call: Call) => {
    const nonce = nonces.get(name) ?? 0n
    nonces.set(name, nonce + 1n)
    const [outcome] = await node.submit([signed(node, testAccount(name), [call], { nonce, gasLimit: GAS }).wire])
    if (outcome === undefined || 'error' in outcome) throw new Error(JSON.stringify(outcome))
  }
  const first = names[0]!
  const issuer = testAccount(first).address
  await send(
    first,
    callOf('tokens', 'issue', {
      ...{ name: 'Coin', symbol: 'COIN', decimals: 2, cap: 10n ** 18n, initial: 10n ** 17n, schedule: null },
      ...{ metadata: { description: '', uri: '', hash: null }, admin: issuer, minter: issuer, freezer: null },
      ...{ burnable: true, deviceOnlyRewards: false },
    }),
  )
  const source = { name: 'readings', source: utf8.encode(SOURCE), metadata: '', value: 0n }
  await send(first, callOf('contracts', 'publish', { ...source, upgrade: null, pauser: null, arguments: null }))
  node.makeBlock()
  const token = keyUnder(node, 2, 4)
  const contract = keyUnder(node, 11, 1)
  const shout = {
    ...{ target: contract, method: 'report', funds: [] },
    arguments: encodeParameters([{ name: 'n', type: 'integer' }], [BigInt(SHOUTS)]),
  }
  let turn = 0
  for (let made = 0; made < events; ) {
    for (let i = 0; i < BLOCK_TRANSACTIONS; i++, turn++) {
      const payments = Array.from({ length: PAYMENTS }, (_, to) => ({
        to: testAccount(names[(turn * 31 + to * 7 + 1) % ACCOUNTS]!).address,
        amount: BigInt(1 + ((turn + to) % 1000)),
      }))
      const kind = turn % 4
      const call =
        kind === 3 ? shout : callOf('tokens', 'transferMany', { token: kind === 2 ? token : SSP, payments, memo: null })
      // The token is its issuer's; all else comes from everybody.
      await send(kind === 2 ? first : names[turn % ACCOUNTS]!, call)
      made += PAYMENTS
    }
    node.makeBlock()
  }
  return { node, names, token: formatAddress(token), contract: formatAddress(contract) }
}

function keyUnder(node: MemoryNode, module: number, table: number): Uint8Array {
  const [entry] = [...node.state().reader.range(Uint8Array.of(module, table), Uint8Array.of(module, table + 1))]
  return entry![0].slice(2)
}

async function measure(report: Report, kind: string, database: Database, chain: Chain): Promise<void> {
  const rpc = await serve(chain.node)
  const { signal } = new AbortController()
  const log = pino({ level: 'silent' })
  const follower = new Follower(database, new Source([rpc.url], signal), log)
  await dropTables(database)
  await migrate(database)
  const startedMs = performance.now()
  const startedWorkMs = processorMs()
  await follower.catchUp(signal, () => undefined)
  const seconds = (performance.now() - startedMs) / 1000
  const figure = (metric: string, unit: string, value: number) =>
    report({ bench: 'indexer', metric: `${kind}_${metric}`, unit, value })
  const { events = 0 } = follower.state ?? {}
  figure('events', 'events', events)
  figure('rebuild_s', 's', seconds)
  figure('rebuild_work_s', 's', (processorMs() - startedWorkMs) / 1000)
  figure('events_per_s', 'events/s', events / seconds)
  const index = { database, follower, schema: SCHEMA_VERSION }
  const options = { index, logger: log, host: '127.0.0.1', port: 0, perMinute: Number.MAX_SAFE_INTEGER }
  const server = await startIndexServer(options)
  try {
    const client = new IndexerClient({ url: server.url })
    for (const [name, ask] of await questionsOf(client, chain)) {
      const times: number[] = []
      for (let i = 0; i < QUESTIONS; i++) {
        const askedMs = performance.now()
        await ask(i)
        times.push(performance.now() - askedMs)
      }
      times.sort((a, b) => a - b)
      figure(`${name}_p50_ms`, 'ms', times[Math.floor(times.length / 2)]!)
      figure(`${name}_p99_ms`, 'ms', times[Math.floor(times.length * 0.99)]!)
    }
  } finally {
    await server.close()
    await database.close()
    await rpc.close()
  }
}

type Asking = (i: number) => Promise<unknown>

async function questionsOf(
  client: IndexerClient,
  { node, names, token, contract }: Chain,
): Promise<[string, Asking][]> {
  const spread = (i: number, most: number) => (i * 7919) % most
  const account = (i: number) => formatAddress(testAccount(names[spread(i, names.length)]!).address)
  const place = (i: number) => `${2 + spread(i, node.height - 1)}-5`
  const ids = (await client.get('transactions', {}, { limit: 200 })).items.map(({ id }) => id)
  const page = (name: IndexerRouteName, params: object, query: object): Promise<unknown> =>
    client.get(name, params as never, { limit: 50, ...query } as never)
  return [
    ['blocks', (i) => page('blocks', {}, { cursor: `${2 + spread(i, node.height)}` })],
    ['transaction', (i) => client.get('transaction', { id: ids[i % ids.length]! })],
    ['transactions', (i) => page('transactions', {}, { cursor: place(i) })],
    ['events', (i) => page('events', {}, { from: contract, name: 'Reading', cursor: place(i) })],
    ['account_transactions', (i) => page('accountTransactions', { address: account(i) }, { cursor: place(i) })],
    ['account_transfers', (i) => page('accountTransfers', { address: account(i) }, { cursor: place(i) })],
    ['account_transfers_token', (i) => page('accountTransfers', { address: account(i) }, { token, cursor: place(i) })],
    ['holders', () => page('tokenHolders', { token: 'SSP' }, {})],
    ['token_transfers', (i) => page('tokenTransfers', { token }, { cursor: place(i) })],
    ['chart', () => client.get('chart', { period: 'hour' })],
    ['search_id', (i) => client.get('search', {}, { q: ids[i % ids.length]!.slice(0, 8) })],
    ['search_address', (i) => client.get('search', {}, { q: account(i).slice(0, 10) })],
    ['search_name', (i) => client.get('search', {}, { q: ['coin', 'read', 'delegate'][i % 3]! })],
  ]
}
