import type { Worker } from 'node:worker_threads'
import { decodeReceipt, encodeBlock, MODE_BUSY } from '@smartshare/chain'
import { addressOfContract } from '@smartshare/crypto'
import { ContractEngine, encodeParameters, LATEST_VERSION } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { ChainStore } from '@smartshare/store'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeFinal } from '../consensus/final-record.ts'
import { BlockExecutor } from '../execution/block-executor.ts'
import { finalAt } from '../sync/write-chain.ts'
import { checkBlocks } from './check-block.ts'
import type { CheckRequest } from './check-messages.ts'
import { BusyChain, FollowRig } from './follow-rig.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 30_000, interval: 20 }
const SOURCE = `
local sum = state.value('sum', 0)
abi.method('add(n: integer)', function(n)
  for i = 1, n do sum:set(i) end
end)`
/** Writes of a call, and fuel that only such a call uses. */
const MANY = 10_000n
const FAULT_FUEL = 2_000_000

// By its place: nodes know the machine only through contracts.
const { Machine } = await import(new URL('../../../../core/lvm/src/machine.ts', import.meta.url).href)

const contract = addressOfContract(testAccount('alice').address, 0)

/** A chain that is busy from about its fifth block on, with a contract on it. */
async function busyChain(): Promise<BusyChain> {
  const chain = new BusyChain()
  await chain.act(
    callOf('contracts', 'publish', {
      ...{ name: 'sum', source: new TextEncoder().encode(SOURCE), metadata: '', upgrade: null, pauser: null },
      ...{ arguments: null, value: 0n },
    }),
  )
  await chain.pay(8)
  return chain
}

const add = (n: bigint) => ({
  ...{ target: contract, method: 'add', funds: [] },
  arguments: encodeParameters([{ name: 'n', type: 'integer' }], [n]),
})

type Followed = Awaited<ReturnType<FollowRig['follower']>>

/** Follows a chain to where the last block is covered, and tells what it followed. */
async function follow(rig: FollowRig, followed: Followed): Promise<readonly number[]> {
  await followed.take(1)
  await expect.poll(() => followed.told.followed.at(-1), PATIENCE).toBe(rig.chain.node.height - 1)
  expect(followed.told.followed.length).toBeGreaterThan(5)
  return followed.told.followed
}

const following = ({ store }: Followed, height: number) => {
  store.refresh()
  return store.following(height)
}

describe('a node that followed blocks', () => {
  const rigs: FollowRig[] = []
  afterAll(async () => {
    for (const rig of rigs) await rig.close()
  })

  describe('whose delegates were honest', () => {
    let rig: FollowRig
    beforeAll(async () => {
      const chain = await busyChain()
      for (let i = 0; i < 8; i++) await chain.act(add(BigInt(i)))
      rig = new FollowRig(chain)
      rigs.push(rig)
    })

    it('executes them all when the chain is calm again, but for samples not before', async () => {
      const followed = await rig.follower([await rig.honest()])
      const heights = await follow(rig, followed)
      const { checker, told } = followed
      const samples = () => heights.filter((height) => following(followed, height) === 'sampled')
      await expect.poll(() => heights.some((height) => following(followed, height) === 'chosen'), PATIENCE).toBe(false)
      expect(checker.sampled).toBe(samples().length)
      expect(checker.executed).toBe(0)
      told.calm = true
      checker.onCommitted(followed.executor.executedHeight)
      await expect.poll(() => checker.waiting, PATIENCE).toBe(0)
      expect(checker.executed + checker.sampled).toBe(heights.length)
      await expect.poll(() => followed.store.uncheckedFrom(0), PATIENCE).toEqual([])
      // What was a sample stays one; all others count as executed.
      for (const height of heights) {
        expect(following(followed, height)).toBe(samples().includes(height) ? 'sampled' : undefined)
      }
      expect(told.diverged).toBeUndefined()
    })

    it('remembers after a restart which were chosen, and executes those at once although the chain is busy', async () => {
      const honest = await rig.honest()
      const before = await rig.follower([honest], { folder: 'chosen' })
      before.checker.stop()
      const heights = await follow(rig, before)
      await before.stop()
      const after = await rig.follower([honest], { folder: 'chosen' })
      const unchecked = after.store.uncheckedFrom(0)
      expect(unchecked.map(({ height }) => height)).toEqual(heights)
      // One more, so that there is one in any case.
      after.checker.add(
        unchecked.map(({ height, following: how }, i) => ({ height, chosen: i === 0 || how === 'chosen' })),
      )
      after.checker.onCommitted(after.executor.executedHeight)
      const chosen = unchecked.filter(({ following: how }, i) => i === 0 || how === 'chosen').length
      await expect.poll(() => after.checker.sampled, PATIENCE).toBe(chosen)
      expect(after.checker.waiting).toBe(heights.length - chosen)
    })

    it('leaves alone what is so old that its changes are no longer kept', async () => {
      const followed = await rig.follower([await rig.honest()])
      const heights = await follow(rig, followed)
      const { checker } = followed
      await expect.poll(() => heights.some((height) => following(followed, height) === 'chosen'), PATIENCE).toBe(false)
      const waiting = heights.length - checker.sampled
      checker.onCommitted(heights[2]! + 256)
      expect(checker.missed + checker.sampled).toBeGreaterThanOrEqual(3)
      expect(checker.waiting).toBe(waiting - checker.missed)
    })

    it('leaves a block alone that kills the thread twice, and executes all others', async () => {
      const killer = 12
      const followed = await rig.follower([await rig.honest()])
      const { checker, told } = followed
      let deaths = 0
      type Inside = { thread?: { worker: Worker }; ask(request: CheckRequest): void }
      const { thread } = checker as unknown as { thread: Inside }
      const ask = thread.ask.bind(thread)
      thread.ask = (request) => {
        const kills = request.blocks.some(({ height }) => height === killer)
        const worker = thread.thread?.worker
        // A thread that ends does not read what it is asked; one that starts does not come to it.
        if (kills) void worker?.terminate()
        ask(request)
        if (!kills) return
        deaths += 1
        if (worker === undefined) void thread.thread?.worker.terminate()
      }
      told.calm = true
      const heights = await follow(rig, followed)
      expect(heights).toContain(killer)
      await expect.poll(() => checker.waiting, PATIENCE).toBe(0)
      expect(deaths).toBe(2)
      expect(checker).toMatchObject({ missed: 1 })
      expect(checker.executed + checker.sampled).toBe(heights.length - 1)
      expect(following(followed, killer)).toMatch(/^(followed|chosen)$/)
      expect(told).toMatchObject({ diverged: undefined, failed: undefined })
    })

    it('executes a block without the transactions that later blocks quarantine', async () => {
      const { node } = rig.chain
      const height = node.height - 2
      const store = ChainStore.open(rig.folder('quarantined'))
      const executor = new BlockExecutor(store, node.genesis.record)
      executor.quarantine(height, 0)
      for (let at = 1; at <= node.height; at++) executor.execute(encodeBlock((await finalAt(node, at)).block))
      executor.commit()
      expect(decodeReceipt(store.receipts(height)![0]!).error?.code).toBe('TX_QUARANTINED')
      const { chainId, genesis } = node
      const rules = { chainId, genesis: genesis.record, latestVersion: LATEST_VERSION, engine: new ContractEngine() }
      const final = encodeFinal(await finalAt(node, height))
      const check = (quarantined: number[]) => checkBlocks(store, { blocks: [{ height, final, quarantined }] }, rules)
      expect(check([0])).toEqual({ type: 'checked', heights: [height] })
      expect(check([])).toMatchObject({ type: 'diverged', height })
      await store.close()
    })
  })

  it('halts if delegates certified what honest execution does not give', async () => {
    const { call } = Machine.prototype
    // The machine of the delegates counts long calls wrongly, and they all agree on that. That of the follower's threads does not.
    Machine.prototype.call = function (...args: unknown[]) {
      const outcome = call.apply(this, args)
      return outcome.fuelUsed > FAULT_FUEL ? { ...outcome, fuelUsed: outcome.fuelUsed + FAULT_FUEL } : outcome
    }
    try {
      const chain = await busyChain()
      const wrong = chain.node.height + 1
      await chain.act(add(MANY))
      await chain.pay(4)
      expect((await chain.node.block(wrong))!.header.mode).toBe(MODE_BUSY)
      const rig = new FollowRig(chain)
      rigs.push(rig)
      const followed = await rig.follower([await rig.honest()])
      await follow(rig, followed)
      followed.told.calm = true
      followed.checker.onCommitted(followed.executor.executedHeight)
      await expect.poll(() => followed.told.diverged, PATIENCE).toBeDefined()
      expect(followed.told.diverged).toMatchObject({ code: 'FOLLOW_DIVERGED', details: { height: wrong } })
      expect(following(followed, wrong)).toMatch(/^(followed|chosen)$/)
      expect(followed.told.punished).toEqual([])
    } finally {
      Machine.prototype.call = call
    }
  })
})
