import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SSP } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { balanceOf } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'
import { NodeKeeper } from './node-keeper.ts'
import { NodeView } from './node-view.ts'
import { signed } from './rpc/test-transaction.ts'
import { TestNetwork } from './test-network.ts'

const PATIENCE = { timeout: 30_000, interval: 20 }
const alice = testAccount('alice')
const bob = testAccount('bob')

let dir = ''
let network: TestNetwork
let keeper: NodeKeeper
let view: NodeView

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'node-keeper-'))
  network = await TestNetwork.make(1, () => dir, ['alice', 'bob'])
  keeper = await NodeKeeper.start(readConfig(join(dir, 'node.json')), pino({ level: 'silent' }))
  view = new NodeView(keeper)
  await expect.poll(() => keeper.node.committedHeight, PATIENCE).toBeGreaterThan(1)
})
afterEach(async () => {
  await keeper.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Lets the disk refuse the next final block. */
function refuseBlocks(code: string): void {
  keeper.node.finals.append = () => Promise.reject(new SmartshareError(code, 'the disk refuses'))
}

const transfer = (nonce: bigint) =>
  signed(
    network.genesis,
    alice,
    [callOf('tokens', 'transfer', { to: bob.address, token: SSP, amount: 5n, memo: null })],
    {
      nonce,
    },
  ).wire

const halts = () => expect.poll(() => view.halted?.code, PATIENCE).toBe('NODE_HALTED')
const goesOn = () => expect.poll(() => view.halted, PATIENCE).toBeUndefined()

describe('NodeKeeper', () => {
  it('goes on by itself after a full disk, with what waited in the mempool, and tells its listeners of all blocks', async () => {
    const told: number[] = []
    keeper.subscribe(({ height }) => told.push(height))
    const before = keeper.node
    refuseBlocks('STORE_FULL')
    expect(await view.submit([transfer(0n), transfer(1n)])).toEqual([
      { id: expect.anything() },
      { id: expect.anything() },
    ])
    await halts()
    expect(view.halted?.details).toEqual({ reason: 'STORE_FULL', passes: true })
    expect(view.status()).toMatchObject({ healthy: false, problem: 'STORE_FULL: the disk refuses' })
    expect(() => view.state()).toThrow(expect.objectContaining({ code: 'NODE_HALTED' }))
    for (const asked of [
      view.submit([transfer(2n)]),
      view.block(1),
      view.receipts(1),
      view.proof(new Uint8Array(32)),
    ]) {
      await expect(asked).rejects.toMatchObject({ code: 'NODE_HALTED' })
    }
    await goesOn()
    expect(keeper.node).not.toBe(before)
    const grains = () => balanceOf(view.state().reader, bob.address)
    await expect.poll(grains, PATIENCE).toBe(10n ** 14n + 10n)
    await expect.poll(() => told.at(-1), PATIENCE).toBeGreaterThan(before.finals.height + 2)
    expect(told).toEqual(told.map((_, i) => (told[0] as number) + i))
  })

  it('tells everybody who wants to know that it halts, each time', async () => {
    let halted = 0
    keeper.onHalt(() => halted++)
    for (const times of [1, 2]) {
      refuseBlocks('STORE_FULL')
      await expect.poll(() => halted, PATIENCE).toBe(times)
      await goesOn()
    }
  })

  it('refuses for good when what is wrong does not pass by itself, and can still be stopped', async () => {
    const { node } = keeper
    refuseBlocks('LOG_DAMAGED')
    await halts()
    expect(view.halted?.details).toEqual({ reason: 'LOG_DAMAGED', passes: false })
    expect(view.status().healthy).toBe(false)
    await keeper.stop()
    expect(keeper.node).toBe(node)
    // Nothing of it is left: another process could open its folder.
    keeper = await NodeKeeper.start(node.config, node.log)
    expect(keeper.halted).toBeUndefined()
  })

  it('stops at once while it waits to go on', async () => {
    refuseBlocks('STORE_FULL')
    await halts()
    await keeper.stop()
    expect(keeper.halted?.code).toBe('NODE_HALTED')
  })
})
