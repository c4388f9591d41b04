import type { Worker } from 'node:worker_threads'
import { MODE_BUSY } from '@smartshare/chain'
import { pack, unpack } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { Link } from '@smartshare/link'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeFinal } from '../consensus/final-record.ts'
import { Progress } from '../execution/progress.ts'
import { finalAt } from '../sync/write-chain.ts'
import { BusyChain, FollowRig, type Lie } from './follow-rig.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const PATIENCE = { timeout: 30_000, interval: 20 }
const chain = new BusyChain()
const rig = new FollowRig(chain)

let honest: Link
beforeAll(async () => {
  await chain.pay(24)
  honest = await rig.honest()
})
afterAll(() => rig.close())

const busyHeights = async () => {
  const heights: number[] = []
  for (let height = 1; height <= chain.node.height; height++) {
    if ((await chain.node.block(height))!.header.mode === MODE_BUSY) heights.push(height)
  }
  return heights
}

/** The last block waits for one that names it as its root. */
const COVERED = 23

type Followed = Awaited<ReturnType<FollowRig['follower']>>

/** Waits until a follower has come as far as it can, and holds what it has against the chain. */
async function expectEqual({ executor, store, told }: Followed, to = COVERED) {
  await expect.poll(() => executor.executedHeight, PATIENCE).toBe(to)
  await expect
    .poll(() => {
      store.refresh()
      return store.height
    }, PATIENCE)
    .toBe(to)
  expect(told.failed).toBeUndefined()
  for (let height = 1; height <= to; height++) {
    const { stateRoot, receiptsRoot } = chain.node.executed(height)!
    expect(toHex(store.facts(height)!.stateRoot)).toBe(toHex(stateRoot))
    expect(toHex(store.facts(height)!.receiptsRoot)).toBe(toHex(receiptsRoot))
    expect(store.receipts(height)!.map(toHex)).toEqual((await chain.node.receipts(height))!.map(toHex))
  }
}

const first = (change: (parts: Uint8Array[]) => Uint8Array[], field: 'changes' | 'receipts'): Lie => {
  return ([one, ...rest]) => [
    { ...one!, [field]: pack(change(unpack(one![field]).map((part) => part.slice()))) },
    ...rest,
  ]
}

const flipped = (part: Uint8Array) => part.map((byte, i) => (i === part.length - 1 ? byte ^ 1 : byte))

/** What liars say, by what is wrong with it. */
const lies: Record<string, Lie> = {
  'a wrong value': first(([key, value, ...rest]) => [key!, flipped(value!), ...rest], 'changes'),
  'a key that is missing': first((parts) => parts.slice(2), 'changes'),
  'a key too many': first((parts) => [...parts, Uint8Array.of(255, 255), Uint8Array.of(1)], 'changes'),
  'a key taken away that is not there': first((parts) => [...parts, Uint8Array.of(255), new Uint8Array()], 'changes'),
  'a change that changes nothing': first(([key, value, ...rest]) => [key!, value!, key!, value!, ...rest], 'changes'),
  'keys out of order': first(([a, b, c, d, ...rest]) => [c!, d!, a!, b!, ...rest], 'changes'),
  'a key without a value': first((parts) => parts.slice(0, -1), 'changes'),
  'a key that is too long': first((parts) => [...parts, new Uint8Array(300).fill(255), Uint8Array.of(1)], 'changes'),
  'a table that cannot be read': first(
    (parts) => parts.map((part, i) => (i % 2 === 1 ? Uint8Array.of(0xff) : part)),
    'changes',
  ),
  'a receipt of another gas': first(([receipt, ...rest]) => [flipped(receipt!), ...rest], 'receipts'),
  'a receipt too few': first((parts) => parts.slice(1), 'receipts'),
  'no difference at all': () => encodeNothing(),
  'one difference too many': (honest) => [...honest, honest[0]!],
  'the difference of another block': ([one]) => [{ changes: pack([]), receipts: one!.receipts }],
  'a list that is cut': ([one]) => [{ ...one!, changes: one!.changes.slice(0, -1) }],
  garbage: () => new Uint8Array(1_000).fill(0x5a),
}

function encodeNothing(): Uint8Array {
  // An array of no elements: less than the schema allows.
  return Uint8Array.of(0x80)
}

const KILLER = 12

/** Hands the first blocks to the executor, and kills its thread twice in one of them: execution waits before that. */
async function killTwice({ executor, stateFolder, told }: Followed): Promise<void> {
  const inside = executor as unknown as { thread?: { worker: Worker } }
  const progress = new Progress(stateFolder)
  const execute = async (from: number, to: number) => {
    for (let at = from; at <= to; at++) executor.execute(at, encodeFinal(await finalAt(chain.node, at)))
  }
  await execute(1, KILLER - 1)
  // Not in the middle of a commit: the lock of the store is that of the process.
  await expect.poll(() => told.committed, PATIENCE).toBe(KILLER - 1)
  const final = encodeFinal(await finalAt(chain.node, KILLER))
  const { events } = executor as unknown as { events: { onRestart: () => void } }
  const kill = () => {
    progress.enter(KILLER, 0)
    void inside.thread?.worker.terminate()
  }
  let lives = 0
  // Another thread was just given what is left.
  Object.assign(events, { onRestart: () => lives++ === 0 && kill() })
  // A thread that ends does not read what it is given.
  kill()
  executor.execute(KILLER, final)
  await expect.poll(() => executor.blocked, PATIENCE).toEqual({ height: KILLER, index: 0 })
  progress.close()
}

describe('a node that is no delegate, on a busy chain', () => {
  it('passes over a block that kills its executor, as soon as a quorum certified what it comes to', async () => {
    const followed = await rig.follower([honest])
    const { executor, follower, told } = followed
    await killTwice(followed)
    const { header } = (await chain.node.block(KILLER + 3))!
    await followed.take(KILLER + 1, KILLER + 3)
    expect(told.followed).toEqual([])
    expect(follower.passOver(KILLER, header)).toBe(true)
    await expect.poll(() => executor.isHeldUp, PATIENCE).toBe(false)
    await followed.take(KILLER + 4)
    await expectEqual(followed)
    expect(told.followed.slice(0, 3)).toEqual([KILLER, KILLER + 1, KILLER + 2])
    expect(told.punished).toEqual([])
  })

  it('cannot pass over it where nobody helps: execution waits', async () => {
    const followed = await rig.follower([])
    const { executor, follower } = followed
    await killTwice(followed)
    const { header } = (await chain.node.block(KILLER + 1))!
    expect(follower.passOver(KILLER, header)).toBe(true)
    await expect.poll(() => follower.passOver(KILLER, header), PATIENCE).toBe(false)
    expect(executor.blocked).toEqual({ height: KILLER, index: 0 })
    expect(executor.executedHeight).toBe(KILLER - 1)
  })

  it('takes what blocks changed from a peer, and has the same roots and receipts as who executed them', async () => {
    const busy = await busyHeights()
    expect(busy.length).toBeGreaterThan(10)
    const followed = await rig.follower([honest])
    await followed.take(1)
    await expectEqual(followed)
    expect(followed.told.followed).toEqual(busy.filter((height) => height <= COVERED))
    expect(followed.told.punished).toEqual([])
    for (const height of busy.slice(0, -1))
      expect(followed.store.following(height)).toMatch(/^(followed|chosen|sampled)$/)
    expect(followed.store.following(1)).toBeUndefined()
  })

  it('takes in nothing that is wrong, punishes whoever sent it, and asks others', async () => {
    const liars = await Promise.all(Object.values(lies).map((lie) => rig.liar(honest, lie)))
    const nextLiar = (punished: readonly string[]) => liars.find(({ peerId }) => !punished.includes(peerId))
    const followed = await rig.follower([...liars, honest], {
      // Each block has a liar of its own, and somebody honest to ask when it has lied.
      asks: ({ followed: done, punished }) => [punished.length > done.length ? honest : (nextLiar(punished) ?? honest)],
    })
    await followed.take(1)
    await expectEqual(followed)
    expect(followed.told.punished).toEqual(liars.map(({ peerId }) => peerId))
    expect(followed.follower.lies).toBe(liars.length)
    expect(followed.told.followed).toEqual((await busyHeights()).filter((height) => height <= COVERED))
    // Each block was asked of one of them, and of the honest one.
    const twice = liars.flatMap(({ peerId }) => [peerId, honest.peerId])
    expect(followed.told.asked.slice(0, twice.length)).toEqual(twice)
  })

  it('is not asked for more than an answer may hold: the link itself refuses that', async () => {
    const huge = await rig.liar(honest, () => new Uint8Array(15 * 1024 * 1024))
    const followed = await rig.follower([huge, honest])
    await followed.take(1)
    await expectEqual(followed)
    expect(followed.told.followed.length).toBeGreaterThan(10)
  })

  it('executes the blocks itself if nobody helps, or only liars do', async () => {
    const liar = await rig.liar(honest, lies['a wrong value']!)
    const followed = await rig.follower([liar])
    await followed.take(1)
    await expectEqual(followed)
    expect(followed.told.followed).toEqual([])
    // It is asked but once: it lied.
    expect(followed.told.asked).toEqual([liar.peerId])
    const alone = await rig.follower([])
    await alone.take(1)
    await expectEqual(alone)
  })

  it('asks again where a peer is about to have it', async () => {
    let executed = 0
    const slow = await rig.honest(() => (executed++ % 3 === 2 ? chain.node.height : 1))
    const followed = await rig.follower([slow])
    await followed.take(1)
    await expectEqual(followed)
    expect(followed.told.followed.length).toBeGreaterThan(5)
    expect(followed.told.asked.length).toBeGreaterThan(followed.told.followed.length)
    expect(followed.told.punished).toEqual([])
  })

  it('goes on where it was after a restart, and still knows what it has not executed', async () => {
    const before = await rig.follower([honest], { folder: 'restarted' })
    await before.take(1, 15)
    await expectEqual(before, 14)
    await before.stop()
    const after = await rig.follower([honest], { folder: 'restarted' })
    expect(after.executor.startHeight).toBe(14)
    const unchecked = after.store.uncheckedFrom(0).map(({ height }) => height)
    const samples = before.told.followed.filter((height) => after.store.following(height) === 'sampled')
    expect([...unchecked, ...samples].sort((a, b) => a - b)).toEqual(before.told.followed)
    await after.take(15)
    await expectEqual(after)
    expect(after.told.followed).toEqual((await busyHeights()).filter((height) => height > 14 && height <= COVERED))
  })
})
