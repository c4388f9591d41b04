import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call } from '@smartshare/chain'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signed } from './rpc/test-transaction.ts'
import { base64 } from './rpc/views.ts'
import { callNode, TestNetwork, type TestNode } from './test-network.ts'

// Four delegates as real processes decide a new version of the protocol, which one of them does not know yet.

vi.setConfig({ testTimeout: 180_000 })
const PATIENCE = { timeout: 90_000, interval: 100 }
const LEAST_BASE_PRICE = 1

let home: string
let network: TestNetwork
let term: number

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'upgrade-'))
  const parameters = { termBlocks: 12, freezeBlock: 2, electionBlock: 4 }
  network = await TestNetwork.make(4, (i) => join(home, `d${i + 1}`), ['alice'], parameters)
  for (const [i, node] of network.nodes.entries()) {
    if (i === 3) network.configure(node, { protocolVersion: 1 })
    network.start(node)
  }
})
afterAll(async () => {
  await network.stop()
  rmSync(home, { recursive: true, force: true })
})

async function statusOf(node: TestNode) {
  try {
    return (await callNode(node, 'chain_status')).result
  } catch {
    return undefined
  }
}

const logOf = ({ dir }: TestNode) => readFileSync(join(dir, 'node.log'), 'utf8')

/** A transaction of a delegate, which must succeed. */
async function act(delegate: number, nonce: bigint, call: Call): Promise<void> {
  const [node] = network.nodes
  const account = testAccount(`delegate ${delegate}`)
  const tx = signed(network.genesis, account, [call], { nonce, gasLimit: 1_000_000 })
  const { result } = await callNode(node!, 'chain_submit', { transactions: [base64(tx.wire)] })
  const { id } = result.results[0]
  const found = async () => (await callNode(node!, 'chain_transaction', { id })).result?.state
  await expect.poll(found, PATIENCE).toBe('executed')
}

describe('an upgrade of the protocol', () => {
  const [first, , , old] = [0, 1, 2, 3]

  it('is decided by votes, and announced by the node that does not know it', async () => {
    const nodes = network.nodes
    for (const node of nodes) await expect.poll(async () => (await statusOf(node))?.height, PATIENCE).toBeGreaterThan(1)
    const now = (await statusOf(nodes[first]!)).term as number
    // Far enough for slow machines: votes must be counted while the delay of one term can still be kept.
    term = now + 4
    const changes = [{ parameter: LEAST_BASE_PRICE, value: 25n }]
    await act(0, 0n, callOf('governance', 'propose', { version: 2, changes, activationTerm: term, memo: '' }))
    for (const delegate of [1, 2]) await act(delegate, 0n, callOf('governance', 'vote', { proposal: 1, approve: true }))
    for (const [i, latest] of [2, 2, 2, 1].entries()) {
      const protocol = async () => (await statusOf(nodes[i]!))?.protocol
      await expect.poll(protocol, PATIENCE).toEqual({ version: 1, latest, next: { version: 2, term } })
    }
    expect(logOf(nodes[old]!)).toContain('update it before that term')
    expect(logOf(nodes[first]!)).not.toContain('update it before that term')
    const metrics = await (await fetch(new URL('/metrics', nodes[old]!.url))).text()
    expect(metrics).toContain('smartshare_protocol_too_old 1')
  })

  it('stops the node that does not know it at the boundary, with its cause and cure, and the others go on', async () => {
    const node = network.nodes[old]!
    const health = async () => (await (await fetch(new URL('/health', node.url))).json()) as { code?: string }
    await expect.poll(async () => (await health()).code, PATIENCE).toBe('NODE_HALTED')
    expect(((await health()) as { problem: string }).problem).toContain('PROTOCOL_UNKNOWN')
    const [other] = network.nodes
    await expect.poll(async () => (await statusOf(other!))?.protocol.version, PATIENCE).toBe(2)
    const { height } = await statusOf(other!)
    await expect.poll(async () => (await statusOf(other!))?.height, PATIENCE).toBeGreaterThan(height + 3)
    // Started again as it is it refuses at once, and signs nothing.
    node.child!.kill('SIGTERM')
    await once(node.child!, 'exit')
    network.start(node)
    const [code] = await once(node.child!, 'exit')
    expect(code).not.toBe(0)
    expect(logOf(node)).toContain('PROTOCOL_UNKNOWN')
  })

  it('lets the node go on where it stopped once it is updated, on the same chain', async () => {
    const node = network.nodes[old]!
    network.configure(node, { protocolVersion: 2 })
    network.start(node)
    const [other] = network.nodes
    const { height } = await statusOf(other!)
    await expect.poll(async () => (await statusOf(node))?.height, PATIENCE).toBeGreaterThan(height)
    const headersOf = async (of: TestNode) => {
      const headers: { hash: string; term: number; basePrice: string }[] = []
      while (headers.length < height) {
        const { result } = await callNode(of, 'chain_blocks', { from: headers.length + 1, limit: 100 })
        headers.push(...result.headers)
      }
      return headers
    }
    const [mine, others] = await Promise.all([headersOf(node), headersOf(other!)])
    const hashes = (list: typeof mine) => list.slice(0, height).map(({ hash }) => hash)
    expect(hashes(mine)).toEqual(hashes(others))
    // Replayed by the old rules up to the boundary, and by the new ones from it on.
    for (const { term: of, basePrice } of mine) expect(basePrice).toBe(of < term ? '10' : '25')
    const reply = await callNode(node, 'governance_rules')
    expect(reply.result).toMatchObject({ version: 2, next: null })
  })
})
