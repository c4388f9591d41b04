import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress, parseAddress, toHex } from '@smartshare/crypto'
import { presets } from '@smartshare/runtime'
import { testAccount } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Answer, callNode, TestNetwork, type TestNode } from './test-network.ts'

// A delegate that runs twice, as real processes: it contradicts itself, honest nodes see it, report it and are paid.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 180_000, interval: 200 }
const DELEGATES = 4
const BOND = 10n ** 12n

let home = ''
let network: TestNetwork

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'traitor-'))
  network = await TestNetwork.make(DELEGATES, (i) => join(home, `d${i + 1}`), ['alice'], {}, true)
})
afterAll(async () => {
  await network?.stop()
  rmSync(home, { recursive: true, force: true })
})

const resultOf = async (node: TestNode, method: string, params: unknown = {}): Promise<Answer> =>
  (await callNode(node, method, params).catch(() => ({}) as Answer)).result

/** Events of one kind from a height on, at most a page of them. */
async function eventsOf(node: TestNode, from: string, name: string, height = 1): Promise<Answer[]> {
  const found = await resultOf(node, 'chain_events', { height, from, name, limit: 100 })
  return (found?.events ?? []).map((event: Answer) => ({ ...event.data, height: event.height }))
}

describe('a delegate that runs twice', () => {
  it('is convicted by the nodes that see it, loses a part of its bond, and the reporter is paid', async () => {
    for (const node of network.nodes) network.start(node)
    const [honest] = network.nodes as [TestNode]
    const traitor = formatAddress(testAccount(`delegate ${DELEGATES - 1}`).address)
    await expect.poll(async () => (await eventsOf(honest, 'evidence', 'convicted')).length, PATIENCE).toBe(1)
    const [convicted] = await eventsOf(honest, 'evidence', 'convicted')
    expect(convicted.delegates).toEqual([toHex(parseAddress(traitor))])
    const { bondGrains, bannedTerm } = await resultOf(honest, 'delegate_get', { delegate: traitor })
    expect({ bondGrains, bannedTerm }).toEqual({ bondGrains: '0', bannedTerm: 0 })
    const [slashed] = await eventsOf(honest, 'delegates', 'slashed')
    const taken = (BOND * BigInt(presets.local.slashShare)) / 1000n
    expect(slashed).toMatchObject({ delegate: traitor, amount: `${taken}`, reporter: convicted.reporter })
    const reward = (taken * BigInt(presets.local.reporterShare)) / 1000n
    const paid = await eventsOf(honest, 'tokens', 'transfer', convicted.height)
    expect(paid).toContainEqual(expect.objectContaining({ to: convicted.reporter, amount: `${reward}` }))
    // Nobody has anything left to report, though all of them saw it.
    for (const node of network.nodes.slice(0, DELEGATES - 1)) {
      const left = async () => (await resultOf(node, 'delegate_evidence'))?.pending.length
      await expect.poll(left, PATIENCE).toBe(0)
    }
    expect(await eventsOf(honest, 'evidence', 'convicted')).toHaveLength(1)
  })
})
