import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@smartshare/crypto'
import { ContractEngine, codeHashOf, GasMeter, MAX_LOAD_GAS } from '@smartshare/runtime'
import { TestChain } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { HOST_DEFINITIONS } from '../commands/contract/lua-definitions.ts'
import { accountOf, LocalNetwork } from './local-network.ts'
import { LyingNode } from './lying-node.ts'
import { networkFolder, runCli, runCliProcess } from './run-cli.ts'

/** Dozens of transactions one after the other, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 })

const alice = accountOf('alice')
const bob = accountOf('bob')
const SSP = 100_000_000n
/** A contract with every type. */
const TYPES = `
local Said = abi.event('Said(what: any)')
abi.view('echo(i: integer, n: number, b: boolean, s: string, y: bytes, a: address, m: amount, l: integer[], x: any, o: string?): any',
  function(i, n, b, s, y, a, m, l, x, o)
    return { i = i, n = n, b = b, s = s, y = y, a = address.format(a), m = m, l = l, x = x, o = o }
  end)
abi.method('say(what: any)', function(what) Said(what) end)
abi.view('bytes(): bytes', function() return '\\xff' end)
`

const before = process.cwd()
let network: LocalNetwork
let home = ''
let dir = ''
let jar = ''

beforeAll(async () => {
  // Blocks come faster than their slots: long enough ago that the chain never overtakes the clock.
  network = await LocalNetwork.start({ genesisTimeMs: Date.now() - 12 * 3_600_000 })
  dir = network.keep(await networkFolder(network, ['alice', 'bob'])).dir
  home = mkdtempSync(join(tmpdir(), 'smartshare-contract-'))
  process.chdir(home)
})

afterAll(async () => {
  await network.close()
  process.chdir(before)
  rmSync(home, { recursive: true })
})

// biome-ignore lint/suspicious/noExplicitAny: results are looked at field by field.
type Value = any

async function json(...args: string[]): Promise<Value> {
  const run = await runCli(['contract', ...args, '--dir', dir, '--json'])
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 })
  return JSON.parse(run.stdout)
}

async function text(...args: string[]): Promise<string> {
  const run = await runCli(['contract', ...args, '--dir', dir])
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 })
  return run.stdout
}

/** Code and message of a command that fails, which says what helps. */
async function refusal(...args: string[]): Promise<string> {
  const run = await runCli(['contract', ...args, '--dir', dir, '--json'])
  expect(run).toMatchObject({ code: 1 })
  const { error } = JSON.parse(run.stdout)
  expect(error).toEqual({ code: expect.any(String), message: expect.any(String), cure: expect.any(String) })
  return `${error.code} ${error.message}`
}

function write(name: string, content: string): string {
  writeFileSync(join(home, name), content)
  return name
}

describe('smartshare contract, from a new folder to a called contract', () => {
  it('makes a folder with a contract that loads, and never writes over another', async () => {
    const run = await runCliProcess(['contract', 'new', 'tip-jar', '--json'], { cwd: home })
    const { files } = JSON.parse(run.stdout)
    expect(files).toContain('contract.test.lua')
    for (const file of files) expect(existsSync(join(home, 'tip-jar', file))).toBe(true)
    const again = await runCli(['contract', 'new', 'tip-jar', '--json'])
    expect(JSON.parse(again.stdout).error.code).toBe('CLI_FILE')
  })

  it('says what publishing would cost, and publishes', async () => {
    const publish = ['publish', 'tip-jar/contract.lua', '--name', 'tip jar', '--arg', 'bob']
    const rules = [
      '--upgrade-by',
      'alice',
      '--upgrade-delay',
      '1m',
      '--pauser',
      'bob',
      '--metadata',
      'https://x.example',
    ]
    const estimate = await json(...publish, ...rules, '--estimate')
    expect(estimate).toMatchObject({ estimate: true, depositGrains: expect.stringMatching(/^[1-9]/) })
    const done = await json(...publish, ...rules)
    const source = readFileSync(join(home, 'tip-jar/contract.lua'))
    expect(done).toMatchObject({
      final: true,
      depositGrains: estimate.depositGrains,
      codeHash: toHex(codeHashOf(source)),
    })
    expect(BigInt(done.feeGrains)).toBeGreaterThan(0n)
    jar = done.address
    expect(await json('show', jar)).toMatchObject({
      ...{ name: 'tip jar', publisher: alice.text, pauser: bob.text, metadata: 'https://x.example' },
      ...{ upgrade: { by: alice.text, delayMs: 60_000 }, version: 1 },
    })
    expect(await json('list')).toMatchObject([{ number: 0, address: jar, name: 'tip jar' }])
    const shown = await text('show', jar)
    expect(shown).toContain('payable      tip(note: string)')
    expect(shown).toContain('Tipped(from: address, amount: amount, note: string)')
  })

  it('calls, asks, and shows events and state', async () => {
    const tipped = await json('call', jar, 'tip', 'thank you', '--value', '1.5SSP')
    const data = { from: alice.text, amount: '150000000', note: 'thank you' }
    expect(tipped).toMatchObject({ final: true, events: [{ name: 'Tipped', data }], gasUsed: expect.any(Number) })
    expect(BigInt(tipped.depositGrains)).toBeGreaterThan(0n)
    expect(await json('view', jar, 'total')).toEqual({ result: '150000000' })
    expect(await text('view', jar, 'tipsOf', 'alice')).toBe('150000000\n')
    expect(await text('view', jar, 'owner')).toBe(`${bob.text}\n`)
    await json('call', jar, 'tip', '--args', '{"note": "-1"}', '--value', '0.00000001')
    expect(await json('events', jar)).toMatchObject([{ name: 'Tipped', data, tx: tipped.tx }, { data: { note: '-1' } }])
    expect(await json('events', jar, '--from', `${tipped.height + 1}`)).toHaveLength(1)
    expect(await json('events', jar, '--name', 'Other')).toEqual([])
    expect(await text('events', jar)).toContain(`Tipped from=${alice.text} amount=150000000 note="thank you"`)
    const state = await json('state', jar)
    expect(state.map(({ name }: Value) => name)).toEqual(['tips', 'owner', 'total'])
    expect(await text('state', jar, 'total')).toBe('total[0] = 150000001\n')
    const proven = await json('state', jar, 'tips', `0x${toHex(alice.address)}`)
    expect(proven).toMatchObject({ present: true, proven: true, value: { integer: '150000001' } })
    expect(await json('state', jar, 'tips', 'x')).toMatchObject({ present: false, value: null })
    expect(await text('state', jar, 'owner', '--prove')).toContain(bob.text)
  })

  it('follows events until there are as many as were asked for', async () => {
    const following = text('events', jar, '--follow', '--count', '3', '--from', '1')
    await json('call', jar, 'tip', 'third', '--value', '1', '--wallet', 'bob')
    const lines = (await following).trim().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toContain(`from=${bob.text} amount=${SSP} note="third"`)
  })

  it('refuses with a code and a cure before anything is paid', async () => {
    const wrong = write('wrong.lua', 'abi.method(')
    const bare = write('bare.lua', 'x = 1')
    const expected: [string[], RegExp][] = [
      [['call', jar, 'withdraw', '1'], /^CONTRACT_FAILED .*only the owner/],
      [['call', jar, 'withdraw', '1', '--value', '1'], /^CONTRACT_FUNDS/],
      [['call', jar, 'withdraw', '-5'], /^ABI_VALUE amount is no amount/],
      [['call', jar, 'withdraw', '1.5'], /^ABI_VALUE/],
      [['call', jar, 'withdraw'], /^ABI_VALUE/],
      [['call', jar, 'withdraw', '1', '2'], /^ABI_VALUE 2 arguments where withdraw/],
      [['call', jar, 'nothing'], /^CONTRACT_METHOD .*there is tip, withdraw, owner/],
      [['call', jar, 'total'], /^CONTRACT_METHOD .*contract view/],
      [['view', jar, 'tip', 'x'], /^CONTRACT_METHOD .*contract call/],
      [['call', jar, 'tip', 'x', '--args', '[]'], /^USAGE/],
      [['call', jar, 'tip', '--args', '{'], /^USAGE/],
      [['show', alice.text], /^CONTRACT_UNKNOWN/],
      [['show', 'alice'], /^USAGE/],
      [['publish', 'nowhere.lua'], /^CLI_FILE/],
      [['publish', wrong], /^CONTRACT_SOURCE contract:1:/],
      [['publish', wrong, '--upgrade-delay', '7d'], /^USAGE/],
      [['publish', wrong, '--upgrade-by', 'alice', '--upgrade-delay', '7x'], /^USAGE/],
      [['publish', bare, '--arg', '1'], /^ABI_VALUE/],
    ]
    const before = (await (await network.client()).rpc.account(alice.text)).grains
    const found: string[] = []
    for (const [words] of expected) found.push(await refusal(...words))
    for (const [i, [words, pattern]] of expected.entries())
      expect([words, found[i]]).toEqual([words, expect.stringMatching(pattern)])
    expect((await (await network.client()).rpc.account(alice.text)).grains).toBe(before)
  })

  it('takes plain words of every type', async () => {
    const { address } = await json('publish', write('types.lua', TYPES))
    const words = ['-5', '1.5', 'true', 'nil', '0xFF', 'bob', '1.5SSP', '[1,2]', '{"k":1}', 'nil']
    const { result } = await json('view', address, 'echo', ...words)
    expect(result).toEqual({
      ...{
        i: { integer: '-5' },
        n: 1.5,
        b: true,
        s: 'nil',
        y: { hex: 'ff' },
        a: bob.text,
        m: { integer: '150000000' },
      },
      ...{ l: [{ integer: '1' }, { integer: '2' }], x: { k: { integer: '1' } } },
    })
    const shown = await text('view', address, 'echo', ...words)
    expect(shown).toContain('m = 150000000')
    expect(shown).toContain('y = 0xff')
    expect(await text('view', address, 'bytes')).toBe('0xff\n')
    expect(await json('view', address, 'bytes')).toEqual({ result: 'ff' })
    expect(await text('call', address, 'say', '{"a":[1,"b"]}')).toContain('Said what={ a = { 1, "b" } }')
  })
})

describe('smartshare contract call with a token', () => {
  it('sends what its symbol means, in its own decimals', async () => {
    const source = `abi.payable('pay(token: address)', function(token) assert(system.value(token) == 1250, 'wrong') end)
      abi.view('held(token: address): amount', function(token) return contract.balance(nil, token) end)`
    const { address } = await json('publish', write('till.lua', source))
    const words = ['token', 'issue', '--name', 'Acme', '--symbol', 'ACME', '--supply', '1000', '--decimals', '2']
    const issued = await runCli([...words, '--dir', dir, '--json'])
    const { token } = JSON.parse(issued.stdout)
    await json('call', address, 'pay', token, '--value', '12.5', '--token', 'ACME')
    expect(await json('view', address, 'held', token)).toEqual({ result: '1250' })
    expect(await refusal('call', address, 'pay', token, '--token', 'ACME')).toMatch(/^USAGE/)
    expect(await refusal('call', address, 'pay', token, '--value', '2000', '--token', 'ACME')).toMatch(
      /^TOKENS_BALANCE/,
    )
  })
})

describe('smartshare contract jobs', () => {
  it('lists heavy calls that are not done', async () => {
    const source = "abi.heavy('sum(n: integer)', function() end, { gas = 3000000 })"
    const { address } = await json('publish', write('sums.lua', source))
    expect(await json('jobs')).toEqual([])
    expect(await text('jobs')).toBe('no heavy calls wait\n')
    await json('call', address, 'sum', '1')
    await json('call', address, 'sum', '2')
    const jobs = await json('jobs', '--contract', address)
    const what = { contract: address, caller: alice.text, method: 'sum', gas: 3_000_000 }
    expect(jobs).toMatchObject([
      { ...what, job: 0, state: 'committing', run: { commits: 0, seats: 4 } },
      { ...what, job: 1, state: 'waiting', run: null },
    ])
    expect(await json('jobs', '--state', 'waiting')).toEqual([jobs[1]])
    expect(await text('jobs')).toContain('0 committed, 0 opened of 4')
    expect(await refusal('jobs', '--contract', alice.text)).toMatch(/^CONTRACT_UNKNOWN/)
    expect(await refusal('jobs', '--contract', 'alice')).toMatch(/^USAGE/)
    expect(await refusal('jobs', '--state', 'done')).toMatch(/^USAGE/)
  })
})

describe('smartshare contract, for those who keep one and those who trust one', () => {
  it('shows a source only with the hash that the delegates certified', async () => {
    const source = readFileSync(join(home, 'tip-jar/contract.lua'), 'utf8')
    const shown = await json('show', jar, '--source')
    expect(shown).toMatchObject({ source, verified: true, provenHeight: expect.any(Number) })
    const run = await runCliProcess(['contract', 'show', jar, '--source', '--dir', dir])
    expect(run.stdout).toBe(source)
    expect(run.stderr).toContain('certified at height')
    const abi = await json('show', jar, '--abi')
    expect(abi.methods.map(({ name }: Value) => name)).toContain('withdraw')
    expect(JSON.parse(await text('show', jar, '--abi'))).toEqual(abi)

    const liar = network.keep(await LyingNode.before(network.server.url))
    const other = Buffer.from(source.replace('only the owner', 'anybody'))
    const lie = { source: other.toString('base64'), codeHash: toHex(codeHashOf(other)) }
    const ask = async () => await refusal('show', jar, '--source', '--rpc', liar.url, '--ws', '')
    liar.lie = (method, _, result) => (method === 'contract_source' ? { ...result, source: lie.source } : undefined)
    expect(await ask()).toMatch(/^CONTRACT_SOURCE_HASH/)
    // It lies about the hash too: what the delegates certified says so.
    liar.lie = (method, _, result) => (method === 'contract_source' ? { ...result, ...lie } : undefined)
    expect(await ask()).toMatch(/^CONTRACT_SOURCE_HASH/)
  })

  it('announces an upgrade, says when it may go on, and puts it in place', async () => {
    const source = readFileSync(join(home, 'tip-jar/contract.lua'), 'utf8')
    const next = write('next.lua', source.replace(/abi\.view\('tipsOf[^\n]*\n/, ''))
    expect(await refusal('upgrade', jar, next, '--wallet', 'bob')).toMatch(/^CONTRACT_RULE/)
    expect(await refusal('upgrade', jar, 'tip-jar/contract.lua')).toMatch(/^CONTRACT_UPGRADE .*already/)
    expect(await refusal('upgrade', jar, write('broken.lua', 'x ='))).toMatch(/^CONTRACT_SOURCE/)
    const { timeMs } = network.node.state()
    const announced = await json('upgrade', jar, next)
    expect(announced).toMatchObject({ state: 'announced', final: true })
    network.node.stop()
    expect(announced.fromMs).toBeGreaterThan(timeMs + 60_000)
    expect(await json('upgrade', jar, next)).toMatchObject({ state: 'waiting', fromMs: announced.fromMs })
    expect(await text('show', jar)).toContain('announced')
    while (network.node.state().timeMs < announced.fromMs) network.node.makeBlock()
    network.node.start(40)
    const run = await runCli(['contract', 'upgrade', jar, next, '--dir', dir, '--json'])
    expect(JSON.parse(run.stdout)).toMatchObject({ state: 'upgraded', version: 2, codeHash: announced.codeHash })
    expect(run.stderr).toContain('no longer has view tipsOf(who: address): amount')
    expect(await json('view', jar, 'total')).toEqual({ result: `${150_000_001n + SSP}` })
  })

  it('pauses and resumes', async () => {
    expect(await refusal('pause', jar)).toMatch(/^CONTRACT_RULE/)
    expect(await json('pause', jar, '--wallet', 'bob')).toMatchObject({ paused: true, final: true })
    expect(await refusal('call', jar, 'tip', 'x', '--value', '1')).toMatch(/^CONTRACT_PAUSED/)
    expect(await text('list')).toContain('paused')
    await json('resume', jar, '--wallet', 'bob')
    await json('call', jar, 'withdraw', '1', '--wallet', 'bob')
  })

  it('writes typed clients of contracts and of files', async () => {
    expect(await json('client', jar, '-o', 'jar.ts')).toEqual({ file: 'jar.ts', methods: 4 })
    const written = readFileSync(join(home, 'jar.ts'), 'utf8')
    expect(written).toContain('export class TipJarContract')
    const ofFile = await runCli(['contract', 'client', 'tip-jar/contract.lua', '--name', 'box'])
    expect(ofFile.stdout).toContain('export class BoxContract')
    expect(ofFile.stdout).toContain('async tipsOf(who: string): Promise<bigint>')
  })
})

describe('the definitions for editors', () => {
  it('name exactly what contracts find', () => {
    const source = `
      abi.view('names(): string[]', function()
        local names = {}
        for _, module in ipairs({ 'abi', 'state', 'system', 'contract', 'crypto', 'address', 'json', 'cbor', 'decimal' }) do
          for name in pairs(_G[module]) do names[#names + 1] = module .. '.' .. name end
        end
        return names
      end)
      abi.view('globals(): string[]', function()
        local names = {}
        for name, value in pairs(_G) do if type(value) == 'table' then names[#names + 1] = name end end
        return names
      end)`
    const chain = new TestChain({ accounts: ['alice'] })
    const address = chain.publish('alice', source)
    const texts = (method: string) =>
      (chain.view(address, method) as Uint8Array[]).map((bytes) => new TextDecoder().decode(bytes)).sort()
    const named = [...HOST_DEFINITIONS.matchAll(/^function ([a-z]+\.[A-Za-z0-9]+)\(/gm)].map(([, name]) => name).sort()
    expect(named).toEqual(texts('names'))
    const modules = [...HOST_DEFINITIONS.matchAll(/^([a-z]+) = \{\}$/gm)].map(([, name]) => name as string)
    const ofLua = ['_G', 'string', 'table', 'math', 'utf8', 'coroutine']
    expect([...modules, ...ofLua].sort()).toEqual(texts('globals'))
  })

  it('are Lua that loads, and so is the template', () => {
    const engine = new ContractEngine()
    const load = (lua: string) => engine.load(engine.slot(0), new TextEncoder().encode(lua), new GasMeter(MAX_LOAD_GAS))
    expect(load(HOST_DEFINITIONS).abi).toEqual({ methods: [], events: [] })
    expect(load(readFileSync(join(home, 'tip-jar/contract.lua'), 'utf8')).abi.methods).toHaveLength(6)
    expect(load(readFileSync(join(home, 'tip-jar/.definitions/tests.lua'), 'utf8')).abi.methods).toEqual([])
  })
})
