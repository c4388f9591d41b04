import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cureOf } from '@smartshare/client'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createProgram } from '../main.ts'
import { accountOf, LocalNetwork } from './local-network.ts'
import { networkFolder, type Run, runCli, runCliProcess } from './run-cli.ts'

/** A process takes seconds on a busy machine. */
vi.setConfig({ testTimeout: 180_000 })

const START = 10n ** 14n
const alice = accountOf('alice')
const bob = accountOf('bob')

let network: LocalNetwork
let dir: string

beforeAll(async () => {
  // Money staked is free again after two blocks.
  network = await LocalNetwork.start({ parameters: { unbondingMs: 1000, evidenceMs: 500 } })
  dir = network.keep(await networkFolder(network, ['alice', 'bob'])).dir
})

afterAll(async () => {
  await network.close()
})

// biome-ignore lint/suspicious/noExplicitAny: results are looked at field by field.
type Value = any

/** The one JSON value of a command that succeeds. */
async function json(...args: string[]): Promise<Value> {
  const run = await runCli([...args, '--dir', dir, '--json'])
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 })
  return JSON.parse(run.stdout)
}

/** What a person sees on standard output. */
async function text(...args: string[]): Promise<string> {
  const run = await runCli([...args, '--dir', dir])
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 })
  return run.stdout
}

/** The code of a command that fails, which says what helps. */
async function refusal(args: string[], env: Record<string, string> = {}): Promise<string> {
  return codeOf(await runCli([...args, '--json'], env))
}

/** The same of a process of its own. */
async function refusalOfProcess(args: string[], options: Parameters<typeof runCliProcess>[1]): Promise<string> {
  return codeOf(await runCliProcess([...args, '--json'], options))
}

function codeOf(run: Run): string {
  expect(run).toMatchObject({ code: 1 })
  const { error } = JSON.parse(run.stdout)
  expect(error).toEqual({ code: expect.any(String), message: expect.any(String), cure: expect.any(String) })
  return error.code
}

describe('smartshare', () => {
  it('shows where the chain stands', async () => {
    const status = await json('status')
    expect(status).toMatchObject({
      chainId: expect.stringMatching(/^[0-9a-f]{64}$/),
      stateRoot: expect.stringMatching(/^[0-9a-f]{64}$/),
      supplyGrains: `${10n ** 18n}`,
      mode: expect.stringMatching(/^(calm|busy)$/),
      peers: 0,
      txPerSecond: 0,
    })
    expect(status.final).toBeGreaterThanOrEqual(status.height)
    expect(await text('status')).toContain('10000000000 SSP')
  })

  it('sends, and shows balance, transaction and block', async () => {
    const sent = await json('send', 'bob', '12.5', '--memo', 'for the parking')
    expect(sent).toMatchObject({ tx: expect.stringMatching(/^[0-9a-f]{64}$/), height: expect.any(Number), final: true })
    expect(BigInt(sent.feeGrains)).toBeGreaterThan(0n)
    const balance = await json('balance', bob.text)
    expect(balance).toEqual({ address: bob.text, grains: `${START + 1_250_000_000n}`, tokens: {}, locked: [] })
    const tx = await json('tx', sent.tx)
    expect(tx).toMatchObject({
      state: 'executed',
      height: sent.height,
      receipt: { status: 'done', feeGrains: sent.feeGrains },
    })
    expect(tx.receipt.events[0].data).toMatchObject({ from: alice.text, to: bob.text, amount: '1250000000' })
    const block = await json('block', `${sent.height}`)
    expect(block).toMatchObject({ height: sent.height, transactionCount: 1, transactions: [sent.tx] })
    expect(await text('block', `${sent.height}`)).toContain(sent.tx)
    expect(await text('tx', sent.tx)).toContain('tokens.transfer')
    expect(await text('balance', 'bob')).toContain('SSP')
  })

  it('stakes, votes, takes the stake back and claims it', async () => {
    const [first] = await json('delegates')
    expect(first).toMatchObject({ rank: 1, seat: expect.any(Number), blocks: expect.any(Number) })
    const voted = await json('vote', 'delegate-2', first.address, '--stake', '1000', '--wallet', 'bob')
    expect(voted).toMatchObject({ final: true, voter: bob.text, stakeGrains: '100000000000' })
    expect(voted.ballot).toHaveLength(2)
    expect((await json('balance', 'bob')).locked).toMatchObject([{ kind: 'stake', grains: '100000000000' }])
    expect((await json('delegates'))[0]).toMatchObject({ votesGrains: '50000000000' })
    const undone = await json('vote', '--unstake', '1000', '--nobody', '--wallet', 'bob')
    expect(undone).toMatchObject({ stakeGrains: '0', ballot: [] })
    expect(await json('vote', '--wallet', 'bob')).toEqual({ voter: bob.text, stakeGrains: '0', ballot: [] })
    await expect
      .poll(async () => (await json('balance', 'bob')).locked[0]?.freeGrains, { timeout: 20_000 })
      .toBe('100000000000')
    expect(await json('vesting', 'claim', '--wallet', 'bob')).toMatchObject({ claimedGrains: '100000000000' })
    expect((await json('vesting', 'list', 'bob')).unbonding).toEqual([])
    expect(await text('vesting', 'list', accountOf('team').text)).toContain('1000000000 SSP')
  })

  it('proves a balance to whoever knows the chain id only', async () => {
    const file = join(dir, 'proof.json')
    const proof = await json('proof', 'balance', 'alice', '-o', file)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(proof)
    expect(await json('proof', 'verify', file)).toMatchObject({
      valid: true,
      address: alice.text,
      grains: proof.grains,
    })
    // Without any network: only the chain id.
    const alone = await runCli(['proof', 'verify', file, '--dir', '/nowhere', '--chain-id', proof.chainId, '--json'])
    expect(JSON.parse(alone.stdout)).toMatchObject({ valid: true, height: proof.height })
    writeFileSync(file, JSON.stringify({ ...proof, grains: `${BigInt(proof.grains) + 1n}` }))
    expect(await refusal(['proof', 'verify', file, '--dir', dir])).toBe('PROOF_STATE')
    expect((await json('balance', 'alice', '--proof')).proof.kind).toBe('smartshare balance proof')
    expect(await refusal(['proof', 'verify', '/nowhere', '--dir', dir])).toBe('CLI_FILE')
  })

  it('makes, restores, lists and shows wallets', async () => {
    const made = await json('wallet', 'create', 'carol')
    expect(made.words.split(' ')).toHaveLength(24)
    expect(statSync(made.file).mode & 0o777).toBe(0o600)
    const input = `${made.words}\n`
    const restored = await runCliProcess(['wallet', 'import', 'carol-again', '--dir', dir, '--json'], { input })
    expect(JSON.parse(restored.stdout)).toMatchObject({ name: 'carol-again', address: made.address })
    const names = (await json('wallet', 'list')).map(({ name }: Value) => name)
    expect(names).toEqual(['alice', 'bob', 'carol', 'carol-again'])
    expect(await json('wallet', 'show', 'carol')).toEqual({ name: 'carol', address: made.address })
    expect(await json('wallet', 'show', 'carol-again', '--words')).toMatchObject({ words: made.words })
    expect((await text('wallet', 'address', 'carol')).trim()).toBe(made.address)
    expect(await refusal(['wallet', 'create', 'carol', '--dir', dir])).toBe('CLI_WALLET_EXISTS')
    expect(await refusal(['wallet', 'create', '../up', '--dir', dir])).toBe('CLI_WALLET_NAME')
    expect(await refusalOfProcess(['wallet', 'import', 'dave', '--dir', dir], { input: 'not words' })).toBe(
      'WALLET_WORDS',
    )
  })

  it.each([
    [['send', 'bob', '1e9'], 'AMOUNT_TEXT'],
    [['send', 'bob', '0.000000001'], 'AMOUNT_TEXT'],
    [['send', 'bob', '0'], 'TOKENS_AMOUNT'],
    [['send', 'bob', '99999999'], 'TOKENS_BALANCE'],
    [['send', 'nobody', '1'], 'ADDRESS_TEXT_INVALID'],
    [['send', 'bob', '1', '--token', 'GOLD'], 'TOKENS_UNKNOWN'],
    [['send', 'bob', '1', '--wallet', 'nobody'], 'CLI_WALLET_MISSING'],
    [['tx', 'abc'], 'HEX_INVALID'],
    [['tx', '00'.repeat(32)], 'RPC_NOT_FOUND'],
    [['block', '99999999'], 'RPC_NOT_FOUND'],
    [['block', 'first'], 'USAGE'],
    [['vote', 'nobody'], 'RPC_NOT_FOUND'],
    [['vote', '--unstake', '1'], 'DELEGATE_STAKE'],
    [['vesting', 'claim'], 'VESTING_LOCKED'],
    [['status', '--rpc', 'nonsense'], 'CLI_SETTINGS'],
    [['status', '--rpc', 'http://127.0.0.1:9'], 'RPC_UNREACHABLE'],
    [['status', '--timeout-ms', 'soon'], 'CLI_SETTINGS'],
    [['stat'], 'USAGE'],
    [['status', '--colour'], 'USAGE'],
  ])('refuses %j with %s and a cure', async (args, code) => {
    expect(await refusal([...args, '--dir', dir])).toBe(code)
  })

  it('says what to do where there is no network', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'smartshare-empty-'))
    expect(await refusalOfProcess(['status'], { cwd: empty })).toBe('CLI_NO_NETWORK')
    expect(await refusalOfProcess(['proof', 'verify', 'x'], { cwd: empty })).toBe('USAGE')
    writeFileSync(join(empty, 'network.json'), '{"name":')
    expect(await refusal(['status', '--dir', empty])).toBe('CLI_NETWORK_FILE')
    rmSync(empty, { recursive: true })
  })

  it('asks nobody for a password where nobody is', async () => {
    const { file } = await json('wallet', 'create', 'erin')
    const folder = mkdtempSync(join(tmpdir(), 'smartshare-wallets-'))
    writeFileSync(join(folder, 'settings.json'), JSON.stringify({ wallets: '.', rpc: [network.server.url] }))
    writeFileSync(join(folder, 'erin.json'), readFileSync(file))
    const send = ['send', bob.text, '1', '--dir', folder]
    expect(await refusal(send)).toBe('CLI_PASSWORD')
    expect(await refusal(send, { SMARTSHARE_PASSWORD: 'wrong' })).toBe('KEYFILE_PASSWORD')
    // The right password: erin has no money, which is the next thing to be said.
    expect(await refusal(send, { SMARTSHARE_PASSWORD: 'local' })).toBe('TOKENS_BALANCE')
    rmSync(folder, { recursive: true })
  })

  it('takes settings from flags before the environment before files, and says so', async () => {
    writeFileSync(join(dir, 'settings.json'), JSON.stringify({ wallet: 'bob', timeoutMs: 5000 }))
    const show = async (args: string[], env: Record<string, string>): Promise<Value> =>
      JSON.parse((await runCli(['config', 'show', '--dir', dir, '--json', ...args], env)).stdout)
    expect(await show([], {})).toMatchObject({
      dir: { value: dir, source: 'flag' },
      rpc: { value: [network.server.url], source: 'network' },
      wallet: { value: 'bob', source: 'file' },
      timeoutMs: { value: 5000, source: 'file' },
      passwordFile: { value: '', source: 'default' },
    })
    const env = { SMARTSHARE_WALLET: 'carol', SMARTSHARE_TIMEOUT_MS: '7000' }
    expect(await show([], env)).toMatchObject({
      wallet: { value: 'carol', source: 'environment' },
      timeoutMs: { value: 7000 },
    })
    expect(await show(['--wallet', 'alice'], env)).toMatchObject({ wallet: { value: 'alice', source: 'flag' } })
    expect(await show(['--rpc', 'http://127.0.0.1:9'], {})).toMatchObject({ ws: { value: [] }, chainId: { value: '' } })
    expect(await text('config', 'show')).toMatch(/wallet +bob +file/)
    writeFileSync(join(dir, 'settings.json'), '{"walet":"bob"}')
    expect(await refusal(['config', 'show', '--dir', dir])).toBe('CLI_SETTINGS')
    rmSync(join(dir, 'settings.json'))
  })

  it('tells a person on standard error what went wrong and what helps', async () => {
    const run = await runCliProcess(['send', 'bob', '1e9', '--dir', dir])
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toBe(
      `error AMOUNT_TEXT: not an amount: write it like 12 or 12.5\ncure: ${cureOf('AMOUNT_TEXT')}\n`,
    )
  })

  it('prints nothing but its result on standard output', async () => {
    const run: Run = await runCliProcess(['status', '--dir', dir, '--json'])
    expect(run.stdout.trim().split('\n')).toHaveLength(1)
    expect(run.stderr).toBe('')
  })

  it('gives every command a help with an example', async () => {
    const leaves = (command: Command): Command[] =>
      command.commands.length === 0 ? [command] : command.commands.flatMap((one) => leaves(one as Command))
    const commands = leaves(createProgram())
    expect(commands.length).toBeGreaterThan(20)
    for (const command of commands) {
      let help = ''
      command.configureOutput({
        writeOut: (part) => {
          help += part
        },
      })
      command.outputHelp()
      expect([command.name(), help]).toEqual([command.name(), expect.stringMatching(/Example/)])
    }
    const run = await runCliProcess(['wallet', 'create', '--help'])
    expect(run).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('smartshare wallet create alice'),
    })
  })
})

describe('bin/smartshare.js', () => {
  const shim = fileURLToPath(new URL('../../bin/smartshare.js', import.meta.url))

  it('may be run', () => {
    expect(statSync(shim).mode & 0o111).toBe(0o111)
  })

  it('tells an old Node what helps', () => {
    const old =
      'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"22.11.0"}})'
    const run = spawnSync(process.execPath, ['--import', old, shim, 'status'], { encoding: 'utf8' })
    expect(run.status).toBe(1)
    expect(run.stderr).toMatch(/needs Node 22\.12 or newer; this is 22\.11\.0\ncure: /)
  })
})
