import { SSP } from '@smartshare/chain'
import { amount, decode } from '@smartshare/codec'
import { formatAddress, fromHex, toHex } from '@smartshare/crypto'
import { encodeEntryProof, firstState, verifyEntry } from '@smartshare/light'
import { codeHashOf, contractStateKey, decodeAbi, encodeParameters, firstSet, getCode } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemoryNode } from './memory-node.ts'
import { methods } from './method-table.ts'
import { signed } from './test-transaction.ts'
import { base64 } from './views.ts'

const SOURCE = `
local held = state.map('held')
local note = state.value('note', 'none')
local Put = abi.event('Put(by: address, key: string, amount: amount)')
abi.constructor('(first: string)', function(first) note:set(first) end)
abi.payable('put(key: string)', function(key)
  held[key] = (held[key] or 0) + system.value()
  Put(system.caller(), key, system.value())
end)
abi.method('fill(n: integer)', function(n) for i = 1, n do held[i] = { at = i, bytes = '\\xff' } end end)
abi.view('of(key: string): amount', function(key) return held[key] or 0 end)
abi.view('note(): string', function() return note:get() end)
abi.view('who(): address', function() return system.caller() end)
abi.view('echo(a: any, b: integer?): any', function(a, b) return { a = a, b = b } end)
abi.view('spin()', function() while true do end end)
abi.view('large(): any', function() return string.rep('x', 300000) end)
abi.view('fails()', function() error({ no = 'text' }) end)
`
/** Another source that declares the event with other fields. */
const UPGRADED = SOURCE.replace('by: address, key: string, amount: amount', 'by: string')
const utf8 = new TextEncoder()
const alice = testAccount('alice')
const bob = testAccount('bob')
const node = new MemoryNode({ accounts: ['alice', 'bob'] })
const nonces = new Map<string, bigint>()
let contract: Uint8Array
let address: string

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field.
type Answer = any

/** The result of a method, which must have the shape that its document promises, also as JSON. */
async function ask(method: string, params: object): Promise<Answer> {
  const found = methods.get(method)
  const result = JSON.parse(JSON.stringify(await found?.call(node, params)))
  found?.result.parse(result)
  return result
}

const refusal = (method: string, params: object) =>
  expect(ask(method, params)).rejects.toMatchObject({ code: expect.any(String) })

/** Executes calls in a block of its own; the receipt as the RPC shows it. */
async function run(from: typeof alice, ...calls: ReturnType<typeof callOf>[]): Promise<Answer> {
  const nonce = nonces.get(from.name) ?? 0n
  nonces.set(from.name, nonce + 1n)
  const tx = signed(node, from, calls, { nonce, gasLimit: 5_000_000 })
  expect(await node.submit([tx.wire])).toEqual([{ id: tx.id }])
  node.makeBlock()
  return (await ask('chain_transaction', { id: toHex(tx.id) })).receipt
}

function call(method: string, args: Parameters<typeof encodeParameters>[1], grains = 0n) {
  const { methods: all } = decodeAbi(getCode(node.state().reader, contract).abi)
  const inputs = all.find(({ name }) => name === method)?.inputs ?? []
  const funds = grains === 0n ? [] : [{ token: SSP, amount: grains } as const]
  return { target: contract, method, arguments: encodeParameters(inputs, args), funds }
}

const view = async (method: string, args: unknown = [], more: object = {}) =>
  (await ask('contract_view', { address, method, args, ...more })).result

beforeAll(async () => {
  const receipt = await run(
    alice,
    callOf('contracts', 'publish', {
      ...{ name: 'box', source: utf8.encode(SOURCE), metadata: 'a box', value: 0n },
      ...{ upgrade: { by: alice.address, delayMs: 0 }, pauser: bob.address },
      arguments: encodeParameters([{ name: 'first', type: 'string' }], [utf8.encode('héllo')]),
    }),
  )
  const published = receipt.events.find(({ name }: Answer) => name === 'published')
  address = published.data.contract
  expect(published.data.publisher).toBe(formatAddress(alice.address))
  contract = contractsOf()[0] as Uint8Array
})

function contractsOf(): Uint8Array[] {
  const entry = [...node.state().reader.range(Uint8Array.of(11, 1), Uint8Array.of(11, 2))]
  return entry.map(([key]) => key.slice(2))
}

describe('contract_get, contract_source and contract_list', () => {
  it('tell what a contract offers, its rules, and the source by its hash', async () => {
    const found = await ask('contract_get', { address })
    expect(found).toMatchObject({
      ...{ name: 'box', metadata: 'a box', version: 1, paused: false, grains: '0', announced: null },
      ...{ pauser: formatAddress(bob.address), upgrade: { by: formatAddress(alice.address), delayMs: 0 } },
      ...{ codeHash: toHex(codeHashOf(utf8.encode(SOURCE))), sizeBytes: SOURCE.length },
    })
    expect(found.abi.methods[1]).toEqual({
      ...{ name: 'put', kind: 'payable', inputs: [{ name: 'key', type: 'string' }], output: null, reentrant: false },
      heavy: null,
    })
    expect(found.abi.events).toEqual([
      {
        name: 'Put',
        fields: [
          { name: 'by', type: 'address' },
          { name: 'key', type: 'string' },
          { name: 'amount', type: 'amount' },
        ],
      },
    ])
    const { source, codeHash } = await ask('contract_source', { address })
    expect([Buffer.from(source, 'base64').toString(), codeHash]).toEqual([SOURCE, found.codeHash])
    expect(await ask('contract_list', {})).toMatchObject({ total: 1, contracts: [{ number: 0, address, name: 'box' }] })
    expect((await ask('contract_list', { from: 1 })).contracts).toEqual([])
    await expect(ask('contract_get', { address: formatAddress(bob.address) })).rejects.toMatchObject({
      code: 'CONTRACT_UNKNOWN',
    })
  })

  it('tell what a source would offer, or which line is wrong', async () => {
    const { abi, loadGas } = await ask('contract_check', { source: base64(utf8.encode(SOURCE)) })
    expect(abi).toEqual((await ask('contract_get', { address })).abi)
    expect(loadGas).toBeGreaterThan(0)
    const wrong = ask('contract_check', { source: base64(utf8.encode('\n\nx =')) })
    await expect(wrong).rejects.toMatchObject({ code: 'CONTRACT_SOURCE', message: expect.stringContaining(':3:') })
    await expect(ask('contract_check', { source: base64(utf8.encode('while true do end')) })).rejects.toMatchObject({
      code: 'GAS_EXHAUSTED',
    })
  })
})

describe('contract_view', () => {
  it('answers by the types of the ABI, with arguments in their order or by name', async () => {
    expect(await view('note')).toBe('héllo')
    expect(await view('of', ['x'])).toBe('0')
    expect(await view('of', { key: 'x' })).toBe('0')
    expect(await view('echo', [{ list: [1, 'a', { hex: 'ff' }] }, '9007199254740993'])).toEqual({
      a: { list: [{ integer: '1' }, 'a', { hex: 'ff' }] },
      b: { integer: '9007199254740993' },
    })
    const caller = formatAddress(bob.address)
    expect(await view('who', [], { caller })).toBe(caller)
    expect(await view('who')).toBe(formatAddress(new Uint8Array(32)))
  })

  it.each([
    ['spin', [], 'CONTRACT_VIEW_LIMIT'],
    ['large', [], 'CONTRACT_VIEW_LIMIT'],
    ['fails', [], 'CONTRACT_FAILED'],
    ['put', ['x'], 'CONTRACT_METHOD'],
    ['constructor', ['x'], 'CONTRACT_METHOD'],
    ['nothing', [], 'CONTRACT_METHOD'],
    ['of', [], 'ABI_VALUE'],
    ['of', [5], 'ABI_VALUE'],
    ['of', ['a', 'b'], 'ABI_VALUE'],
    ['of', { toString: 1 }, 'ABI_VALUE'],
    ['echo', [{ integer: 'x' }], 'ABI_VALUE'],
    ['of', 5, 'RPC_PARAMS'],
    ['of', Array(17).fill(1), 'RPC_PARAMS'],
  ])('refuses %s %j with %s, and goes on', async (name, args, code) => {
    await expect(view(name, args)).rejects.toMatchObject({ code })
    expect(await view('note')).toBe('héllo')
  })
})

describe('events, state and proofs of contracts', () => {
  it('are told by the ABI, and as bytes when an upgrade has changed it', async () => {
    const receipt = await run(bob, call('put', [utf8.encode('k')], 500n))
    const told = receipt.events.find(({ name }: Answer) => name === 'Put')
    expect(told).toMatchObject({ from: address, data: { by: formatAddress(bob.address), key: 'k', amount: '500' } })
    const query = { height: 1, from: address, name: 'Put' }
    expect((await ask('chain_events', query)).events).toMatchObject([{ data: { key: 'k', amount: '500' } }])
    expect(await view('of', ['k'])).toBe('500')
    await run(alice, callOf('contracts', 'upgrade', { contract, source: utf8.encode(UPGRADED), metadata: '' }))
    expect((await ask('chain_events', query)).events).toMatchObject([{ data: null, encoded: told.encoded }])
    await run(alice, callOf('contracts', 'upgrade', { contract, source: utf8.encode(SOURCE), metadata: '' }))
    expect((await ask('chain_events', query)).events).toMatchObject([{ data: { key: 'k' } }])
  })

  it('show every entry once, page by page', async () => {
    await run(bob, call('fill', [5n]))
    const seen: Answer[] = []
    let after: string | null | undefined
    while (after !== null) {
      const page: Answer = await ask('contract_state', { address, limit: 2, ...(after === undefined ? {} : { after }) })
      expect(page.entries.length).toBeLessThanOrEqual(2)
      seen.push(...page.entries)
      after = page.next
    }
    expect(seen.map(({ name, key }) => [name, key])).toEqual([
      ...[1, 2, 3, 4, 5].map((i) => ['held', { integer: `${i}` }]),
      ['held', 'k'],
      ['note', { integer: '0' }],
    ])
    expect(seen[0].value).toEqual({ at: { integer: '1' }, bytes: { hex: 'ff' } })
    expect(await ask('contract_state', { address, limit: 7 })).toMatchObject({ next: null, entries: { length: 7 } })
    await expect(ask('contract_state', { address: formatAddress(bob.address) })).rejects.toMatchObject({
      code: 'CONTRACT_UNKNOWN',
    })
  })

  it('prove that an entry is there, and that another is not', async () => {
    node.makeBlock()
    const genesis = node.genesis.record
    const first = firstState(node.chainId, firstSet(genesis), genesis.timeMs)
    const check = async (key: unknown, name = 'held') => {
      const answer = await ask('contract_proof', { address, name, key })
      const record = encodeEntryProof({
        header: Buffer.from(answer.header.encoded, 'base64'),
        certificate: Buffer.from(answer.certificate.encoded, 'base64'),
        value: answer.value === null ? null : fromHex(answer.value),
        path: Buffer.from(answer.proof, 'base64'),
      })
      const at = typeof key === 'string' ? utf8.encode(key) : BigInt((key as { integer: string }).integer)
      return verifyEntry(first, record, contractStateKey(contract, name, at), { nowMs: genesis.timeMs + 3_600_000 })
    }
    expect((await check('k')).value).toEqual(Uint8Array.of(0x19, 1, 0xf4))
    expect(decode(amount, (await check('k')).value as Uint8Array)).toBe(500n)
    expect((await check('other')).value).toBeUndefined()
    expect((await check({ integer: '5' })).value?.length).toBeGreaterThan(10)
    expect((await check({ integer: '6' })).value).toBeUndefined()
    await refusal('contract_proof', { address, name: 'no name!', key: 1 })
    await refusal('contract_proof', { address, name: 'held', key: true })
    await refusal('contract_proof', { address, name: 'held', key: 'x'.repeat(129) })
    expect(await ask('contract_proof', { address, name: 'note' })).toMatchObject({ value: expect.any(String) })
  })
})

describe('chain_estimate', () => {
  it('says what stored bytes lock, and what freed ones give back', async () => {
    const estimate = (one: ReturnType<typeof call>) =>
      ask('chain_estimate', { transaction: base64(signed(node, bob, [one], { nonce: 99n }).wire) })
    const price = node.genesis.record.parameters.stateByteGrains
    // 2 + 32 bytes of place, 5 of the name, 1 + 3 of the key; 3 of the value 500.
    expect((await estimate(call('put', [utf8.encode('new')], 500n))).depositGrains).toBe(`${46n * price}`)
    expect((await estimate(call('put', [utf8.encode('k')], 1n))).depositGrains).toBe('0')
    const smaller = utf8.encode(SOURCE.slice(0, -1))
    const upgrade = callOf('contracts', 'upgrade', { contract, source: smaller, metadata: '' })
    const found = await ask('chain_estimate', {
      transaction: base64(signed(node, alice, [upgrade], { nonce: 99n }).wire),
    })
    expect(found.depositGrains).toBe(`${-price}`)
  })
})
