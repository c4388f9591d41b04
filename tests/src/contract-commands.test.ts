import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DevnetStatus } from '@smartshare/devnet'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { smartshare, smartshareJson, startSmallNetwork } from './smartshare.ts'

// The road of docs/guides/contracts.md, on a network of real processes of the built tree.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })
const PATIENCE = { timeout: 60_000, interval: 200 }

let home = ''
let dir = ''
let devnet: DevnetStatus

// biome-ignore lint/suspicious/noExplicitAny: results are looked at field by field.
type Value = any
const contract = (...words: string[]) => smartshareJson<Value>('contract', ...words, '--dir', dir)

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-contracts-'))
  dir = join(home, 'net')
  devnet = await startSmallNetwork(dir, 1)
})

afterAll(async () => {
  if (existsSync(join(dir, 'devnet.json'))) await smartshare('devnet', 'down', '--dir', dir)
  rmSync(home, { recursive: true, force: true, maxRetries: 10 })
})

it('publishes, calls, asks, hears and proves, and every delegate executes the same', async () => {
  const folder = join(home, 'tip-jar')
  await smartshareJson('contract', 'new', folder)
  const { address } = await contract('publish', join(folder, 'contract.lua'), '--name', 'tip jar', '--arg', 'alice')
  const tipped = await contract('call', address, 'tip', 'thank you', '--value', '1.5')
  const data = { amount: '150000000', note: 'thank you' }
  expect(tipped).toMatchObject({ final: true, events: [{ name: 'Tipped', data }] })
  expect(await contract('view', address, 'total')).toEqual({ result: '150000000' })
  expect(await contract('events', address)).toMatchObject([{ name: 'Tipped', data, tx: tipped.tx }])
  await contract('call', address, 'withdraw', '0.5SSP', '--wallet', 'alice')
  expect(await contract('show', address)).toMatchObject({ name: 'tip jar', grains: '100000000', upgrade: null })

  // Every delegate by itself gives the same answer and the same state.
  for (const { rpc } of devnet.delegates) {
    const ask = (...words: string[]) => contract(...words, '--rpc', rpc, '--ws', '')
    await expect.poll(async () => (await ask('show', address)).grains, PATIENCE).toBe('100000000')
    expect(await ask('view', address, 'total')).toEqual({ result: '150000000' })
    expect((await ask('state', address)).length).toBe(3)
  }

  const shown = await expect
    .poll(async () => (await contract('show', address, '--source')).provenHeight, PATIENCE)
    .not.toBeNull()
    .then(() => contract('show', address, '--source'))
  expect(shown).toMatchObject({ verified: true, source: readFileSync(join(folder, 'contract.lua'), 'utf8') })
  const proven = () => contract('state', address, 'total', '--prove')
  await expect.poll(async () => (await proven()).value, PATIENCE).toEqual({ integer: '150000000' })
  expect(await contract('client', address, '-o', join(home, 'jar.ts'))).toMatchObject({ methods: 5 })
})

it('executes contracts again from the same blocks when a delegate is started anew', async () => {
  const [{ address }] = await contract('list')
  await smartshareJson('devnet', 'down', '--dir', dir)
  await smartshareJson('devnet', 'up', '--detach', '--dir', dir)
  expect(await contract('view', address, 'total')).toEqual({ result: '150000000' })
  await contract('call', address, 'tip', 'again', '--value', '1')
  expect(await contract('view', address, 'total')).toEqual({ result: '250000000' })
})
