import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, calls, IndexerClient, keyFileAddress, openWallet, RpcClient } from '@smartshare/client'
import { parseAddress } from '@smartshare/crypto'
import { type DevnetStatus, devnetStatus, freeBasePort } from '@smartshare/devnet'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { COMMAND, smartshare, smartshareJson } from './smartshare.ts'

// Real processes of the built tree, killed for real. One network goes through all of it, in this order.

/** Four nodes and a test share the machine with whatever else runs on it. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })

const SLOT_MS = 250
/** Long enough for a dozen slots and their timeouts: a network that could go on would have gone on. */
const HALT_WATCH_MS = 5_000
const PATIENCE = { timeout: 45_000, interval: 100 }

let basePort = 0
let home = ''
let dir = ''
const network = (...words: string[]) => [...words, '--dir', dir]
const upWords = () =>
  network(
    ...['devnet', 'up', '--detach', '--base-port', `${basePort}`, '--providers', '0', '--indexers', '0'],
    ...['--slot-ms', `${SLOT_MS}`],
  )
const up = () => smartshareJson<DevnetStatus>(...upWords())
const status = () => devnetStatus(dir)
const final = async () => (await status()).final ?? -1

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // A child whose parent does not collect it is dead all the same.
  const told = `/proc/${pid}/status`
  return !(existsSync(told) && /^State:\s+Z/m.test(readFileSync(told, 'utf8')))
}

async function killHard(...pids: (number | null | undefined)[]): Promise<void> {
  for (const pid of pids) process.kill(pid as number, 'SIGKILL')
  await expect.poll(() => pids.some((pid) => isAlive(pid as number)), PATIENCE).toBe(false)
}

const goesOnFrom = (height: number) => expect.poll(final, PATIENCE).toBeGreaterThan(height + 4)

/** Every delegate's headers from height 1 to `height`, as that delegate alone tells them. */
async function chains(state: DevnetStatus, height: number): Promise<string[][]> {
  return Promise.all(
    state.delegates.map(async ({ rpc }) => {
      const client = new RpcClient({ urls: [rpc] })
      const headers: string[] = []
      await expect.poll(async () => (await client.status()).height, PATIENCE).toBeGreaterThanOrEqual(height)
      while (headers.length < height) {
        const page = await client.blocks(headers.length + 1, 100)
        headers.push(...page.headers.map(({ hash, stateRoot }) => `${hash} ${stateRoot}`))
      }
      return headers.slice(0, height)
    }),
  )
}

/** All delegates have the same blocks up to a common height and, at one height, the same state root. */
async function expectOneChain(): Promise<void> {
  const now = await status()
  const height = Math.min(...now.delegates.map((delegate) => delegate.height ?? 0))
  const [first, ...others] = await chains(now, height)
  expect(first).toHaveLength(height)
  for (const other of others) expect(other).toEqual(first)
  const rootsAt = new Map<number, Map<string, string>>()
  await expect
    .poll(async () => {
      for (const { name, height: at, stateRoot } of (await status()).delegates) {
        if (at === null || stateRoot === null) return 0
        rootsAt.set(at, (rootsAt.get(at) ?? new Map()).set(name, stateRoot))
      }
      return Math.max(...[...rootsAt.values()].map((roots) => roots.size))
    }, PATIENCE)
    .toBe(now.delegates.length)
  for (const roots of rootsAt.values()) expect(new Set(roots.values()).size).toBe(1)
}

beforeAll(async () => {
  basePort = await freeBasePort()
  home = mkdtempSync(join(tmpdir(), 'smartshare-devnet-'))
  dir = join(home, 'net')
})
afterAll(async () => {
  if (existsSync(join(dir, 'devnet.json'))) await smartshare(...network('devnet', 'down'))
  rmSync(home, { recursive: true, force: true })
})

describe('a local network', () => {
  it('starts in the background, gives its output back, and makes final blocks', async () => {
    const started = await up()
    expect(await smartshareJson<DevnetStatus>(...network('devnet', 'status'))).toMatchObject({
      chainId: started.chainId,
      delegates: started.delegates.map(({ name, pid, rpc }) => ({ name, pid, rpc })),
      urls: started.urls,
    })
    expect(started.final).toBeGreaterThan(0)
    expect(started.down).toEqual([])
    expect(started.delegates.map(({ pid }) => isAlive(pid as number))).toEqual([true, true, true, true])
    expect(started.urls).toEqual({
      rpc: `http://127.0.0.1:${basePort}`,
      ws: `ws://127.0.0.1:${basePort}/ws`,
      metrics: `http://127.0.0.1:${basePort}/metrics`,
      web: `http://localhost:${basePort + 900}`,
      index: null,
      agent: null,
      s3: null,
    })
    await goesOnFrom(started.final as number)
  })

  it('is left as it is by a second start', async () => {
    const before = await status()
    const again = await up()
    expect(again.delegates.map(({ pid }) => pid)).toEqual(before.delegates.map(({ pid }) => pid))
  })

  it('goes on without one of four delegates, halts without two, and never forks', async () => {
    const before = await status()
    await killHard(before.delegates[1]?.pid)
    await goesOnFrom(before.final as number)
    await killHard(before.delegates[2]?.pid)
    const watchUntil = performance.now() + HALT_WATCH_MS
    const halted = await status()
    expect(halted.down).toEqual(['d2', 'd3'])
    let last = halted
    while (performance.now() < watchUntil) last = await status()
    // What two had already voted for may still become final; nothing new may.
    expect(last.final as number).toBeLessThanOrEqual((halted.final as number) + 1)
    await expect
      .poll(async () => new Set((await status()).delegates.flatMap(({ height }) => height ?? [])).size, PATIENCE)
      .toBe(1)
  })

  it('goes on when those are started again, with one chain and one state everywhere', async () => {
    const before = await status()
    const again = await up()
    expect(again.down).toEqual([])
    expect(again.delegates[0]?.pid).toBe(before.delegates[0]?.pid)
    await goesOnFrom(before.final as number)
    await expectOneChain()
  })

  it('loses nothing that was final when every process is killed at once', async () => {
    const before = await status()
    const { rpc, ws } = before.urls
    const client = await Client.connect({ rpc: [rpc], ws: [ws], chainId: before.chainId })
    const password = readFileSync(join(dir, 'wallets', 'password'), 'utf8').trim()
    const owner = (await openWallet(readFileSync(join(dir, 'wallets', 'owner.json'), 'utf8'), password)).account()
    const bob = keyFileAddress(readFileSync(join(dir, 'wallets', 'bob.json'), 'utf8'))
    const had = BigInt((await client.rpc.account(bob)).grains)
    const paid = await client.sender(owner).sendAndWait({ calls: [calls.transfer(parseAddress(bob), 123_456_789n)] })
    const [blocks] = await chains(before, paid.height)
    client.close()
    await killHard(...before.delegates.map(({ pid }) => pid))
    expect((await status()).final).toBe(null)

    const again = await up()
    expect(again.final).toBeGreaterThanOrEqual(paid.height)
    for (const chain of await chains(again, paid.height)) expect(chain).toEqual(blocks)
    for (const { rpc: url } of again.delegates) {
      const asked = new RpcClient({ urls: [url] })
      expect(BigInt((await asked.account(bob)).grains)).toBe(had + 123_456_789n)
      expect(await asked.transaction(paid.id)).toMatchObject({ state: 'executed', height: paid.height })
    }
    await expectOneChain()
  })

  it('has made every block in the turn of its delegate, as anybody can recompute', async () => {
    const run = await smartshare(...network('rounds', 'verify', '--json'))
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const { valid, blocks, missed, delegates } = JSON.parse(run.stdout)
    expect(valid).toBe(true)
    expect(delegates).toHaveLength(4)
    expect(delegates.reduce((sum: number, one: { made: number }) => sum + one.made, 0)).toBe(blocks)
    // Some were killed above, and their turns went by.
    expect(missed).toBeGreaterThan(0)
  })

  it('lives on when the command that watches it is killed, and goes down with it on an interrupt', async () => {
    const watch = () =>
      spawn(process.execPath, [COMMAND, ...network('devnet', 'up')], { stdio: ['ignore', 'ignore', 'pipe'] })
    const first = watch()
    await waitForText(first.stderr, '5 of 5 up')
    first.kill('SIGKILL')
    await once(first, 'exit')
    const left = await status()
    expect(left.down).toEqual([])
    await goesOnFrom(left.final as number)

    const second = watch()
    await waitForText(second.stderr, '5 of 5 up')
    second.kill('SIGINT')
    expect(await once(second, 'exit')).toEqual([0, null])
    expect([...(await status()).down].sort()).toEqual(['d1', 'd2', 'd3', 'd4', 'web'])
    expect(left.delegates.some(({ pid }) => isAlive(pid as number))).toBe(false)
  })

  it('refuses a port that is taken and other options with a code and a cure, and starts nothing', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(basePort + 20, '127.0.0.1', resolve))
    const refused = await smartshare(...upWords(), '--json')
    expect(refused.code).not.toBe(0)
    const { error } = JSON.parse(refused.stdout)
    expect(error.code).toBe('PORT_IN_USE')
    expect(error.message).toContain(`port ${basePort + 20}`)
    expect(error.cure.length).toBeGreaterThan(0)
    await new Promise((resolve) => server.close(resolve))
    const other = await smartshare(...network('devnet', 'up', '--detach', '--delegates', '5', '--json'))
    expect(JSON.parse(other.stdout).error.code).toBe('DEVNET_OTHER_GENESIS')
    expect((await status()).down).toHaveLength(5)
  })

  it('leaves no process behind when it is taken down', async () => {
    const { delegates } = await up()
    expect((await smartshareJson<{ stopped: string[] }>(...network('devnet', 'down'))).stopped).toHaveLength(5)
    expect(delegates.some(({ pid }) => isAlive(pid as number))).toBe(false)
    await smartshareJson(...network('devnet', 'reset'))
    expect(existsSync(dir)).toBe(false)
  })
})

describe('a local network with providers', () => {
  const providersDir = () => join(home, 'with-providers')
  const words = () => [
    ...['devnet', 'up', '--detach', '--base-port', `${basePort}`, '--delegates', '1', '--providers', '2'],
    ...['--slot-ms', `${SLOT_MS}`, '--dir', providersDir()],
  ]

  it('is ready when their offers are on the chain and in the index, and starts again what was killed, as it was', async () => {
    try {
      const started = await smartshareJson<DevnetStatus>(...words())
      const offers = started.providers.map(({ offer }) => offer)
      expect(new Set(offers).size).toBe(2)
      expect(offers).not.toContain(null)
      const index = new IndexerClient({ url: `${started.urls.index}` })
      await expect.poll(async () => (await index.get('events', {}, { from: 'offers' })).items.length, PATIENCE).toBe(2)
      const { chainId, height } = await index.get('status', {})
      const { origin } = new URL(`${started.urls.web}`)
      expect(await (await fetch(`${origin}/network.json`)).json()).toMatchObject({
        chainId,
        indexer: started.urls.index,
        agent: started.urls.agent,
      })
      const { headers } = await fetch(`${started.urls.index}/v1/status`, { headers: { origin } })
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      await killHard(started.providers[1]?.pid, started.indexers[0]?.pid)
      expect((await devnetStatus(providersDir())).down).toEqual(['p2', 'indexer'])
      const again = await smartshareJson<DevnetStatus>(...words())
      expect(again.down).toEqual([])
      expect(again.providers.map(({ offer }) => offer)).toEqual(offers)
      expect(again.providers[0]?.pid).toBe(started.providers[0]?.pid)
      await expect.poll(async () => (await index.get('status', {})).height, PATIENCE).toBeGreaterThan(height)
      expect((await index.get('status', {})).chainId).toBe(chainId)
    } finally {
      await smartshare('devnet', 'reset', '--dir', providersDir())
    }
    expect(existsSync(providersDir())).toBe(false)
  })
})

/** Waits until a running command has written `text`; what comes later is read and let go. */
function waitForText(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = ''
    stream.on('data', (chunk) => {
      seen += chunk
      if (seen.includes(text)) resolve()
    })
    stream.on('end', () => reject(new Error(`the output ended without "${text}": ${seen}`)))
  })
}
