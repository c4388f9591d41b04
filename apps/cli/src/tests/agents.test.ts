import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentStatus, initAgent, type RunningAgent, readSettings, startAgent } from '@smartshare/agent'
import { sha256, toHex } from '@smartshare/crypto'
import { openOwner, type StorageOwner } from '@smartshare/storage'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { accountOf, LocalNetwork } from './local-network.ts'
import { networkFolder, runCli } from './run-cli.ts'

// Whole agents and an owner over a node in memory behind its real RPC server, with real links and files.

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const NAMES = ['p1', 'p2', 'p3']
const PATIENCE = { timeout: 60_000, interval: 50 }
const TERMS = { copies: 2, periods: 20, maxPriceGrains: 2_000_000n }
const seedOf = (name: string) => sha256(new TextEncoder().encode(`test account ${name}`))

let home = ''
let network: LocalNetwork
const agents = new Map<string, RunningAgent>()
const logged: string[] = []
let owner: StorageOwner
let closeOwner: () => Promise<void> = async () => undefined

const folderOf = (name: string) => join(home, name)

async function start(name: string): Promise<RunningAgent> {
  const agent = await startAgent({ dir: folderOf(name), logTo: { write: (line) => void logged.push(line) } })
  agents.set(name, agent)
  return agent
}

async function untilListed(agent: RunningAgent): Promise<AgentStatus> {
  return await vi.waitFor(async () => {
    const status = await agent.status()
    expect(status.offerState).toBe('listed')
    return status
  }, PATIENCE)
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-agents-'))
  network = await LocalNetwork.start({ accounts: ['alice', 'bob', ...NAMES] })
  for (const name of NAMES) {
    await initAgent({
      dir: folderOf(name),
      seed: seedOf(name),
      settings: {
        name,
        network: {
          chainId: toHex(network.node.chainId),
          rpc: [network.server.url],
          ws: [network.server.ws],
        },
        listen: ['/ip4/127.0.0.1/tcp/0'],
        status: { port: 0 },
        localNetwork: true,
        logLevel: 'debug',
        storage: { capacityBytes: 2 ** 30 },
      },
    })
    await untilListed(await start(name))
  }
  const opened = await openOwner({
    client: await network.client(),
    account: accountOf('alice'),
    folder: join(home, 'owner'),
  })
  owner = opened.owner
  closeOwner = opened.close
})

afterAll(async () => {
  await closeOwner()
  for (const agent of agents.values()) await agent.stop()
  await network.close()
  rmSync(home, { recursive: true, force: true })
})

async function bytesOf(object: Uint8Array): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of owner.getRange(object)) parts.push(part)
  return Buffer.concat(parts)
}

describe('agents on a network', () => {
  const content = Buffer.alloc(300_000, 'kept by others ')
  let object: Uint8Array
  let holders: string[]

  it('offer storage, keep what they are given, pass its inspection and are paid for it', async () => {
    const path = join(home, 'file')
    writeFileSync(path, content)
    const stored = await owner.put({ path }, { ...TERMS, name: 'file' })
    object = stored.object
    const addresses = stored.agreements.map(({ provider }) => Buffer.from(provider).toString('hex'))
    holders = NAMES.filter((name) => addresses.includes(toHex(accountOf(name).address)))
    expect(holders).toHaveLength(2)
    expect((await bytesOf(object)).equals(content)).toBe(true)
    for (const name of holders) {
      await expect.poll(async () => (await agents.get(name)?.status())?.inspections.passed, PATIENCE).toBeGreaterThan(0)
      await expect.poll(async () => (await agents.get(name)?.status())?.earnings.periods, PATIENCE).toBeGreaterThan(0)
      const status = (await agents.get(name)?.status()) as AgentStatus
      expect(status).toMatchObject({ healthy: true, agreements: 1, problem: null })
      expect(status.storedBytes).toBeGreaterThan(content.length)
      expect(status.earnings.paidGrains).toBeGreaterThan(0n)
    }
  })

  it('let no second agent into their folder', async () => {
    await expect(startAgent({ dir: folderOf('p1') })).rejects.toMatchObject({ code: 'AGENT_LOCKED' })
  })

  it('lose nothing when they are stopped and started again: offer, lots, earnings, identity', async () => {
    const [name] = holders as [string]
    const before = (await agents.get(name)?.status()) as AgentStatus
    await agents.get(name)?.stop()
    await agents.get(name)?.stop()
    const after = await untilListed(await start(name))
    expect(after).toMatchObject({
      address: before.address,
      peer: before.peer,
      offer: before.offer,
      storedBytes: before.storedBytes,
      element: before.element,
    })
    expect(after.earnings.periods).toBeGreaterThanOrEqual(before.earnings.periods)
    // It listens elsewhere now, which the chain is told, so it is found again.
    expect((await bytesOf(object)).equals(content)).toBe(true)
  })

  it('delete what its owner ended', async () => {
    await owner.remove(object)
    for (const name of holders) {
      await expect.poll(() => readdir(join(folderOf(name), 'lots')), PATIENCE).toEqual([])
      await expect.poll(async () => (await agents.get(name)?.status())?.agreements, PATIENCE).toBe(0)
    }
    await expect(bytesOf(object)).rejects.toMatchObject({ code: 'STORAGE_UNKNOWN' })
  })

  it('refuse another network than the one they were made for', async () => {
    const settings = await readSettings(folderOf('p1'))
    const wrong = { ...settings, network: { ...settings.network, chainId: '11'.repeat(32) } }
    await agents.get('p1')?.stop()
    await expect(startAgent({ dir: folderOf('p1'), settings: wrong })).rejects.toMatchObject({
      code: 'CLIENT_OTHER_NETWORK',
    })
    await start('p1')
  })

  it('log no secret', () => {
    const all = logged.join('\n')
    expect(all).toContain('the agent is up')
    for (const name of NAMES) {
      const password = readFileSync(join(folderOf(name), 'password'), 'utf8').trim()
      const secrets = [password, toHex(seedOf(name)), toHex(accountOf(name).derive('link'))]
      for (const secret of secrets) expect(all).not.toContain(secret)
    }
  })
})

describe('the agent commands', () => {
  it('make an agent for a network, never over another one, and say when it does not run', async () => {
    const folder = await networkFolder(network, ['alice'])
    const dir = join(home, 'made')
    const init = ['agent', 'init', '--dir', dir, '--network', folder.dir, '--listen', '/ip4/127.0.0.1/tcp/0', '--json']
    const made = await runCli([...init, '--status-port', '1', '--capacity', '0.5', '--price', '0.02'])
    expect(made.code).toBe(0)
    const { address, words } = JSON.parse(made.stdout) as { address: string; words: string }
    expect(address).toMatch(/^ssp1/)
    expect(words.split(' ')).toHaveLength(24)
    expect(await readSettings(dir)).toMatchObject({
      network: { chainId: toHex(network.node.chainId), rpc: [network.server.url] },
      storage: { capacityBytes: 2 ** 29, priceGrains: 2_000_000n },
    })
    const again = await runCli(init)
    expect([again.code, JSON.parse(again.stdout).error.code]).toEqual([1, 'AGENT_EXISTS'])
    const status = await runCli(['agent', 'status', '--dir', dir, '--json'])
    expect([status.code, JSON.parse(status.stdout).error.code]).toEqual([1, 'AGENT_DOWN'])
    folder.close()
  })

  it('show a running agent: status, earnings, services', async () => {
    const settings = await readSettings(folderOf('p2'))
    const dir = join(home, 'shown')
    await initAgent({
      dir,
      settings: {
        name: 'shown',
        network: { ...settings.network },
        listen: ['/ip4/127.0.0.1/tcp/0'],
        status: { port: agents.get('p2')?.statusPort as number },
      },
    })
    const ask = async (what: string) => {
      const run = await runCli(['agent', what, '--dir', dir, '--json'])
      expect(run.code).toBe(0)
      return JSON.parse(run.stdout)
    }
    expect(await ask('status')).toMatchObject({ name: 'p2', healthy: true, storedBytes: 0 })
    expect(await ask('earnings')).toHaveProperty('paidGrains')
    expect(await ask('services')).toMatchObject([{ kind: 'storage', unit: 'GiB·period', priceGrains: '1000000' }])
  })
})
