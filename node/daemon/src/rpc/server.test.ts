import { connect } from 'node:net'
import { SSP } from '@smartshare/chain'
import { formatAddress, toHex } from '@smartshare/crypto'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MemoryNode } from './memory-node.ts'
import { methods } from './method-table.ts'
import { type RpcServer, startRpcServer } from './server.ts'
import { signed } from './test-transaction.ts'
import { base64 } from './views.ts'

const silent = pino({ level: 'silent' })
const alice = testAccount('alice')
const bob = testAccount('bob')

let node: MemoryNode
let server: RpcServer

async function start(): Promise<void> {
  node = new MemoryNode({ accounts: ['alice', 'bob'] })
  server = await startRpcServer({ node, logger: silent, host: '127.0.0.1', port: 0 })
}

async function stop(): Promise<void> {
  await server.close()
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field.
type Answer = any

async function post(body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(server.url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
}

async function call(method: string, params: unknown = {}): Promise<Answer> {
  const response = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
  return await response.json()
}

/** The result of a call, which must have the shape that its document promises. */
async function ask(method: string, params: unknown = {}): Promise<Answer> {
  const { result, error } = await call(method, params)
  expect(error).toBeUndefined()
  methods.get(method)?.result.parse(result)
  return result
}

async function refusal(method: string, params: unknown = {}): Promise<string> {
  return (await call(method, params)).error.data.code
}

function transfer(amount: bigint, nonce = 0n) {
  const to = bob.address
  return signed(node, alice, [callOf('tokens', 'transfer', { to, token: SSP, amount, memo: null })], { nonce })
}

describe('the RPC server', () => {
  beforeEach(start)
  afterEach(stop)

  it('answers every method in the shape that its document promises', async () => {
    const tx = transfer(5n)
    const { results } = await ask('chain_submit', { transactions: [base64(tx.wire)] })
    expect(results).toEqual([{ id: toHex(tx.id) }])
    expect(await ask('chain_transaction', { id: toHex(tx.id) })).toMatchObject({ state: 'pending' })
    node.makeBlock()
    node.makeBlock()

    expect(await ask('chain_status')).toMatchObject({
      height: 2,
      final: 2,
      supplyGrains: `${10n ** 18n}`,
      mode: 'calm',
    })
    expect(await ask('chain_peers')).toEqual({ peers: [] })
    expect(await ask('chain_genesis')).toMatchObject({ chainId: toHex(node.chainId), name: 'memory', delegates: 4 })
    expect((await ask('chain_block', { height: 1 })).transactions).toEqual([base64(tx.wire)])
    expect((await ask('chain_blocks', { from: 0 })).headers.map((header: Answer) => header.height)).toEqual([1, 2])
    const history = await ask('chain_history', { height: 1 })
    expect(history).toMatchObject({ next: { height: 3, skip: 0 }, height: 2 })
    expect(history.blocks).toMatchObject([
      { height: 1, skip: 0, whole: true, transactions: [base64(tx.wire)] },
      { height: 2, skip: 0, whole: true, transactions: [] },
    ])
    expect(history.blocks[0].receipts).toHaveLength(2)
    const rest = await ask('chain_history', { height: 1, skip: 1, limit: 1 })
    expect(rest.blocks).toMatchObject([{ height: 1, skip: 1, whole: true, transactions: [] }])
    expect(rest.blocks[0].receipts).toEqual(history.blocks[0].receipts.slice(1))
    expect(rest.next).toEqual({ height: 2, skip: 0 })
    expect(await ask('chain_history', { height: 3 })).toMatchObject({ blocks: [], next: { height: 3, skip: 0 } })
    const found = await ask('chain_transaction', { id: toHex(tx.id) })
    expect(found).toMatchObject({ state: 'executed', height: 1, index: 0, receipt: { status: 'done' } })
    expect(found.receipt.events).toMatchObject([
      {
        from: 'tokens',
        name: 'transfer',
        data: { token: 'SSP', from: formatAddress(alice.address), to: formatAddress(bob.address), amount: '5' },
      },
    ])
    expect(await ask('chain_receipts', { height: 1 })).toMatchObject({ total: 2 })
    expect((await ask('chain_estimate', { transaction: base64(transfer(5n, 1n).wire) })).gas).toBeGreaterThan(500)
    const address = formatAddress(bob.address)
    expect(await ask('account_get', { address })).toMatchObject({ grains: `${10n ** 14n + 5n}`, nonces: [] })
    expect(await ask('account_get', [formatAddress(alice.address)])).toMatchObject({ nonces: ['1'] })
    expect(await ask('account_locks', { address })).toMatchObject({ vesting: [], unbonding: [] })
    expect(await ask('account_locks', { address: formatAddress(testAccount('team').address) })).toMatchObject({
      vesting: [{ grains: `${10n ** 17n}`, claimedGrains: '0' }],
    })
    expect(await ask('token_balance', { address })).toMatchObject({ amount: `${10n ** 14n + 5n}` })
    expect(await ask('account_proof', { address })).toMatchObject({ height: 1 })
    expect(await ask('chain_proof', { key: 'ff' })).toMatchObject({ value: null })
    expect(await ask('chain_executedProof', { height: 1 })).toMatchObject({ term: 0, rootHeight: 1 })
    expect(await ask('chain_receiptProof', { height: 1, index: 1 })).toMatchObject({ term: 0, rootHeight: 1 })
    expect((await ask('delegate_list', { limit: 2, skip: 1 })).delegates.map((one: Answer) => one.rank)).toEqual([2, 3])
    expect(await ask('delegate_get', { delegate: 'delegate-1' })).toMatchObject({ seat: 1 })
    expect(await ask('delegate_voter', { address })).toMatchObject({ stakeGrains: '0', ballot: [] })
    expect((await ask('delegate_term')).seats).toHaveLength(4)
    const { events, next } = await ask('chain_events', { height: 1, from: 'tokens', name: 'transfer', limit: 1 })
    expect(events).toHaveLength(1)
    expect((await ask('chain_events', { ...next, limit: 1000 })).next).toEqual({ height: 3, skip: 0 })
  })

  it('shows tokens of vendors, page by page, and proves balances of them', async () => {
    const draft = {
      ...{ name: 'Acme Coin', symbol: 'ACME', decimals: 2, cap: 1_000n, initial: 300n },
      ...{ schedule: { amount: 50n, periodMs: 1 }, admin: null, minter: alice.address, freezer: null },
      ...{ burnable: true, deviceOnlyRewards: false, metadata: { description: 'points', uri: '', hash: null } },
    }
    const drafts = [draft, { ...draft, symbol: 'OTHER' }, { ...draft, schedule: null }]
    await node.submit([
      signed(
        node,
        alice,
        drafts.map((one) => callOf('tokens', 'issue', one)),
        { nonce: 0n },
      ).wire,
    ])
    node.makeBlock()
    const first = await ask('token_list', { limit: 2 })
    expect(first.items.map(({ symbol }: Answer) => symbol)).toEqual(['ACME', 'OTHER'])
    expect((await ask('token_list', { after: first.next })).items).toMatchObject([{ symbol: 'ACME', number: 2 }])
    expect((await ask('token_list', { symbol: 'ACME' })).items.map(({ number }: Answer) => number)).toEqual([0, 2])
    expect(await refusal('token_list', { symbol: 'ACME', after: first.next })).toBe('QUERY_CURSOR')
    const [{ token }] = first.items
    const issuer = formatAddress(alice.address)
    const rules = {
      supply: '300',
      cap: '1000',
      mintable: '50',
      schedule: { amount: '50', periodMs: 1 },
      minter: issuer,
    }
    expect(await ask('token_info', { token })).toMatchObject({ token, issuer, freezer: null, ...rules })
    expect(await ask('token_balance', { address: issuer, token })).toMatchObject({
      amount: '300',
      frozen: false,
      token,
    })
    const [spender, nobody] = [formatAddress(bob.address), formatAddress(new Uint8Array(32))]
    expect(await ask('token_allowance', { token, owner: issuer, spender })).toMatchObject({
      amount: '0',
      permitNonce: '0',
    })
    const held = await ask('account_tokens', { address: issuer, limit: 2 })
    expect(held.items).toHaveLength(2)
    expect((await ask('account_tokens', { address: issuer, after: held.next })).items).toHaveLength(1)
    expect((await ask('account_tokens', { address: spender })).items).toEqual([])
    expect(await refusal('token_info', { token: nobody })).toBe('TOKENS_UNKNOWN')
    expect(await refusal('token_balance', { address: issuer, token: nobody })).toBe('TOKENS_UNKNOWN')
    expect(await refusal('token_balance', { address: issuer, token: 'ACME' })).toBe('RPC_PARAMS')
    node.makeBlock()
    node.makeBlock()
    expect((await ask('account_proof', { address: issuer, token })).value).toBe('19012c')
    expect((await ask('account_proof', { address: spender, token })).value).toBeNull()
  })

  it('pages through all events without losing or repeating one', async () => {
    for (let nonce = 0n; nonce < 5n; nonce++) {
      await node.submit([transfer(nonce + 1n, nonce).wire])
      if (nonce % 2n === 1n) node.makeBlock()
    }
    node.makeBlock()
    const seen: string[] = []
    let at = { height: 0, skip: 0 }
    for (let page = 0; page < 20; page++) {
      const { events, next } = await ask('chain_events', { ...at, limit: 1, from: 'tokens', name: 'transfer' })
      const own = events.filter(({ data }: Answer) => data.from === formatAddress(alice.address))
      seen.push(...own.map(({ data }: Answer) => data.amount))
      at = next
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5'])
  })

  it('describes all its methods in an OpenRPC document', async () => {
    const document = await ask('rpc.discover')
    expect(document.openrpc).toMatch(/^1\./)
    const names = document.methods.map(({ name }: Answer) => name)
    expect(names).toEqual([...methods.keys(), 'chain_subscribe', 'chain_unsubscribe'])
    expect(document.methods.find(({ name }: Answer) => name === 'chain_block').params).toMatchObject([
      { name: 'height', required: true, schema: { type: 'integer', minimum: 1 } },
      { name: 'skip', required: false },
      { name: 'limit', required: false },
    ])
  })

  it('answers a batch in order, each call by itself, and notifications not at all', async () => {
    const batch = [
      { jsonrpc: '2.0', id: 'a', method: 'chain_status' },
      { jsonrpc: '2.0', method: 'chain_status' },
      { jsonrpc: '2.0', id: 'b', method: 'chain_nonsense' },
      7,
    ]
    const answers = (await (await post(JSON.stringify(batch))).json()) as Answer[]
    expect(answers.map(({ id, error }) => [id, error?.data.code])).toEqual([
      ['a', undefined],
      ['b', 'RPC_METHOD'],
      [null, 'RPC_REQUEST'],
    ])
    expect((await post('{"jsonrpc":"2.0","method":"chain_status"}')).status).toBe(204)
  })

  it('refuses transactions one by one, with the code of each refusal', async () => {
    const good = transfer(1n)
    const wrong = Uint8Array.from(transfer(2n, 1n).wire)
    // The last byte is the empty list of the fee payer's signatures; before it stands the sender's.
    wrong[wrong.length - 2]! ^= 1
    const transactions = [wrong, Uint8Array.of(1, 2, 3), good.wire, good.wire].map(base64)
    const { results } = await ask('chain_submit', { transactions })
    expect(results.map((result: Answer) => result.error?.code ?? result.id)).toEqual([
      'TX_SIGNATURE',
      'CODEC_TYPE',
      toHex(good.id),
      toHex(good.id),
    ])
  })

  it('estimates a fee that covers what the transaction then costs', async () => {
    const draft = transfer(123n)
    const { gas, gasLimit, feeGrains, highestFeeGrains } = await ask('chain_estimate', {
      transaction: base64(draft.wire),
    })
    const to = bob.address
    const calls = [callOf('tokens', 'transfer', { to, token: SSP, amount: 123n, memo: null })]
    const tx = signed(node, alice, calls, { nonce: 0n, gasLimit })
    await node.submit([tx.wire])
    node.makeBlock()
    const { receipt } = await ask('chain_transaction', { id: toHex(tx.id) })
    expect(receipt.status).toBe('done')
    expect(Math.abs(receipt.gasUsed - gas)).toBeLessThan(50)
    expect(BigInt(receipt.feeGrains)).toBeLessThanOrEqual(BigInt(highestFeeGrains))
    expect(Number(receipt.feeGrains) / Number(feeGrains)).toBeCloseTo(1, 1)
  })

  it('says before anything is paid that a transaction would fail', async () => {
    expect(await refusal('chain_estimate', { transaction: base64(transfer(10n ** 15n).wire) })).toBe('TOKENS_BALANCE')
    expect(await refusal('chain_estimate', { transaction: base64(transfer(10n ** 14n).wire) })).toBe('TOKENS_RESERVE')
  })

  it('refuses more transactions at once than a submit may hold', async () => {
    expect(await refusal('chain_submit', { transactions: new Array(1001).fill('AA==') })).toBe('RPC_PARAMS')
  })

  it('bounds the work and the answer of a batch', async () => {
    const heavy = { jsonrpc: '2.0', id: 1, method: 'chain_estimate', params: { transaction: 'AAAA' } }
    const answer = (await (await post(JSON.stringify(new Array(6).fill(heavy)))).json()) as Answer
    expect(answer.error.data.code).toBe('RPC_BATCH_TOO_LARGE')
  })

  it('refuses a body above its size, and other paths', async () => {
    const response = await post(Buffer.alloc(9 * 1024 * 1024, 0x20))
    expect(response.status).toBe(413)
    expect(((await response.json()) as Answer).error.data.code).toBe('RPC_TOO_LARGE')
    const other = await fetch(new URL('/admin', server.url))
    expect(other.status).toBe(404)
    expect(((await other.json()) as Answer).error.data.code).toBe('RPC_REQUEST')
  })

  it('survives a client that speaks no HTTP', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => {
      socket.on('close', resolve)
      socket.on('error', () => undefined)
      socket.write(Buffer.alloc(100_000, 0xff))
    })
    expect(await ask('chain_status')).toMatchObject({ height: 0 })
  })

  it('lets pages of this machine in and others not', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"chain_status"}'
    const local = await post(body, { origin: 'http://localhost:5173' })
    expect(local.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
    const foreign = await post(body, { origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    const ask = { origin: 'http://127.0.0.1:80', 'access-control-request-method': 'POST' }
    const preflight = await fetch(server.url, { method: 'OPTIONS', headers: ask })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type')
  })

  it('tells its health and its figures', async () => {
    const healthy = await fetch(new URL('/health', server.url))
    expect([healthy.status, await healthy.json()]).toEqual([200, { healthy: true, height: 0, final: 0, problem: null }])
    node.problem = 'far behind'
    expect((await fetch(new URL('/health', server.url))).status).toBe(503)
    await ask('chain_status')
    const text = await (await fetch(new URL('/metrics', server.url))).text()
    expect(text).toMatch(/smartshare_rpc_calls_total\{method="chain_status",outcome="ok"\} 1/)
  })

  it('refuses everything while the node is halted, says why, and serves again when it goes on', async () => {
    node.halt()
    const health = await fetch(new URL('/health', server.url))
    expect([health.status, await health.json()]).toEqual([
      503,
      {
        healthy: false,
        height: null,
        final: null,
        problem: expect.any(String),
        code: 'NODE_HALTED',
        cure: expect.any(String),
      },
    ])
    for (const name of methods.keys()) {
      const response = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, params: {} }))
      expect([name, response.status]).toEqual([name, 503])
      const { error } = (await response.json()) as Answer
      expect(error.data).toMatchObject({ code: 'NODE_HALTED', cure: expect.any(String) })
    }
    node.halted = undefined
    expect((await ask('chain_status')).height).toBe(0)
    expect((await fetch(new URL('/health', server.url))).status).toBe(200)
  })

  it('says nothing about the inside when something of its own breaks', async () => {
    node.block = () => Promise.reject(new TypeError('secret path /data'))
    const { error } = await call('chain_block', { height: 1 })
    expect(error).toMatchObject({ code: -32_603, data: { code: 'RPC_INTERNAL' } })
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  it('finishes what is in work when it stops, and then takes nothing more', async () => {
    let release: (() => void) | undefined
    node.block = () =>
      new Promise((resolve) => {
        release = () => resolve(undefined)
      })
    const answered = call('chain_block', { height: 1 })
    await expect.poll(() => release).toBeDefined()
    const closed = server.close()
    release?.()
    expect((await answered).error.data.code).toBe('RPC_NOT_FOUND')
    await closed
    await expect(call('chain_status')).rejects.toThrow()
  })

  it('says so when the port is taken', async () => {
    const again = startRpcServer({ node: new MemoryNode(), logger: silent, host: '127.0.0.1', port: server.port })
    await expect(again).rejects.toMatchObject({ code: 'RPC_LISTEN' })
  })
})

describe('the RPC server, given garbage,', () => {
  beforeAll(start)
  afterAll(stop)

  it.each([
    ['nothing', '', 'RPC_PARSE'],
    ['no JSON', '{"jsonrpc": "2.0", ', 'RPC_PARSE'],
    ['binary', Buffer.from([0, 255, 254, 1]), 'RPC_PARSE'],
    ['a number', '7', 'RPC_REQUEST'],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"chain_status"}', 'RPC_REQUEST'],
    ['an id of an object', '{"jsonrpc":"2.0","id":{},"method":"chain_status"}', 'RPC_REQUEST'],
    ['parameters of a text', '{"jsonrpc":"2.0","id":1,"method":"chain_status","params":"x"}', 'RPC_REQUEST'],
    ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"__proto__"}', 'RPC_METHOD'],
    ['an empty batch', '[]', 'RPC_REQUEST'],
    ['a batch bomb', `[${'1,'.repeat(5000)}1]`, 'RPC_BATCH_TOO_LARGE'],
    ['deep JSON', '['.repeat(1_000_000), 'RPC_PARSE'],
    [
      'deep parameters',
      `{"jsonrpc":"2.0","id":1,"method":"chain_status","params":${'['.repeat(50)}${']'.repeat(50)}}`,
      'RPC_PARSE',
    ],
  ])('refuses %s with a code and stays up', async (_, body, code) => {
    const answer = (await (await post(body)).json()) as Answer
    expect(answer.error.data.code).toBe(code)
    expect(await ask('chain_status')).toMatchObject({ height: 0 })
  })

  it('lets brackets inside texts be text', async () => {
    const body = `{"jsonrpc":"2.0","id":"${'[{'.repeat(20)}\\"[","method":"chain_status"}`
    expect(((await (await post(body)).json()) as Answer).result.height).toBe(0)
  })

  it.each([
    ['chain_block', { height: 0 }, 'RPC_PARAMS'],
    ['chain_block', { height: 1e300 }, 'RPC_PARAMS'],
    ['chain_block', { height: 1, more: true }, 'RPC_PARAMS'],
    ['chain_block', [1, 2, 3, 4], 'RPC_PARAMS'],
    ['chain_block', { height: 99 }, 'RPC_NOT_FOUND'],
    ['chain_receipts', { height: 99 }, 'RPC_NOT_FOUND'],
    ['chain_transaction', { id: 'A'.repeat(64) }, 'RPC_PARAMS'],
    ['chain_submit', { transactions: [] }, 'RPC_PARAMS'],
    ['chain_submit', { transactions: ['not base64!'] }, 'RPC_PARAMS'],
    ['chain_submit', { transactions: [7] }, 'RPC_PARAMS'],
    ['chain_submit', null, 'RPC_REQUEST'],
    ['chain_events', { height: 1, limit: 100_000 }, 'RPC_PARAMS'],
    ['chain_proof', { key: '' }, 'RPC_PARAMS'],
    ['chain_proof', { key: '00' }, 'RPC_NOT_READY'],
    ['chain_handOver', { term: 5 }, 'RPC_NOT_FOUND'],
    ['chain_executedProof', { height: 0 }, 'RPC_NOT_READY'],
    ['chain_receiptProof', { height: 0, index: 0 }, 'RPC_PARAMS'],
    ['chain_estimate', { transaction: 'AAAA' }, 'CODEC_TYPE'],
    ['account_get', { address: `ssp1${'q'.repeat(58)}` }, 'RPC_PARAMS'],
    ['delegate_get', { delegate: 'nobody' }, 'RPC_NOT_FOUND'],
    ['chain_subscribe', { topic: 'blocks' }, 'RPC_METHOD'],
  ])('refuses %s %j with %s', async (method, params, code) => {
    expect(await refusal(method, params)).toBe(code)
  })
})
