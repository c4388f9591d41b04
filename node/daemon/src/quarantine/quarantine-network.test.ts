import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { addressOfContract } from '@smartshare/crypto'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { ChainStore } from '@smartshare/store'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signed } from '../rpc/test-transaction.ts'
import { base64 } from '../rpc/views.ts'
import { type Answer, callNode, TestNetwork, type TestNode } from '../test-network.ts'

// Four delegates as real processes, whose machines die, each in its own way, in methods that are marked; and a follower that comes later.

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 240_000, interval: 100 }
const GAS = 1_000_000
const SOURCE = `
local hits = state.value('hits', 0)
for _, name in ipairs({ 'hit', 'all', 'most', 'two' }) do
  abi.method(name .. '()', function() hits:set(hits:get() + 1) end)
end
abi.view('count(): integer', function() return hits:get() end)`
/** How the machines of the delegates die: the thread ends, runs out of memory, throws; the process is killed. */
const DEATHS = [
  'process.exit(3)',
  'for (const hog = [];;) hog.push(new Array(1e5).fill(1.5))',
  "throw new TypeError('broken')",
  "process.kill(process.pid, 'SIGKILL')",
] as const

let home: string
let network: TestNetwork
let faults: URL[]
let follower: TestNode
let nonce = 0n
const contract = addressOfContract(testAccount('alice').address, 0)

/** A module with which the executor dies in some methods of contracts. */
function faultOf(name: string, death: string, methods: readonly string[]): URL {
  const path = join(home, `${name}.mjs`)
  const machine = new URL('../../../../core/lvm/src/machine.ts', import.meta.url).href
  writeFileSync(
    path,
    `import v8 from 'node:v8'
    import { isMainThread } from 'node:worker_threads'
    import { Machine } from ${JSON.stringify(machine)}
    if (isMainThread) v8.setFlagsFromString('--max-heap-size=400')
    const call = Machine.prototype.call
    Machine.prototype.call = function (reference, args, fuel) {
      const [method] = args
      const name = method instanceof Uint8Array ? Buffer.from(method).toString() : ''
      if (!isMainThread && ${JSON.stringify(methods)}.includes(name)) { ${death} }
      return call.call(this, reference, args, fuel)
    }`,
  )
  return pathToFileURL(path)
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'quarantine-'))
})
afterAll(async () => {
  await network?.stop()
  rmSync(home, { recursive: true, force: true })
})

const resultOf = async (node: TestNode, method: string, params: unknown = {}): Promise<Answer> =>
  (await callNode(node, method, params).catch(() => ({}) as Answer)).result

const logOf = ({ dir }: TestNode) => readFileSync(join(dir, 'node.log'), 'utf8')
const statusOf = async (node: TestNode): Promise<Answer> => (await resultOf(node, 'chain_status')) ?? {}
const heightOf = async (node: TestNode): Promise<number> => (await statusOf(node)).height ?? -1
const healthOf = async ({ url }: TestNode): Promise<Answer> =>
  (await fetch(new URL('/health', url)).catch(() => undefined))?.json() ?? {}
const isGone = ({ child }: TestNode) => child !== undefined && (child.exitCode !== null || child.signalCode !== null)

/** Stops a node and starts it with a sound machine. */
async function mend(node: TestNode): Promise<void> {
  node.child?.kill('SIGTERM')
  await once(node.child!, 'exit')
  network.start(node)
}

/** A transaction that calls a method of the contract, or publishes it; gives its id. */
async function submit(method?: string): Promise<string> {
  const [node] = network.nodes as [TestNode]
  const code = { name: 'bomb', source: new TextEncoder().encode(SOURCE), metadata: '', upgrade: null, pauser: null }
  const call =
    method === undefined
      ? callOf('contracts', 'publish', { ...code, arguments: null, value: 0n })
      : { target: contract, method, arguments: Uint8Array.of(0x80), funds: [] }
  const gasLimit = method === undefined ? 5_000_000 : GAS
  const tx = signed(network.genesis, testAccount('alice'), [call], { nonce, gasLimit })
  nonce += 1n
  const send = async () => {
    const answer = await resultOf(node, 'chain_submit', { transactions: [base64(tx.wire)] })
    return answer?.results[0].id ?? answer?.results[0].error
  }
  await expect.poll(send, PATIENCE).toEqual(expect.any(String))
  return (await send()) as string
}

const executedOn = async (node: TestNode, id: string): Promise<Answer> => {
  const found = await resultOf(node, 'chain_transaction', { id })
  return found?.state === 'executed' ? found : undefined
}

/** Where a transaction was executed; all these nodes must come to the same. */
async function outcomeOf(id: string, nodes: readonly TestNode[]): Promise<Answer> {
  for (const node of nodes) await expect.poll(() => executedOn(node, id), PATIENCE).toBeDefined()
  const found = await Promise.all(nodes.map((node) => executedOn(node, id)))
  for (const other of found) expect(other).toEqual(found[0])
  return found[0]
}

const finalOf = async (node: TestNode): Promise<number> => (await statusOf(node)).final ?? -1

/** All these nodes execute further blocks, and no money was made or lost. */
async function expectToGoOn(nodes: readonly TestNode[]): Promise<void> {
  const from = Math.max(...(await Promise.all(nodes.map(finalOf))))
  for (const node of nodes) await expect.poll(() => heightOf(node), PATIENCE).toBeGreaterThan(from + 3)
  for (const node of nodes) expect((await statusOf(node)).supplyGrains).toBe(`${10n ** 18n}`)
}

/** What each node that was stopped executed, height by height, as far as all of them have come. */
async function expectEqualExecution(nodes: readonly TestNode[]): Promise<void> {
  const stores = nodes.map(({ dir }) => ChainStore.open(join(dir, 'data', 'state')))
  const height = Math.min(...stores.map((store) => store.height ?? 0))
  expect(height).toBeGreaterThan(20)
  for (let at = 0; at <= height; at++) {
    const [first, ...others] = stores.map((store) => store.facts(at))
    for (const other of others) expect(other).toEqual(first)
  }
  for (const store of stores) await store.close()
}

const QUARANTINED = {
  receipt: { status: 'failed', gasUsed: GAS, error: { code: 'TX_QUARANTINED' }, events: [] },
}

describe('a call that kills the machine', () => {
  it('of every delegate fails with all its gas charged, and the chain goes on', async () => {
    network = await TestNetwork.make(4, (i) => join(home, `d${i + 1}`), ['alice'], {}, true)
    follower = network.nodes[4]!
    network.configure(follower, { delegateKey: undefined, accountKey: undefined })
    const methods = [['all', 'most', 'two'], ['all', 'most', 'two'], ['all', 'most'], ['all']]
    faults = DEATHS.map((death, i) => faultOf(`fault${i}`, death, methods[i]!))
    const delegates = network.nodes.slice(0, 4)
    for (const [i, node] of delegates.entries()) network.start(node, { preload: faults[i]! })
    await outcomeOf(await submit(), delegates)
    const id = await submit('all')
    const killed = delegates[3]!
    // Twice a transaction takes the whole process with it; then it is not tried again.
    for (let life = 0; life < 2; life++) {
      await expect.poll(() => isGone(killed) || executedOn(killed, id), PATIENCE).toBeTruthy()
      if (isGone(killed)) network.start(killed, { preload: faults[3]! })
    }
    expect(await outcomeOf(id, delegates)).toMatchObject(QUARANTINED)
    for (const node of delegates.slice(0, 3)) expect(logOf(node)).toContain('killed the executor twice')
    const after = await outcomeOf(await submit('hit'), delegates)
    expect(after.receipt.status).toBe('done')
    await expectToGoOn(delegates)
  })

  it('of a quorum is taken back by the node that executed it', async () => {
    const delegates = network.nodes.slice(0, 4)
    const id = await submit('most')
    expect(await outcomeOf(id, delegates)).toMatchObject(QUARANTINED)
    expect(logOf(delegates[3]!)).toContain('EXECUTION_TAKEN_BACK')
    await outcomeOf(await submit('hit'), delegates)
    await expectToGoOn(delegates)
  })

  it('of too few for a quorum of either kind waits and says so, and of one leaves that one behind until its machine is sound', async () => {
    const delegates = network.nodes.slice(0, 4)
    const [first, second, third, fourth] = delegates as [TestNode, TestNode, TestNode, TestNode]
    const id = await submit('two')
    for (const node of [first, second]) {
      await expect.poll(async () => (await healthOf(node)).problem, PATIENCE).toContain('EXECUTION_WAITS')
      await expect.poll(async () => (await healthOf(node)).problem, PATIENCE).toContain('2 of 3 attestations')
    }
    await outcomeOf(id, [third, fourth])
    const height = await heightOf(first)
    const final = await finalOf(first)
    await expect.poll(() => finalOf(first), PATIENCE).toBeGreaterThan(final + 10)
    expect(await heightOf(first)).toBe(height)
    // With a sound machine in the place of one there is a quorum that executes it, and no quarantine any more.
    await mend(first)
    expect((await outcomeOf(id, [first, third, fourth])).receipt.status).toBe('done')
    await expect.poll(async () => (await healthOf(second)).problem, PATIENCE).toContain('EXECUTION_KILLED')
    await mend(second)
    expect((await outcomeOf(id, delegates)).receipt.status).toBe('done')
    await expectToGoOn(delegates)
  })

  it('has the same outcome for a node that comes later, whether or not its machine is sound', async () => {
    const delegates = network.nodes.slice(0, 4)
    const breaking = faultOf('late', DEATHS[0], ['all', 'most'])
    network.start(follower, { preload: breaking })
    await expectToGoOn([delegates[0]!, follower])
    follower.child?.kill('SIGTERM')
    await once(follower.child!, 'exit')
    rmSync(join(follower.dir, 'data'), { recursive: true })
    network.start(follower)
    await expectToGoOn([...delegates, follower])
    await network.stop()
    await expectEqualExecution([...delegates, follower])
  })
})
