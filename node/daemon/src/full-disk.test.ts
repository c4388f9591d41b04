import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SSP } from '@smartshare/chain'
import { formatAddress } from '@smartshare/crypto'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signed } from './rpc/test-transaction.ts'
import { base64 } from './rpc/views.ts'
import { callNode, TestNetwork, type TestNode } from './test-network.ts'

// Whole nodes as real processes, with a disk that really is full. One network goes through all of it, in this order.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 60_000, interval: 100 }
const DISK_MIB = 64
const alice = testAccount('alice')
const bob = testAccount('bob')

let home = ''
let mounted = false
let network: TestNetwork
let nonce = 0n
let paid = 0n

/** Only the superuser of a Linux machine may mount a small disk. */
function mountAt(folder: string): boolean {
  mkdirSync(folder, { recursive: true })
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'none', folder]).status === 0
}

/** Takes all the room of a disk, whatever else is written meanwhile; removing the file gives it back. */
function fill(folder: string): string {
  const path = join(folder, 'filler')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(4096)
  try {
    for (;;) writeSync(file, page)
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
  } finally {
    closeSync(file)
  }
  return path
}

const statusOf = async (node: TestNode) => (await callNode(node, 'chain_status')).result
const finalOf = async (node: TestNode): Promise<number> => (await statusOf(node))?.final ?? -1
const healthOf = async ({ url }: TestNode) => {
  const response = await fetch(new URL('/health', url))
  return { status: response.status, ...((await response.json()) as object) }
}
const goesOnFrom = (node: TestNode, height: number) =>
  expect.poll(() => finalOf(node), PATIENCE).toBeGreaterThan(height + 3)

function transferWire(): string {
  const call = callOf('tokens', 'transfer', { to: bob.address, token: SSP, amount: 1_000n, memo: null })
  return base64(signed(network.genesis, alice, [call], { nonce: nonce++ }).wire)
}

/** Pays by a node and waits until the payment is executed there. */
async function pay(node: TestNode): Promise<void> {
  const { result } = await callNode(node, 'chain_submit', { transactions: [transferWire()] })
  const { id } = result.results[0]
  expect(id).toBeDefined()
  const state = async () => (await callNode(node, 'chain_transaction', { id })).result?.state
  await expect.poll(state, PATIENCE).toBe('executed')
  paid += 1_000n
}

/** Hash and state root of every header from 1 to `height`, as this node alone tells them. */
async function chainOf(node: TestNode, height: number): Promise<string[]> {
  await expect.poll(async () => (await statusOf(node))?.height ?? -1, PATIENCE).toBeGreaterThanOrEqual(height)
  const headers: string[] = []
  while (headers.length < height) {
    const { result } = await callNode(node, 'chain_blocks', { from: headers.length + 1, limit: 100 })
    for (const { hash, stateRoot } of result.headers) headers.push(`${hash} ${stateRoot}`)
  }
  return headers.slice(0, height)
}

/** Every node has the same blocks, roots and balances up to the lowest of their heights; gives that chain. */
async function expectOneChain(): Promise<string[]> {
  const heights = await Promise.all(network.nodes.map(async (node) => (await statusOf(node)).height as number))
  const height = Math.min(...heights)
  const [first, ...others] = await Promise.all(network.nodes.map((node) => chainOf(node, height)))
  for (const other of others) expect(other).toEqual(first)
  for (const node of network.nodes) {
    const balance = async () => {
      const { result } = await callNode(node, 'account_get', { address: formatAddress(bob.address) })
      return BigInt(result?.grains ?? 0) - 10n ** 14n
    }
    await expect.poll(balance, PATIENCE).toBe(paid)
  }
  return first as string[]
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'full-disk-'))
  mounted = mountAt(join(home, 'all'))
  if (!mounted) return
  // The first node has a disk of its own; all others share one.
  mountAt(join(home, 'all/d1'))
  network = await TestNetwork.make(4, (i) => join(home, `all/d${i + 1}`), ['alice', 'bob'])
})
afterAll(async () => {
  await network?.stop()
  if (mounted) for (const folder of ['all/d1', 'all']) spawnSync('umount', [join(home, folder)])
  rmSync(home, { recursive: true, force: true })
})

describe('a node on a full disk', () => {
  it('makes final blocks with the others before', async (test) => {
    test.skip(!mounted)
    for (const node of network.nodes) network.start(node)
    const first = network.nodes[0] as TestNode
    await expect.poll(() => finalOf(first).catch(() => -1), PATIENCE).toBeGreaterThan(3)
    await pay(first)
    expect((await expectOneChain()).length).toBeGreaterThan(3)
  })

  it('refuses reads and writes and says why, while the others go on, and goes on by itself once there is room', async (test) => {
    test.skip(!mounted)
    const [ill, well] = network.nodes as [TestNode, TestNode, ...TestNode[]]
    const before = await finalOf(ill)
    const known = await chainOf(ill, before)
    const listener = new WebSocket(ill.ws)
    await new Promise((resolve) => listener.addEventListener('open', resolve))
    const cut = new Promise<CloseEvent>((resolve) => listener.addEventListener('close', resolve))
    const filler = fill(ill.dir)
    await expect.poll(async () => (await healthOf(ill)).status, PATIENCE).toBe(503)
    expect(await healthOf(ill)).toEqual({
      status: 503,
      healthy: false,
      height: null,
      final: null,
      problem: expect.stringContaining('STORE_FULL'),
      code: 'NODE_HALTED',
      cure: expect.stringContaining('once there is room'),
    })
    const refusal = {
      status: 503,
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -32_000,
        message: expect.stringContaining('STORE_FULL'),
        data: {
          code: 'NODE_HALTED',
          cure: expect.stringContaining('Ask another node'),
          details: { reason: 'STORE_FULL', passes: true },
        },
      },
    }
    const address = formatAddress(bob.address)
    expect(await callNode(ill, 'chain_status')).toEqual(refusal)
    expect(await callNode(ill, 'account_get', { address })).toEqual(refusal)
    expect(await callNode(ill, 'chain_submit', { transactions: ['AAAA'] })).toEqual(refusal)
    const metrics = await (await fetch(new URL('/metrics', ill.url))).text()
    expect(metrics).toMatch(/^smartshare_halted 1$/m)
    expect(metrics).toMatch(/^smartshare_healthy 0$/m)
    expect(await cut).toMatchObject({ code: 1013, reason: 'NODE_HALTED' })
    const late = new WebSocket(ill.ws)
    expect(await new Promise((resolve) => late.addEventListener('close', resolve))).toMatchObject({ code: 1013 })

    await goesOnFrom(well, before)
    await pay(well)
    // Not enough room yet, and time for more than one try: it goes on refusing.
    await goesOnFrom(well, await finalOf(well))
    expect((await healthOf(ill)).status).toBe(503)
    rmSync(filler)
    await expect.poll(async () => (await healthOf(ill)).status, PATIENCE).toBe(200)
    await goesOnFrom(ill, await finalOf(well))
    await pay(ill)
    expect((await expectOneChain()).slice(0, known.length)).toEqual(known)
    expect(await (await fetch(new URL('/metrics', ill.url))).text()).toMatch(/^smartshare_halted 0$/m)
    expect(ill.child?.exitCode).toBe(null)
  })

  it('loses nothing and does not fork when the disks of all delegates are full', async (test) => {
    test.skip(!mounted)
    const known = await expectOneChain()
    const fillers = [join(home, 'all'), join(home, 'all/d1')].map(fill)
    for (const node of network.nodes) {
      await expect.poll(async () => (await healthOf(node)).status, PATIENCE).toBe(503)
    }
    for (const filler of fillers) rmSync(filler)
    for (const node of network.nodes) {
      await expect.poll(async () => (await healthOf(node)).status, PATIENCE).toBe(200)
    }
    for (const node of network.nodes) await goesOnFrom(node, known.length)
    await pay(network.nodes[2] as TestNode)
    expect((await expectOneChain()).slice(0, known.length)).toEqual(known)
    for (const { dir, child } of network.nodes) {
      expect(child?.exitCode).toBe(null)
      // The log lay on the full disk too; its secrets do not.
      const log = readFileSync(join(dir, 'node.log'), 'utf8')
      const { secret } = JSON.parse(readFileSync(join(dir, 'delegate.json'), 'utf8'))
      for (const hidden of [secret, readFileSync(join(dir, 'link.key'), 'utf8')]) expect(log).not.toContain(hidden)
    }
  })

  it('ends in good time when it is told to while it waits for room', async (test) => {
    test.skip(!mounted)
    const [ill] = network.nodes as [TestNode]
    const filler = fill(ill.dir)
    await expect.poll(async () => (await healthOf(ill)).status, PATIENCE).toBe(503)
    ill.child?.kill('SIGTERM')
    await expect.poll(() => ill.child?.exitCode, PATIENCE).toBe(0)
    rmSync(filler)
    network.start(ill)
    await expect.poll(() => finalOf(ill).catch(() => -1), PATIENCE).toBeGreaterThan(3)
    await pay(ill)
    await expectOneChain()
  })
})
