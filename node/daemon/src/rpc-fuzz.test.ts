import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SSP } from '@smartshare/chain'
import { errorCatalogue } from '@smartshare/codec/errors'
import { addressOfContract, formatAddress, toHex } from '@smartshare/crypto'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { methods } from './rpc/method-table.ts'
import { signed } from './rpc/test-transaction.ts'
import { base64 } from './rpc/views.ts'
import { type Answer, callNode, TestNetwork, type TestNode } from './test-network.ts'

// Every method of a real node's document, called with whatever JSON can say. A new method is covered without a word here.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 60_000, interval: 100 }
const CALLS_PER_METHOD = 300
const SEED = 20_261_120
/** What a node of one small chain needs (measured: 260 MiB), and as much again for what it is sent. */
const MOST_MEMORY_KIB = 768 * 1024
/** Codes that say that the node itself broke. */
const BROKEN = ['RPC_INTERNAL', 'INTERNAL']

interface Schema {
  readonly type?: string
  readonly enum?: unknown[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly maxItems?: number
  readonly anyOf?: Schema[]
}
interface Method {
  readonly name: string
  readonly params: { readonly name: string; readonly required: boolean; readonly schema: Schema }[]
}

/** A contract whose views take and give what they are asked for, or never end. */
const CONTRACT = `
local m = state.map('m')
abi.method('fill()', function() for i = 1, 20 do m[i] = { [tostring(i)] = string.rep('\\xff', 50 * i) } end end)
abi.view('echo(a: any): any', function(a) return a end)
abi.view('spin()', function() while true do end end)
abi.view('deep(n: integer): any', function(n) local t = {} for i = 1, n do t = { t } end return t end)
abi.view('long(n: integer): any', function(n) return string.rep('x', n) end)`
const alice = testAccount('alice')
const bob = testAccount('bob')
let dir = ''
let network: TestNetwork
let node: TestNode
let document: Method[] = []
/** Texts that mean something on this chain. */
let texts: string[] = []

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rpc-fuzz-'))
  network = await TestNetwork.make(1, () => dir, ['alice', 'bob'])
  node = network.nodes[0] as TestNode
  network.start(node)
  const height = async () => (await callNode(node, 'chain_status').catch(() => undefined))?.result?.height ?? -1
  await vi.waitFor(async () => expect(await height()).toBeGreaterThan(2), PATIENCE)
  document = (await callNode(node, 'rpc.discover')).result.methods
  const call = callOf('tokens', 'transfer', { to: bob.address, token: SSP, amount: 1_000n, memo: null })
  const wires = [0n, 1n].map((nonce) => signed(network.genesis, alice, [call], { nonce }).wire)
  const { result } = await callNode(node, 'chain_submit', { transactions: [base64(wires[0] as Uint8Array)] })
  const { header } = (await callNode(node, 'chain_block', { height: 1 })).result
  const contract = await publish()
  const damaged = fc.sample(fc.tuple(fc.nat((wires[1] as Uint8Array).length - 1), fc.integer({ min: 1, max: 255 })), {
    numRuns: 40,
    seed: SEED,
  })
  texts = [
    ...['', '0', '1', '99999999999999999999', 'delegate-1', 'storage', '00', '00'.repeat(32), 'ff'.repeat(32)],
    ...[result.results[0].id, header.hash, header.stateRoot, 'AAAA', 'Zm9v', 'A'.repeat(174_764)],
    ...[alice, bob, testAccount('nobody'), testAccount('delegate 0')].map(({ address }) => formatAddress(address)),
    `ssp1${'q'.repeat(58)}`,
    ...[contract, contract, 'echo', 'spin', 'deep', 'long', 'm', base64(new TextEncoder().encode(CONTRACT))],
    ...wires.map(base64),
    ...damaged.map(([at, change]) =>
      base64((wires[1] as Uint8Array).map((byte, i) => (i === at ? byte ^ change : byte))),
    ),
  ]
})
afterAll(async () => {
  await network?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Publishes CONTRACT and fills its state; its address. */
async function publish(): Promise<string> {
  const source = new TextEncoder().encode(CONTRACT)
  const args = { name: 'fuzz', source, metadata: '', upgrade: null, pauser: null, arguments: null, value: 0n }
  const address = addressOfContract(bob.address, 0)
  const fill = { target: address, method: 'fill', arguments: Uint8Array.of(0x80), funds: [] }
  const tx = signed(network.genesis, bob, [callOf('contracts', 'publish', args), fill], {
    nonce: 0n,
    gasLimit: 5_000_000,
  })
  await callNode(node, 'chain_submit', { transactions: [base64(tx.wire)] })
  const receipt = async () => (await callNode(node, 'chain_transaction', { id: toHex(tx.id) })).result.receipt
  await vi.waitFor(async () => expect(await receipt()).toMatchObject({ status: 'done', error: null }), PATIENCE)
  return formatAddress(address)
}

/** JSON texts of values that fit nowhere, or look as if they did. */
const junk = fc.oneof(
  fc.constantFrom(
    ...['null', 'true', '-0', '-1', '0.5', '1e400', '9007199254740991', '9007199254740993', '-1e308', '""', '[]', '{}'],
    ...['"__proto__"', '"constructor"', '"\\u0000"', '"\\ud800"', '"𝟘"', '" "', '"1.0"', '"0x10"', '"-5"', '[null]'],
    ...['{"__proto__":{"limit":1}}', '{"constructor":{"prototype":{"x":1}}}', '{"toString":1}', '{"length":1e9}'],
    ...['[[[[[1]]]]]', '{"a":{"a":{"a":{"a":1}}}}', `[${'0,'.repeat(2_000)}0]`, `"${'x'.repeat(100_000)}"`],
    ...[`"${'0'.repeat(63)}"`, `"${'0'.repeat(65)}"`, `"${'G'.repeat(64)}"`, `"ssp1${'q'.repeat(57)}"`, '"A==="'],
  ),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
)

/** JSON texts of values that a schema allows. */
function fitting(schema: Schema): fc.Arbitrary<string> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(fitting))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum.map((value) => JSON.stringify(value)))
  if (schema.type === 'boolean') return fc.constantFrom('true', 'false')
  if (schema.type === 'integer') {
    const { minimum = -9_007_199_254_740_991, maximum = 9_007_199_254_740_991 } = schema
    const low = Math.max(minimum, 0)
    return fc
      .oneof(fc.integer({ min: low, max: Math.min(maximum, low + 4) }), fc.constantFrom(minimum, maximum))
      .map(String)
  }
  if (schema.type === 'array') {
    return fc
      .array(fitting(schema.items ?? {}), { maxLength: Math.min(4, schema.maxItems ?? 4) })
      .map((items) => `[${items.join(',')}]`)
  }
  if (schema.type === 'string') {
    const { pattern = '', minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
    const fit = texts.filter(
      (text) => RegExp(pattern).test(text) && text.length >= minLength && text.length <= maxLength,
    )
    return fc.constantFrom(...(fit.length === 0 ? texts : fit)).map((text) => JSON.stringify(text))
  }
  return junk
}

const someKey = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'x', '0', '')

/** JSON texts of the parameters of a method: right ones, and all the ways to get them wrong. */
function paramsOf({ params }: Method): fc.Arbitrary<string> {
  const all = fc.tuple(...params.map(({ schema }) => fitting(schema)))
  const half = fc.tuple(...params.map(({ schema }) => fc.oneof(fitting(schema), junk)))
  const object = (values: readonly string[], keep: readonly boolean[] = []) =>
    params.flatMap(({ name }, i) => (keep[i] === false ? [] : [`${JSON.stringify(name)}:${values[i]}`]))
  const list = (values: readonly string[]) => `[${values.join(',')}]`
  const flags = fc.tuple(...params.map(({ required }) => (required ? fc.constant(true) : fc.boolean())))
  return fc.oneof(
    { arbitrary: fc.tuple(all, flags).map(([values, keep]) => `{${object(values, keep)}}`), weight: 4 },
    { arbitrary: half.map((values) => `{${object(values)}}`), weight: 4 },
    all.map(list),
    half.map(list),
    fc.tuple(half, junk).map(([values, more]) => list([...values, more, more])),
    fc.tuple(all, fc.nat(7)).map(([values, count]) => list(values.slice(0, count))),
    fc
      .tuple(all, someKey, junk)
      .map(([values, key, value]) => `{${[...object(values), `${JSON.stringify(key)}:${value}`]}}`),
    fc
      .tuple(half, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }))
      .map(([values, keep]) => `{${object(values, keep)}}`),
    junk,
  )
}

/** Checks one answer; gives its code, `result` if it is none. */
function judge(method: string, answer: Answer, said: string): string {
  const about = `${method} ${said.slice(0, 300)}`
  expect([about, answer.jsonrpc, Object.keys(answer).length]).toEqual([about, '2.0', 3])
  if ('result' in answer) {
    const shape = methods.get(method)?.result
    const parsed = shape?.safeParse(answer.result)
    expect([about, parsed?.error?.issues ?? []]).toEqual([about, []])
    for (const refused of answer.result?.results ?? []) if ('error' in refused) checkRefusal(about, refused.error)
    return 'result'
  }
  const { code, message, data } = answer.error
  expect([about, Number.isInteger(code), typeof message]).toEqual([about, true, 'string'])
  expect(message.length).toBeLessThan(2_000)
  checkRefusal(about, data)
  return data.code
}

function checkRefusal(about: string, { code, cure }: { code: string; cure: string }): void {
  expect([about, code in errorCatalogue, BROKEN.includes(code)]).toEqual([`${about}`, true, false])
  expect(cure).toBe(errorCatalogue[code]?.[1])
}

async function post(body: string | Buffer): Promise<Answer> {
  const response = await fetch(node.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return await response.json()
}

/** The node is up, well, has logged no fault of its own, and has not grown. */
async function expectWell(): Promise<void> {
  expect(node.child?.exitCode).toBe(null)
  const before = (await callNode(node, 'chain_status')).result.final
  await expect.poll(async () => (await callNode(node, 'chain_status')).result.final, PATIENCE).toBeGreaterThan(before)
  const log = readFileSync(join(dir, 'node.log'), 'utf8')
  expect(log.split('\n').filter((line) => /"level":[56]0/.test(line))).toEqual([])
  const told = `/proc/${node.child?.pid}/status`
  // Only Linux tells how much memory another process has.
  if (!existsSync(told)) return
  const memory = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(told, 'utf8'))
  expect(Number(memory?.[1])).toBeLessThan(MOST_MEMORY_KIB)
}

describe('the RPC of a real node', () => {
  it('answers every method, whatever it is asked, with a result of its shape or a refusal from the catalogue', async () => {
    expect(document.length).toBeGreaterThan(methods.size)
    for (const method of document) {
      const codes = new Set<string>()
      const said = fc.sample(paramsOf(method), { numRuns: CALLS_PER_METHOD, seed: SEED })
      const most = Math.max(1, Math.floor(50 / (methods.get(method.name)?.weight ?? 1)))
      for (let at = 0; at < said.length; at += most) {
        const part = said.slice(at, at + most)
        const calls = part.map(
          (params, id) => `{"jsonrpc":"2.0","id":${id},"method":"${method.name}","params":${params}}`,
        )
        const answers = (await post(`[${calls.join(',')}]`)) as Answer[]
        expect(answers.map(({ id }) => id)).toEqual(part.map((_, id) => id))
        for (const [i, answer] of answers.entries()) codes.add(judge(method.name, answer, part[i] as string))
      }
      // The right parameters were among them: it is not the check of their form alone that was tried.
      const reached = [...codes].filter((code) => !['RPC_PARAMS', 'RPC_REQUEST'].includes(code))
      expect([method.name, reached.length > 0]).toEqual([method.name, true])
    }
    await expectWell()
  })

  it('answers any bytes with a refusal', async () => {
    const nested = (depth: number) => '['.repeat(depth)
    const bodies = [
      ...fc.sample(fc.uint8Array({ maxLength: 200 }), { numRuns: 300, seed: SEED }).map((bytes) => Buffer.from(bytes)),
      ...[
        nested(100),
        nested(4_000_000),
        '{"a":'.repeat(1_000_000),
        '[]',
        '[[]]',
        '[1,2]',
        '{}',
        '""',
        'null',
        '1e999',
      ],
      `"${'\\'.repeat(7_000_000)}`,
      `{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(7_000_000)}"}`,
      `{"jsonrpc":"2.0","id":"${'x'.repeat(7_000_000)}","method":"chain_status"}`,
      `{"jsonrpc":"2.0","id":1,"method":"chain_status","params":{"${'x'.repeat(7_000_000)}":1}}`,
      `{"jsonrpc":"2.0","id":1,"method":"account_get","params":{"address":"${'x'.repeat(7_000_000)}"}}`,
      `{"jsonrpc":"2.0","id":1,"method":"__proto__"}`,
      `{"jsonrpc":"2.0","id":1,"method":"constructor","params":[]}`,
      `{"jsonrpc":"2.0","id":1,"method":"chain_status","params":[${'[],'.repeat(1_000_000)}[]]}`,
    ]
    for (const body of bodies) {
      const answer = await post(body)
      for (const one of Array.isArray(answer) ? answer : [answer]) {
        expect(judge('?', one, body.slice(0, 60).toString())).toMatch(/^RPC_/)
      }
    }
    await expectWell()
  })

  it('bears many large requests at once', async () => {
    const address = `{"jsonrpc":"2.0","id":1,"method":"account_get","params":{"address":"${'x'.repeat(7_000_000)}"}}`
    const list = `{"jsonrpc":"2.0","id":1,"method":"chain_submit","params":[[${'"AAAA",'.repeat(900)}"AAAA"]]}`
    for (let round = 0; round < 6; round++) {
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => post(i % 2 === 0 ? address : list)))
      for (const answer of answers) judge('chain_submit', answer, 'large')
    }
    await expectWell()
  })

  it('answers on a WebSocket whatever it hears there', async () => {
    const socket = new WebSocket(node.ws)
    await new Promise((resolve) => socket.addEventListener('open', resolve))
    const own = document.filter(({ name }) => !methods.has(name))
    expect(own.map(({ name }) => name).sort()).toEqual(['chain_subscribe', 'chain_unsubscribe'])
    const said = own.flatMap((method) =>
      fc
        .sample(paramsOf(method), { numRuns: CALLS_PER_METHOD, seed: SEED })
        .map((params) => ({ name: method.name, params })),
    )
    const codes = new Set<string>()
    let answered = 0
    const done = new Promise<void>((resolve, reject) => {
      socket.addEventListener('message', ({ data }) => {
        const answer: Answer = JSON.parse(String(data))
        if (answer.method === 'chain_subscription') return
        try {
          codes.add(judge('?', answer, 'on a WebSocket'))
        } catch (error) {
          reject(error as Error)
        }
        answered++
        if (answered === said.length) resolve()
      })
      socket.addEventListener('close', ({ code, reason }) => reject(new Error(`cut: ${code} ${reason}`)))
    })
    for (const [id, { name, params }] of said.entries()) {
      socket.send(`{"jsonrpc":"2.0","id":${id},"method":"${name}","params":${params}}`)
    }
    await done
    expect([...codes].sort()).toEqual(['RPC_PARAMS', 'RPC_REQUEST', 'result'])
    socket.close()
    await expectWell()
  })
})
