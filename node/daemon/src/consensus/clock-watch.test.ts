import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from '@smartshare/consensus'
import { toHex } from '@smartshare/crypto'
import pino from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { callNode, TestNetwork, type TestNode } from '../test-network.ts'
import { ClockWatch } from './clock-watch.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 120_000, interval: 200 }
const DRIFT_MS = 5_000

function setUp(count: number) {
  const clock = { nowMs: 1_000_000 }
  const warned: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void warned.push(JSON.parse(line).msg) })
  const watch = new ClockWatch(DRIFT_MS, log, () => clock.nowMs)
  const members = Array.from({ length: count }, (_, i) => ({
    address: new Uint8Array(32).fill(i),
    key: new Uint8Array(48),
  }))
  const set = { term: 0, members }
  /** A block of `leader` whose clock is so far ahead of ours, and that was so long on its way. */
  const propose = (leader: number, slot: number, aheadMs: number, delayMs = 0, by = leader) => {
    const header = { term: 0, slot, leader, timeMs: clock.nowMs + aheadMs }
    clock.nowMs += delayMs
    const message = { type: 'proposal', block: { header }, certificates: [] } as unknown as Message
    watch.observe({ peer: `${by}`, delegate: toHex(members[by]!.address) }, message, set)
  }
  return { watch, warned, propose, clock }
}

describe('the watch over clocks', () => {
  it('takes the median of the delegates for the time, whatever a third of them say', () => {
    const { watch, propose, warned } = setUp(7)
    for (const [leader, aheadMs] of [0, 10, 20, -10, 0, 3_600_000, -3_600_000].entries())
      propose(leader, leader, aheadMs)
    expect(watch.offsetMs).toBe(0)
    expect(Math.abs(watch.farthestMs)).toBe(3_600_000)
    expect(watch.problem).toBeUndefined()
    expect(warned).toEqual(['the clock of a delegate is off', 'the clock of a delegate is off'])
  })

  it('tells when the own clock is off, once in a while and not at every block', () => {
    const { watch, propose, warned, clock } = setUp(4)
    for (let slot = 0; slot < 40; slot++) propose(slot % 4, slot, 30_000)
    expect(watch.problem).toBe("this machine's clock is 30000 ms behind the delegates'")
    expect(warned).toEqual([watch.problem])
    clock.nowMs += 61_000
    propose(0, 41, 30_000)
    expect(warned).toHaveLength(2)
  })

  it('warns when blocks say that the own clock is ahead, but calls it no fault: they may come late', () => {
    const { watch, propose, warned } = setUp(4)
    for (let slot = 0; slot < 16; slot++) propose(slot % 4, slot, -4_000)
    expect(watch.offsetMs).toBe(-4_000)
    expect(watch.problem).toBeUndefined()
    expect(warned).toEqual(["this machine's clock is ahead of the delegates', or blocks come late"])
  })

  it('is not misled by blocks that were long on their way, come again, or come from others than their leader', () => {
    const { watch, propose } = setUp(4)
    for (let slot = 0; slot < 16; slot++) propose(slot % 4, slot, 0, slot % 8 < 4 ? 10 : 60_000)
    expect(watch.offsetMs).toBe(-10)
    for (let slot = 0; slot < 16; slot++) propose(slot % 4, slot, 90_000)
    for (let slot = 16; slot < 32; slot++) propose(slot % 4, slot, 90_000, 0, (slot + 1) % 4)
    expect(watch.offsetMs).toBe(-10)
  })
})

describe('a network in which a clock is wrong', () => {
  const dirs: string[] = []
  let network: TestNetwork | undefined
  afterEach(async () => {
    await network?.stop()
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
  })

  const metric = async (node: TestNode, name: string) => {
    const text = await (await fetch(new URL('metrics', node.url))).text()
    return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1])
  }
  const height = async (node: TestNode) => (await callNode(node, 'chain_status')).result?.final ?? 0

  it('goes on, and those are told whose clock is minutes or only seconds off, while they follow the chain', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'clock-'))
    dirs.push(dir)
    network = await TestNetwork.make(4, (i) => join(dir, `${i}`), [])
    const [late, early, ...right] = network.nodes as [TestNode, TestNode, TestNode, TestNode]
    network.start(late, { shiftMs: -180_000 })
    network.start(early, { shiftMs: 3_000 })
    for (const node of right) network.start(node)
    const offset = (node: TestNode) => metric(node, 'smartshare_clock_offset_ms').catch(() => 0)
    const problem = async (node: TestNode) => (await callNode(node, 'chain_status')).result?.problem
    // A delay makes a clock seem late, never early.
    await expect.poll(() => offset(late), PATIENCE).toBeGreaterThan(170_000)
    await expect.poll(() => offset(early), PATIENCE).toBeLessThan(-2_000)
    expect(await problem(late)).toMatch(/clock is \d+ ms behind the delegates'/)
    expect(await problem(right[0])).toBeNull()
    const goal = await height(right[0])
    for (const node of network.nodes) await expect.poll(() => height(node), PATIENCE).toBeGreaterThan(goal)
  })
})
