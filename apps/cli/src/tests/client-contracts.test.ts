import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, type Contract, type ContractEvent, calls, generateClient } from '@smartshare/client'
import { parseAddress } from '@smartshare/crypto'
import { codeHashOf } from '@smartshare/runtime'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'
import { type Lie, LyingNode } from './lying-node.ts'

/** The compiler and a process of Node, on a busy machine. */
vi.setConfig({ testTimeout: 120_000 })

const SOURCE = `
local held = state.map('held')
local owner = state.value('owner')
local Put = abi.event('Put(by: address, key: bytes, total: amount)')
abi.constructor('(who: address, first: amount)', function(who, first)
  owner:set(who)
  held.first = first
end)
abi.payable('put(key: bytes): amount', function(key)
  held[key] = (held[key] or 0) + system.value()
  Put(system.caller(), key, held[key])
  return held[key]
end)
abi.method('rename(wallet: string, class: integer?)', function(wallet, class) held[wallet] = class end)
abi.view('of(key: bytes): amount', function(key) return held[key] or 0 end)
abi.view('owner(): address', function() return owner:get() end)
abi.view('me(): address', function() return system.caller() end)
abi.view('twice(list: integer?[], half: number): any', function(list, half) return { list = list, half = half * 2 } end)
abi.view('note(text: string?): string?', function(text) return text end)
abi.view('flip(on: boolean): boolean[]', function(on) return { not on, on } end)
`
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const alice = accountOf('alice')
const bob = accountOf('bob')
const key = Uint8Array.of(1, 255)

let network: LocalNetwork
let client: Client
let box: Contract

beforeAll(async () => {
  network = await LocalNetwork.start()
  client = await network.client()
  const published = await client.publishContract(alice, {
    ...{ name: 'box', source: SOURCE, args: [bob.text, 7], value: 500n },
    ...{ upgrade: { by: alice.text, delayMs: 60_000 }, pauser: bob.text, metadata: 'a box' },
  })
  box = client.contract(published.address)
})

afterAll(async () => {
  await network.close()
})

/** The first of a walk without an end. */
async function first<T>(walk: AsyncGenerator<T>, count: number): Promise<T[]> {
  const found: T[] = []
  for await (const one of walk) {
    found.push(one)
    if (found.length === count) break
  }
  return found
}

describe('a contract of the client', () => {
  it('tells its record and its source', async () => {
    const info = await box.info()
    expect(info).toMatchObject({
      ...{ name: 'box', metadata: 'a box', version: 1, grains: 500n, publisher: alice.text, pauser: bob.text },
      upgrade: { by: alice.text, delayMs: 60_000 },
    })
    expect(await box.abi()).toEqual(info.abi)
    const { source, isVerified, codeHash } = await box.source()
    expect([new TextDecoder().decode(source), isVerified, codeHash]).toEqual([SOURCE, true, info.codeHash])
    const { contracts, total } = await client.rpc.contracts.list()
    expect([contracts[0], total]).toMatchObject([{ number: 0, address: box.address, name: 'box' }, 1])
  })

  it('answers views with the values that programs have', async () => {
    expect(await box.view('owner')).toBe(bob.text)
    expect(await box.view('of', new TextEncoder().encode('first'))).toBe(7n)
    expect(await box.viewAs(alice.text, 'me')).toBe(alice.text)
    expect(await box.view('twice', [1n, null, 2 ** 40], 0.25)).toEqual({
      ...{ half: 0.5, list: [{ integer: '1' }, null, { integer: `${2 ** 40}` }] },
    })
    expect(await box.view('note', null)).toBeNull()
    expect(await box.view('flip', true)).toEqual([false, true])
    await expect(box.view('of', 'not bytes')).rejects.toMatchObject({ code: 'ABI_VALUE' })
    await expect(box.view('nothing')).rejects.toMatchObject({ code: 'CONTRACT_METHOD' })
    const nowhere = client.contract(alice.text)
    await expect(nowhere.view('of')).rejects.toMatchObject({ code: 'CONTRACT_UNKNOWN' })
  })

  it('is called with money, tells what it locks before, and says its events', async () => {
    const fee = await box.estimate(alice, 'put', [key], { value: 40n })
    // 2 + 32 bytes of place, 5 of the name, 1 + 2 of the key; 2 of the value 40.
    expect(fee.depositGrains).toBe(44n * client.parameters.stateByteGrains)
    const before = (await client.rpc.account(alice.text)).grains
    const from = network.node.height + 1
    const hearing = first(box.events('Put', { from }), 2)
    const called = await box.call(alice, 'put', [key], { value: 40n })
    const said = {
      name: 'Put',
      data: { by: alice.text, key, total: 40n },
      transaction: called.id,
      height: called.height,
    }
    expect(called.events).toMatchObject([said])
    const paid = called.receipt.feeGrains + 40n + (fee.depositGrains as bigint)
    expect((await client.rpc.account(alice.text)).grains).toBe(before - paid)
    const second = await box.call(bob, 'put', { key }, { value: 2n, gasLimit: 100_000 })
    expect(await hearing).toMatchObject([said, { data: { by: bob.text, total: 42n }, transaction: second.id }])
    expect(await box.view('of', key)).toBe(42n)
    await expect(box.call(alice, 'rename', ['x'], { value: 1n })).rejects.toMatchObject({ code: 'CONTRACT_FUNDS' })
  })

  it('is called many times at once', async () => {
    const at = Uint8Array.of(9)
    await Promise.all(Array.from({ length: 12 }, () => box.call(alice, 'put', [at], { value: 1n })))
    expect(await box.view('of', at)).toBe(12n)
  })

  it('shows events that its ABI does not describe as bytes', async () => {
    const { methods } = await box.abi()
    const other = client.contract(box.address, { methods, events: [{ name: 'Put', fields: [] }] })
    const [event] = await first(other.events('Put', { from: 1 }), 1)
    expect(event).toMatchObject({ name: 'Put', data: null })
    expect((event as ContractEvent).encoded.length).toBeGreaterThan(30)
  })

  it('is not published with a source that is wrong, or arguments that nobody takes', async () => {
    const wrong = client.publishContract(alice, { name: 'x', source: 'abi.view(' })
    await expect(wrong).rejects.toMatchObject({
      code: 'CONTRACT_SOURCE',
      message: expect.stringContaining('contract:1:'),
    })
    const most = client.publishContract(alice, { name: 'x', source: 'x = 1', args: [1] })
    await expect(most).rejects.toMatchObject({ code: 'ABI_VALUE' })
    const few = client.publishContract(alice, { name: 'x', source: SOURCE })
    await expect(few).rejects.toMatchObject({ code: 'ABI_VALUE' })
  })

  it('proves its record and entries of its state, present and absent, and believes no node', async () => {
    const sourceHash = codeHashOf(new TextEncoder().encode(SOURCE))
    await expect.poll(async () => (await box.proveRecord()).contract.codeHash).toEqual(sourceHash)
    const entry = await box.proveEntry('held', { hex: '01ff' })
    expect(entry).toMatchObject({ isPresent: true, value: { integer: '42' } })
    expect(await box.proveEntry('held', 'nothing')).toMatchObject({ isPresent: false, value: null })
    expect(await box.proveEntry('owner')).toMatchObject({ isPresent: true, value: expect.anything() })
    await expect(client.contract(alice.text).proveRecord()).rejects.toMatchObject({ code: 'CONTRACT_UNKNOWN' })
    await expect(box.proveEntry('no name')).rejects.toMatchObject({ code: 'CONTRACT_STATE' })

    const liar = network.keep(await LyingNode.before(network.server.url))
    const deceived = (await network.client({ rpc: [liar.url], ws: [] })).contract(box.address)
    const lies: [Lie, string][] = [
      [(method, _, result) => method === 'chain_proof' && { ...result, value: '182b' }, 'PROOF_STATE'],
      [(method, _, result) => method === 'chain_proof' && { ...result, value: null }, 'PROOF_STATE'],
      [(method, _, result) => method === 'chain_proof' && { ...result, height: 1 }, 'PROOF_HEIGHT'],
      [(method, _, result) => method === 'chain_proof' && { ...result, value: '00'.repeat(20_000) }, 'PROOF_FORM'],
    ]
    for (const [lie, code] of lies) {
      liar.lie = (...said) => lie(...said) || undefined
      await expect(deceived.proveEntry('held', { hex: '01ff' })).rejects.toMatchObject({ code })
    }
    liar.lie = (method, _, result) => (method === 'contract_view' ? { ...result, result: 'lies' } : undefined)
    await expect(deceived.view('of', key)).rejects.toMatchObject({ code: 'RPC_ANSWER' })
    liar.lie = (method, _, result) => (method === 'contract_source' ? { ...result, source: 'AAAA' } : undefined)
    expect((await deceived.source()).isVerified).toBe(false)
  })

  it('is paused and goes on', async () => {
    const pause = (paused: boolean) => ({ calls: [calls.pauseContract(parseAddress(box.address), paused)] })
    await client.sender(bob).sendAndWait(pause(true))
    expect((await box.info()).paused).toBe(true)
    await expect(box.call(alice, 'put', [key])).rejects.toMatchObject({ code: 'CONTRACT_PAUSED' })
    await client.sender(bob).sendAndWait(pause(false))
    await box.call(alice, 'put', [key])
  })
})

/** A program that uses the typed client, right and wrong. */
const USE = `
import { Client, Wallet } from '@smartshare/client'
import { sha256 } from '@smartshare/crypto'
import { BoxContract } from './box.ts'

const [rpc, ws, address] = process.argv.slice(2) as [string, string, string]
const wallet = Wallet.fromSeed(sha256(new TextEncoder().encode('test account alice'))).account()
const client = await Client.connect({ rpc: [rpc], ws: [ws] })
const box = new BoxContract(client, address)
const key = Uint8Array.of(77)
const { height } = await box.put(wallet, key, { value: 5n })
let total = 0n
for await (const { data } of box.$events('Put', { from: height })) {
  total = data?.total ?? -1n
  break
}
const held: bigint = await box.of(key)
const owner: string = await box.owner()
const note: string | null = await box.note(null)
const flipped: readonly boolean[] = await box.flip(true)
// What the ABI does not allow does not compile.
// @ts-expect-error
const wrongResult: Promise<string> = box.of(key)
// @ts-expect-error
const wrongArgument = () => box.of(5)
// @ts-expect-error
const noWallet = () => box.put(key)
// @ts-expect-error
const noSuchEvent = () => box.$events('Taken')
const named: Promise<unknown> = box.rename(wallet, 'text', null).then(() => box.twice([1, null, 2n], 0.5))
console.log(JSON.stringify({ held: String(held), total: String(total), owner, note, flipped, twice: await named }))
await wrongResult
void [wrongArgument, noWallet, noSuchEvent]
client.close()
`

describe('a typed client', () => {
  const dir = mkdtempSync(join(tmpdir(), 'smartshare-typed-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  it('is TypeScript that the compiler accepts in its strictest form, and that works', async () => {
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
    writeFileSync(join(dir, 'box.ts'), generateClient(await box.abi(), 'box'))
    writeFileSync(join(dir, 'use.ts'), USE)
    const compilerOptions = { noEmit: true, composite: false, allowImportingTsExtensions: true }
    const rest = { rewriteRelativeImportExtensions: false, noUnusedLocals: true, noUnusedParameters: true }
    writeFileSync(
      join(dir, 'tsconfig.json'),
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.base.json'),
        compilerOptions: { ...compilerOptions, ...rest, typeRoots: [join(ROOT, 'node_modules/@types')] },
        // What packages of the house declare beside their sources.
        files: [
          'use.ts',
          ...['crypto/src/sodium-native.d.ts', 'lvm/src/webassembly.d.ts'].map((file) => join(ROOT, 'core', file)),
        ],
      }),
    )
    const compiled = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', dir], {
      encoding: 'utf8',
    })
    expect([compiled.status, compiled.stdout]).toEqual([0, ''])
    const { url, ws } = network.server
    const words = ['--conditions=source', join(dir, 'use.ts'), url, ws, box.address]
    const run = await new Promise<{ code: number | null; stdout: string }>((resolve) => {
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
      let stdout = ''
      child.stdout.on('data', (data) => {
        stdout += data
      })
      child.on('close', (code) => resolve({ code, stdout }))
    })
    expect([run.code, run.stdout && JSON.parse(run.stdout)]).toEqual([
      0,
      {
        ...{ held: '5', total: '5', owner: bob.text, note: null, flipped: [false, true] },
        twice: { half: { number: '1' }, list: [{ integer: '1' }, null, { integer: '2' }] },
      },
    ])
  })

  it('is not made of names that are none, and keeps words of the language apart', () => {
    const method = { name: 'm', kind: 'view' as const, inputs: [], output: null, reentrant: false, heavy: null }
    const abi = { methods: [method], events: [] }
    const odd = [
      { ...abi, methods: [{ ...method, name: 'm(){} evil' }] },
      { ...abi, methods: [{ ...method, name: 'constructor' }] },
      { ...abi, methods: [{ ...method, inputs: [{ name: 'a-b', type: 'any' }] }] },
      { ...abi, events: [{ name: '1', fields: [] }] },
    ]
    for (const one of odd) expect(() => generateClient(one, 'x')).toThrow('a name that is none')
    const taken = { ...method, inputs: [{ name: 'class', type: 'string' }] }
    expect(generateClient({ methods: [taken], events: [] }, '1 weather station')).toMatch(
      /class Contract1WeatherStation [\s\S]*async m\(class\$: string\)[\s\S]*view\('m', class\$\)/,
    )
  })
})
