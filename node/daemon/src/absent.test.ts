import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress } from '@smartshare/crypto'
import { testAccount } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Answer, callNode, TestNetwork, type TestNode } from './test-network.ts'

// A delegate that is away for a term, with real processes: jailed, without a seat, and back in time by itself.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 120_000, interval: 200 }
const DELEGATES = 5
const parameters = {
  termBlocks: 18,
  freezeBlock: 3,
  electionBlock: 14,
  jailLeastRounds: 2,
  jailMs: 1000,
  leastSeats: 1,
}

let home = ''
let network: TestNetwork

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'absent-'))
  network = await TestNetwork.make(DELEGATES, (i) => join(home, `d${i + 1}`), ['alice'], parameters)
})
afterAll(async () => {
  await network?.stop()
  rmSync(home, { recursive: true, force: true })
})

const resultOf = async (node: TestNode, method: string, params: unknown = {}): Promise<Answer> =>
  (await callNode(node, method, params).catch(() => ({}) as Answer)).result

describe('a delegate that is away', () => {
  it('goes to jail, has no seat in the next term, and is elected again once its node runs', async () => {
    const present = network.nodes.slice(0, DELEGATES - 1)
    const [honest] = present as [TestNode]
    const away = network.nodes.at(-1) as TestNode
    const delegate = formatAddress(testAccount(`delegate ${DELEGATES - 1}`).address)
    for (const node of present) network.start(node)
    const jailed = async () => (await resultOf(honest, 'delegate_get', { delegate }))?.jailedUntilMs ?? null
    await expect.poll(jailed, PATIENCE).not.toBeNull()
    const seats = async (): Promise<string[]> =>
      ((await resultOf(honest, 'delegate_term'))?.seats ?? []).map(({ address }: Answer) => address)
    await expect.poll(async () => (await seats()).length, PATIENCE).toBe(DELEGATES - 1)
    expect(await seats()).not.toContain(delegate)
    network.start(away)
    await expect.poll(jailed, PATIENCE).toBeNull()
    await expect.poll(seats, PATIENCE).toContain(delegate)
  })
})
