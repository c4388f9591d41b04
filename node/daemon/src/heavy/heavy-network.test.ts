import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signed } from '../rpc/test-transaction.ts'
import { base64 } from '../rpc/views.ts'
import type { TestNode } from '../test-network.ts'
import { HeavyRig } from './heavy-rig.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 240_000, interval: 200 }
/** Steps of loops of less than a second and of some seconds, and fuel that lies between the two. */
const SHORT = 10_000_000n
const LONG = 100_000_000n
const FAULT_FUEL = 4e9
const GAS = 2_000_000_000

let home: string
let rig: HeavyRig

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'heavy-'))
  const parameters = { heavyDeadlineBlocks: 1_500 }
  rig = await HeavyRig.start({ home, parameters, faultFuel: FAULT_FUEL, patienceMs: PATIENCE.timeout })
})
afterAll(async () => {
  await rig?.network.stop()
  rmSync(home, { recursive: true, force: true })
})

describe('a heavy call on a network', () => {
  const done = (node: TestNode) => rig.doneOn(node)

  it('is computed and certified by the delegates themselves while blocks go on', async () => {
    await rig.publish(GAS)
    await rig.order(SHORT)
    for (const node of rig.nodes) await expect.poll(() => done(node), PATIENCE).toBe(1)
    const ends = await Promise.all(rig.nodes.map((node) => rig.eventsOf(node, 'jobDone')))
    expect(ends[0]![0]).toMatchObject({ job: 0, error: null })
    for (const other of ends) expect(other).toEqual(ends[0])
    for (const node of rig.nodes) expect(rig.logOf(node)).toContain('a heavy call is computed')
  })

  it('with a result that one node does not get stops that node, and the others go on', async () => {
    const [first, second, third, broken] = rig.nodes
    await rig.order(LONG)
    expect(await rig.metricsOf(first)).toContain('smartshare_heavy_jobs 1')
    const sound = [first, second, third]
    for (const node of sound) await expect.poll(() => done(node), PATIENCE).toBe(2)
    const [, began] = await rig.eventsOf(first, 'jobBegan')
    const [, end] = await rig.eventsOf(first, 'jobDone')
    // The blocks did not wait for the machine that computed.
    expect(end.height - began.height).toBeGreaterThan(10)
    await expect.poll(async () => (await rig.metricsOf(broken)).includes('smartshare_halted 1'), PATIENCE).toBe(true)
    expect(rig.logOf(broken)).toContain('HEAVY_DIVERGED')
    for (const node of sound) await expect.poll(() => rig.heightOf(node), PATIENCE).toBeGreaterThan(end.height + 10)
    for (const node of sound) expect(rig.logOf(node)).not.toContain('HEAVY_DIVERGED')
  })

  it('convicts a delegate who says one result to one node and another to the next', async () => {
    const [first, second, third] = rig.nodes
    await rig.order(SHORT)
    const [, , { term }] = await rig.eventsOf(first, 'jobBegan')
    const traitor = testAccount('delegate 3')
    const expiryHeight = (await rig.heightOf(first)) + 500
    // Of one nonce: the chain takes one of them at most.
    const commit = (result: number) => {
      const call = callOf('contracts', 'commitResult', { job: 2, term, commitment: new Uint8Array(32).fill(result) })
      const tx = signed(rig.network.genesis, traitor, [call], { nonce: 0n, lane: 3, expiryHeight })
      return { transactions: [base64(tx.wire)] }
    }
    await rig.ask(first, 'chain_submit', commit(1))
    for (const node of [second, third]) await rig.ask(node, 'chain_submit', commit(2))
    await expect.poll(async () => (await rig.eventsOf(second, 'convicted', 'evidence')).length, PATIENCE).toBe(1)
    expect(await rig.eventsOf(second, 'convicted', 'evidence')).toMatchObject([{ job: 2, slot: null }])
    expect(await rig.eventsOf(second, 'jobContradicted')).toEqual([])
    for (const node of [first, second, third]) await expect.poll(() => done(node), PATIENCE).toBe(3)
  })

  it('runs again on a node that catches up, which then goes on', async () => {
    const [first, , , broken] = rig.nodes
    broken.child?.kill('SIGTERM')
    await once(broken.child!, 'exit')
    rig.network.start(broken)
    await expect.poll(() => done(broken), PATIENCE).toBe(3)
    expect(await rig.eventsOf(broken, 'jobDone')).toEqual(await rig.eventsOf(first, 'jobDone'))
    const height = await rig.heightOf(first)
    await expect.poll(() => rig.heightOf(broken), PATIENCE).toBeGreaterThan(height)
  })
})
