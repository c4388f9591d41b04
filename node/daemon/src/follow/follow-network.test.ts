import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Call } from '@smartshare/chain'
import { addressOfContract } from '@smartshare/crypto'
import { encodeParameters } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signed } from '../rpc/test-transaction.ts'
import { base64 } from '../rpc/views.ts'
import { type Answer, callNode, TestNetwork, type TestNode } from '../test-network.ts'
import { SMALL_BLOCKS } from './follow-rig.ts'

// Four delegates and a node that only follows, as real processes, on a chain whose blocks one transaction makes busy. The machine
// of all delegates is broken, but only for long calls: what they certify then honest execution does not give.

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 240_000, interval: 200 }
const SOURCE = `
local sum = state.value('sum', 0)
abi.method('count(n: integer)', function(n)
  for i = 1, n do sum:set(i) end
end)`
/** Writes of a call that the delegates count rightly and of one that they do not, and the fuel that tells them apart. */
const MANY = 10_000n
const FAULT_FUEL = 2_000_000
const contract = addressOfContract(testAccount('alice').address, 0)

let home: string
let network: TestNetwork
let nonce = 0n

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'follow-'))
  network = await TestNetwork.make(
    4,
    (i) => join(home, `d${i + 1}`),
    ['alice', 'bob'],
    { ...SMALL_BLOCKS, calmRounds: 3 },
    true,
  )
  const fault = join(home, 'fault.mjs')
  writeFileSync(
    fault,
    `import { Machine } from ${JSON.stringify(new URL('../../../../core/lvm/src/machine.ts', import.meta.url).href)}
    const call = Machine.prototype.call
    Machine.prototype.call = function (...args) {
      const outcome = call.apply(this, args)
      return outcome.fuelUsed > ${FAULT_FUEL} ? { ...outcome, fuelUsed: outcome.fuelUsed + ${FAULT_FUEL} } : outcome
    }`,
  )
  const { delegates, follower } = nodes()
  network.configure(follower, { delegateKey: undefined, accountKey: undefined })
  for (const node of delegates) network.start(node, { preload: pathToFileURL(fault) })
  network.start(follower)
})
afterAll(async () => {
  await network?.stop()
  rmSync(home, { recursive: true, force: true })
})

function nodes(): { delegates: TestNode[]; first: TestNode; follower: TestNode } {
  const delegates = network.nodes.slice(0, 4)
  return { delegates, first: delegates[0]!, follower: network.nodes[4]! }
}

const ask = async (node: TestNode, method: string, params: unknown = {}): Promise<Answer> =>
  (await callNode(node, method, params).catch(() => ({}) as Answer)).result
const statusOf = (node: TestNode) => ask(node, 'chain_status')
const metricsOf = async ({ url }: TestNode) => (await fetch(new URL('/metrics', url))).text()
const logOf = ({ dir }: TestNode) => readFileSync(join(dir, 'node.log'), 'utf8')

/** Hands transactions of alice to the first delegate, each of which takes all that a block may hold. */
async function submit(calls: readonly Call[]): Promise<string[]> {
  const wires = calls.map((call) =>
    base64(signed(network.genesis, testAccount('alice'), [call], { nonce: nonce++, gasLimit: 5_000_000 }).wire),
  )
  let ids: (string | undefined)[] = []
  const admitted = async () => {
    const answer = await ask(nodes().first, 'chain_submit', { transactions: wires })
    ids = (answer?.results ?? []).map((result: Answer) => result.id)
    return ids.length === wires.length && ids.every((id) => id !== undefined)
  }
  await expect.poll(admitted, PATIENCE).toBe(true)
  return ids as string[]
}

const payments = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    callOf('tokens', 'transfer', {
      ...{ to: testAccount('bob').address, token: 0, amount: BigInt(i + 1), memo: null },
    }),
  )

const heightOf = async (node: TestNode, id: string): Promise<number | null> =>
  (await ask(node, 'chain_transaction', { id }))?.height ?? null

/** All receipts of a block, and how the node came to them. */
async function receiptsAt(node: TestNode, height: number) {
  const { receipts } = await ask(node, 'chain_receipts', { height })
  return {
    verifications: new Set(receipts.map(({ verification }: Answer) => verification)),
    receipts: receipts.map(({ verification: _, ...receipt }: Answer) => receipt),
  }
}

/** A node is at a height, and its state there is that which delegates certified. */
async function expectCertified(node: TestNode, height: number): Promise<void> {
  await expect.poll(async () => (await statusOf(node))?.height ?? 0, PATIENCE).toBeGreaterThan(height)
  const told = async (one: TestNode) =>
    (await ask(one, 'chain_block', { height: height + 1, limit: 0 })).header.stateRoot
  expect(await told(node)).toBe(await told(nodes().first))
}

describe('a node that is no delegate', () => {
  let followedAt = 0

  it('executes the blocks of a calm chain', async () => {
    const { first, follower } = nodes()
    const publish = { name: 'sum', source: new TextEncoder().encode(SOURCE), metadata: '', upgrade: null, pauser: null }
    const [id] = await submit([callOf('contracts', 'publish', { ...publish, arguments: null, value: 0n })])
    await expect.poll(() => heightOf(follower, id!), PATIENCE).toEqual(expect.any(Number))
    expect((await statusOf(first)).following.follows).toBe(false)
    expect((await statusOf(follower)).following.follows).toBe(true)
  })

  it('takes what blocks changed from others while it is busy, with equal receipts and roots', async () => {
    const { first, follower } = nodes()
    await submit(payments(40))
    await expect.poll(async () => (await statusOf(follower))?.following.followed, PATIENCE).toBeGreaterThan(8)
    const status = await statusOf(follower)
    expect(status.mode).toBe('busy')
    expect(Math.max(...(Object.values(status.load) as number[]))).toBeGreaterThanOrEqual(500)
    const { headers } = await ask(follower, 'chain_blocks', { from: Math.max(1, status.height - 19) })
    followedAt = headers.findLast(({ height, mode }: Answer) => mode === 'busy' && height <= status.height).height
    const own = await receiptsAt(follower, followedAt)
    const executed = await receiptsAt(first, followedAt)
    expect(own.receipts).toEqual(executed.receipts)
    expect([...executed.verifications]).toEqual(['executed'])
    expect([...own.verifications][0]).toMatch(/^(followed|sampled)$/)
    await expectCertified(follower, followedAt)
    expect((await statusOf(first)).following).toMatchObject({ follows: false, followed: 0 })
    expect(await metricsOf(follower)).toMatch(/smartshare_follow_followed_total [1-9]/)
  })

  it('goes on following after it was killed in the middle', async () => {
    const { follower } = nodes()
    await submit(payments(40))
    follower.child!.kill('SIGKILL')
    await once(follower.child!, 'exit')
    network.start(follower)
    await expect.poll(async () => (await statusOf(follower))?.following.followed, PATIENCE).toBeGreaterThan(3)
    await expectCertified(follower, (await statusOf(follower)).height)
  })

  it('executes what it followed when the chain is calm again', async () => {
    const { follower } = nodes()
    await expect.poll(async () => (await statusOf(follower))?.mode, PATIENCE).toBe('calm')
    const isDone = async () => {
      const { following } = await statusOf(follower)
      return following.waiting === 0 && following.executed > 0
    }
    await expect.poll(isDone, PATIENCE).toBe(true)
    const verification = async () => [...(await receiptsAt(follower, followedAt)).verifications][0]
    await expect.poll(verification, PATIENCE).toMatch(/^(executed|sampled)$/)
    const { following, healthy } = await statusOf(follower)
    expect(healthy).toBe(true)
    expect(following).toMatchObject({ missed: 0, lies: 0 })
    expect(await metricsOf(follower)).toMatch(/smartshare_follow_executed_total [1-9]/)
  })

  it('halts when it finds that delegates certified what execution does not give, and again after a restart', async () => {
    const { delegates, follower } = nodes()
    const count = {
      ...{ target: contract, method: 'count', funds: [] },
      arguments: encodeParameters([{ name: 'n', type: 'integer' }], [MANY]),
    }
    const ids = await submit([...payments(30), count, ...payments(10)])
    const halted = async () => (await metricsOf(follower).catch(() => '')).includes('smartshare_halted 1')
    await expect.poll(halted, PATIENCE).toBe(true)
    const height = await heightOf(delegates[0]!, ids[30]!)
    expect(logOf(follower)).toContain('FOLLOW_DIVERGED')
    expect(logOf(follower)).toContain(`block ${height} is not as delegates certified`)
    follower.child!.kill('SIGTERM')
    await once(follower.child!, 'exit')
    network.start(follower)
    await expect.poll(halted, PATIENCE).toBe(true)
    expect(logOf(follower).split('the node cannot go on').length).toBeGreaterThan(2)
    for (const node of delegates) expect((await statusOf(node)).healthy).toBe(true)
  })
})
