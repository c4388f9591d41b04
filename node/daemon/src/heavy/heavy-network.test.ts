import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Call } from '@smartshare/chain'
import { fromHex, parseAddress } from '@smartshare/crypto'
import { type AbiParameter, encodeParameters } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signed } from '../rpc/test-transaction.ts'
import { base64 } from '../rpc/views.ts'
import { type Answer, callNode, TestNetwork, type TestNode } from '../test-network.ts'

// Four delegates as real processes compute heavy calls beside their blocks. The machine of one of them is broken, but only for long calls.

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 240_000, interval: 200 }
const SOURCE = `
local total = state.value('total', 0)
local Summed = abi.event('Summed(total: integer)')
abi.heavy('sum(n: integer)', function(n)
  local sum = 0
  for i = 1, n do sum = sum + i end
  total:set(sum)
  Summed(sum)
end, { gas = 2000000000, deposit = 10000000 })`
/** Steps of loops of about a second and of about eight, and fuel that lies between the two. */
const SHORT = 10_000_000n
const LONG = 100_000_000n
const FAULT_FUEL = 4e9

let home: string
let network: TestNetwork
let contract: Uint8Array

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'heavy-'))
  network = await TestNetwork.make(4, (i) => join(home, `d${i + 1}`), ['alice'], { heavyDeadlineBlocks: 1_500 })
  const fault = join(home, 'fault.mjs')
  writeFileSync(
    fault,
    `import { Machine } from ${JSON.stringify(new URL('../../../../core/lvm/src/machine.ts', import.meta.url).href)}
    const call = Machine.prototype.call
    Machine.prototype.call = function (...args) {
      const outcome = call.apply(this, args)
      return outcome.fuelUsed > ${FAULT_FUEL} ? { ...outcome, fuelUsed: outcome.fuelUsed + 16 } : outcome
    }`,
  )
  for (const [i, node] of network.nodes.entries()) network.start(node, i === 3 ? { preload: pathToFileURL(fault) } : {})
})
afterAll(async () => {
  await network?.stop()
  rmSync(home, { recursive: true, force: true })
})

const resultOf = async (node: TestNode, method: string, params: unknown = {}): Promise<Answer> =>
  (await callNode(node, method, params).catch(() => ({}) as Answer)).result

const logOf = ({ dir }: TestNode) => readFileSync(join(dir, 'node.log'), 'utf8')
const heightOf = async (node: TestNode): Promise<number> => (await resultOf(node, 'chain_status'))?.height ?? 0
const metricsOf = async ({ url }: TestNode) => (await fetch(new URL('/metrics', url))).text()

/** The events of module 11 of one name, with their heights, as far as a node has come. */
async function eventsOf(node: TestNode, name: string): Promise<Answer[]> {
  const found: Answer[] = []
  let at = { height: 1, skip: 0 }
  for (;;) {
    const page = await resultOf(node, 'chain_events', { ...at, from: 'contracts', name, limit: 100 })
    if (page === undefined) return found
    found.push(...page.events.map((event: Answer) => ({ ...event.data, height: event.height })))
    if (page.next.height > (await heightOf(node))) return found
    if (page.next.height === at.height && page.next.skip === at.skip) return found
    at = page.next
  }
}

/** A transaction of alice by the first node; it must succeed. */
async function act(nonce: bigint, call: Call, gasLimit = 5_000_000): Promise<void> {
  const [node] = network.nodes as [TestNode]
  const tx = signed(network.genesis, testAccount('alice'), [call], { nonce, gasLimit })
  const submit = async () => {
    const answer = await resultOf(node, 'chain_submit', { transactions: [base64(tx.wire)] })
    return answer?.results[0].id ?? answer?.results[0].error
  }
  await expect.poll(submit, PATIENCE).toEqual(expect.any(String))
  const id = await submit()
  const found = async () => (await resultOf(node, 'chain_transaction', { id }))?.state
  await expect.poll(found, PATIENCE).toBe('executed')
}

function sumCall(n: bigint): Call {
  const inputs: AbiParameter[] = [{ name: 'n', type: 'integer' }]
  return { target: contract, method: 'sum', arguments: encodeParameters(inputs, [n]), funds: [] }
}

describe('a heavy call on a network', () => {
  const done = async (node: TestNode) => (await eventsOf(node, 'jobDone')).length

  it('is computed and certified by the delegates themselves while blocks go on', async () => {
    const [first] = network.nodes as [TestNode]
    const source = new TextEncoder().encode(SOURCE)
    const publish = { name: 'sums', source, metadata: '', upgrade: null, pauser: null, arguments: null, value: 0n }
    await act(0n, callOf('contracts', 'publish', publish))
    const [published] = await eventsOf(first, 'published')
    const told = published.contract as string
    contract = told.startsWith('ssp1') ? parseAddress(told) : fromHex(told)
    await act(1n, sumCall(SHORT))
    for (const node of network.nodes) await expect.poll(() => done(node), PATIENCE).toBe(1)
    const ends = await Promise.all(network.nodes.map((node) => eventsOf(node, 'jobDone')))
    expect(ends[0]![0]).toMatchObject({ job: 0, error: null })
    for (const other of ends) expect(other).toEqual(ends[0])
    for (const node of network.nodes) expect(logOf(node)).toContain('a heavy call is computed')
  })

  it('with a result that one node does not get stops that node, and the others go on', async () => {
    const [first, second, third, broken] = network.nodes as [TestNode, TestNode, TestNode, TestNode]
    await act(2n, sumCall(LONG))
    expect(await metricsOf(first)).toContain('smartshare_heavy_jobs 1')
    const sound = [first, second, third]
    for (const node of sound) await expect.poll(() => done(node), PATIENCE).toBe(2)
    const [, began] = await eventsOf(first, 'jobBegan')
    const [, end] = await eventsOf(first, 'jobDone')
    // The blocks did not wait for the machine that computed.
    expect(end.height - began.height).toBeGreaterThan(10)
    await expect.poll(async () => (await metricsOf(broken)).includes('smartshare_halted 1'), PATIENCE).toBe(true)
    expect(logOf(broken)).toContain('HEAVY_DIVERGED')
    for (const node of sound) await expect.poll(() => heightOf(node), PATIENCE).toBeGreaterThan(end.height + 10)
    for (const node of sound) expect(logOf(node)).not.toContain('HEAVY_DIVERGED')
  })

  it('runs again on a node that catches up, which then goes on', async () => {
    const [first, , , broken] = network.nodes as [TestNode, TestNode, TestNode, TestNode]
    broken.child?.kill('SIGTERM')
    await once(broken.child!, 'exit')
    network.start(broken)
    await expect.poll(() => done(broken), PATIENCE).toBe(2)
    expect(await eventsOf(broken, 'jobDone')).toEqual(await eventsOf(first, 'jobDone'))
    const height = await heightOf(first)
    await expect.poll(() => heightOf(broken), PATIENCE).toBeGreaterThan(height)
  })
})
