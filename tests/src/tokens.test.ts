import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freeBasePort } from '@smartshare/devnet'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { disagreements } from './ledger.ts'
import { COMMAND, smartshare, smartshareJson } from './smartshare.ts'

// A vendor issues a token, sells it and storage for it, and a buyer pays with it: on a whole network of real processes, by the
// command line alone. One network, in this order: the sale lasts while the storage is paid.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 })

const FILE_BYTES = 300_000
const SALE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'contracts/token-sale/contract.lua')
/** Time in which a sale is published, where the machine is quick; the most that is tried; and how much longer the sale is. */
const [SALE_LEAD_MS, SALE_MOST_LEAD_MS, SALE_LEADS] = [8_000, 64_000, 8]
/** Three periods of 20 s with windows of 15 s, and room for a machine that is busy with other things. */
const PATIENCE = { timeout: 120_000, interval: 1_000 }

interface Balance {
  readonly grains: string
  readonly tokens: Readonly<Record<string, { amount: string; symbol: string }>>
}

let home = ''
let dir = ''
let basePort = 0
let agent: ChildProcess | undefined
let token = ''
let sale = ''
const run = <T>(...words: string[]) => smartshareJson<T>(...words, '--dir', dir)
/** A call of the sale, and what it cost its caller beside what it sent along. */
async function callSale(wallet: string, method: string, ...words: string[]) {
  const done = await run<{ feeGrains: string; depositGrains: string; events: { name: string; data: object }[] }>(
    ...['contract', 'call', sale, method, ...words, '--wallet', wallet],
  )
  return { ...done, costGrains: BigInt(done.feeGrains) + BigInt(done.depositGrains) }
}
/** Publishes a sale that begins soon; where it took so long that it would have begun already, with more time. */
async function publishSale(leadMs = SALE_LEAD_MS): Promise<string> {
  const startMs = Date.now() + leadMs
  const terms = [
    '1000',
    '50000',
    '100000',
    `${startMs}`,
    `${startMs + SALE_LEADS * leadMs}`,
    'vendor',
    'vendor',
    'research',
  ]
  const words = ['contract', 'publish', SALE, '--wallet', 'vendor', '--dir', dir, '--json', '--arg', token, ...terms]
  const { code, stdout } = await smartshare(...words)
  const answer = JSON.parse(stdout) as { address: string; error?: { message: string } }
  if (code === 0) return answer.address
  const isLate = answer.error?.message.includes('begins in the future') === true
  if (isLate && leadMs < SALE_MOST_LEAD_MS) return await publishSale(2 * leadMs)
  throw new Error(stdout)
}
const saleState = async () => (await run<{ result: string }>('contract', 'view', sale, 'state')).result
const grainsOf = async (account: string) => BigInt((await run<Balance>('balance', account)).grains)
const unitsOf = async (account: string) => BigInt((await run<Balance>('balance', account)).tokens[token]?.amount ?? 0)

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-tokens-'))
  dir = join(home, 'net')
  basePort = await freeBasePort()
  // One delegate says as much of tokens as four, and the only provider is the vendor's own.
  const size = ['--delegates', '1', '--providers', '0', '--indexers', '0']
  await run('devnet', 'up', '--detach', '--base-port', `${basePort}`, ...size)
})

afterAll(async () => {
  if (agent?.exitCode === null) {
    agent.kill('SIGTERM')
    await once(agent, 'close')
  }
  await run('devnet', 'down')
  rmSync(home, { recursive: true })
})

describe('a vendor’s token', () => {
  /** What two people pay for it in SSP, below the soft cap; what they had before, and what calls cost them. */
  const bought = new Map([
    ['alice', '10'],
    ['bob', '20'],
  ])
  const before = new Map<string, bigint>()
  const spent = new Map<string, bigint>()

  it('is issued in one command and shown to everybody', async () => {
    await run('wallet', 'create', 'vendor')
    await run('send', 'vendor', '100', '--wallet', 'owner')
    const rules = ['--supply', '1000000', '--decimals', '2', '--burnable']
    const issued = await run<{ token: string; final: boolean; supply: string }>(
      ...['token', 'issue', '--name', 'Acme Coin', '--symbol', 'ACME', ...rules, '--wallet', 'vendor'],
    )
    expect(issued).toMatchObject({ final: true, supply: '100000000' })
    token = issued.token
    expect(await run('token', 'show', 'ACME')).toMatchObject({ token, symbol: 'ACME', minter: null })
    await run('send', 'owner', '5000', '--token', 'ACME', '--wallet', 'vendor')
    expect(await unitsOf('owner')).toBe(500_000n)
  })

  it('is sold for SSP by a contract, which nobody buys enough of', async () => {
    sale = await publishSale()
    await run('send', sale, '1000', '--token', 'ACME', '--wallet', 'vendor')
    await callSale('vendor', 'open')
    await expect.poll(saleState, PATIENCE).toBe('open')
    await Promise.all(
      [...bought].map(async ([buyer, ssp]) => {
        before.set(buyer, await grainsOf(buyer))
        const { events, costGrains } = await callSale(buyer, 'buy', '--value', ssp)
        expect(events).toMatchObject([{ name: 'Bought', data: { tokens: `${Number(ssp) * 1000}` } }])
        spent.set(buyer, costGrains)
      }),
    )
    expect(await grainsOf(sale)).toBe(3_000_000_000n)
  })

  it('is the price of the vendor’s storage', async () => {
    const folder = join(home, 'agent')
    const places = ['--listen', '/ip4/127.0.0.1/tcp/0', '--status-port', `${await freeBasePort()}`]
    const price = ['--token', token, '--price', '25', '--pledge', '0.01', '--capacity', '1']
    const { address } = await smartshareJson<{ address: string }>(
      ...['agent', 'init', '--dir', folder, '--network', dir, ...places, ...price],
    )
    await run('send', address, '100', '--wallet', 'owner')
    agent = spawn(process.execPath, [COMMAND, 'agent', 'up', '--dir', folder], { stdio: 'ignore' })
    const services = () => smartshareJson<object[]>('agent', 'services', '--dir', folder)
    await expect.poll(async () => (await smartshare('agent', 'services', '--dir', folder)).code, PATIENCE).toBe(0)
    expect(await services()).toMatchObject([{ token, priceGrains: '2500' }])
    const listed = async () =>
      (await smartshareJson<{ offerState: string | null }>('agent', 'status', '--dir', folder)).offerState
    await expect.poll(listed, PATIENCE).toBe('listed')
  })

  it('pays for a file, and nothing but fees is paid in SSP', async () => {
    const path = join(home, 'file')
    writeFileSync(path, randomBytes(FILE_BYTES))
    const before = await run<Balance>('balance', 'owner')
    const put = await run<{ object: string; agreements: number[]; paidGrains: string; token: string }>(
      ...['put', path, '--copies', '1', '--periods', '2', '--token', 'ACME', '--least-pledge', '0.01'],
      ...['--wallet', 'owner'],
    )
    expect(put).toMatchObject({ token, agreements: { length: 1 } })
    const after = await run<Balance>('balance', 'owner')
    expect(BigInt(before.tokens[token]!.amount) - BigInt(after.tokens[token]!.amount)).toBe(BigInt(put.paidGrains))
    expect(BigInt(before.grains) - BigInt(after.grains)).toBeLessThan(10_000_000n)
    const out = join(home, 'out')
    await run('get', put.object, '-o', out, '--wallet', 'owner')
    const digest = (of: string) => createHash('sha256').update(readFileSync(of)).digest('hex')
    expect(digest(out)).toBe(digest(path))
  })

  it('is what the provider earns, period by period', async () => {
    const folder = join(home, 'agent')
    const { address } = await smartshareJson<{ address: string }>('agent', 'status', '--dir', folder)
    const agreement = async () => {
      const [one] = await run<{ state: string; token: string }[]>('agreements', address)
      return one
    }
    await expect.poll(async () => (await agreement())?.state, PATIENCE).toBe('ended')
    expect(await agreement()).toMatchObject({ token, passed: 3, missed: 0 })
    expect(await unitsOf(address)).toBeGreaterThan(0n)
    const { paidTokens } = await smartshareJson<{ paidTokens: Record<string, string> }>(
      ...['agent', 'earnings', '--dir', folder],
    )
    expect(BigInt(paidTokens[token]!)).toBe(await unitsOf(address))
    expect(await disagreements(`http://127.0.0.1:${basePort}`)).toEqual([])
  })

  it('goes back to the vendor after a sale below its soft cap, and every grain to who paid it', async () => {
    await expect.poll(saleState, PATIENCE).toBe('failed')
    const refused = await smartshare('contract', 'call', sale, 'claim', '--wallet', 'alice', '--dir', dir, '--json')
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'CONTRACT_FAILED' } })
    const held = await unitsOf('vendor')
    await Promise.all([
      callSale('vendor', 'finish'),
      ...[...bought].map(async ([buyer, ssp]) => {
        const { events, costGrains } = await callSale(buyer, 'refund')
        expect(events).toMatchObject([{ name: 'Refunded', data: { paid: `${ssp}00000000` } }])
        expect(await grainsOf(buyer)).toBe(before.get(buyer)! - spent.get(buyer)! - costGrains)
        expect(await unitsOf(buyer)).toBe(0n)
      }),
    ])
    expect([await grainsOf(sale), await unitsOf(sale), await unitsOf('vendor')]).toEqual([0n, 0n, held + 100_000n])
  })
})
