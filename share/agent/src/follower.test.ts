import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { addressOfKey, KeyPair } from '@smartshare/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Follower } from './follower.ts'
import { Inspector } from './inspector.ts'
import { Ledger } from './ledger.ts'
import { silentLog } from './log.ts'
import type { Service } from './service.ts'
import { EventfulChain, type MemoryAgentChain } from './testing-chain.ts'
import { match, openStore, store } from './testing-lots.ts'
import { Watchtower } from './watchtower.ts'

const parties = { buyer: 'buyer', provider: 'provider' }
let chain: EventfulChain
let agent: MemoryAgentChain
let lots: Awaited<ReturnType<typeof openStore>>

beforeEach(async () => {
  chain = new EventfulChain(['buyer', 'provider', 'stranger'])
  chain.offer('provider', { peer: 'peer', addresses: [] })
  agent = chain.agent('provider')
  lots = await openStore()
})
afterEach(() => lots.close())

/** What is kept, and what the follower said is over. */
function service(released: number[]): Service {
  return {
    kept: () => lots.store.entries().map(({ agreement }) => agreement),
    release: async (agreement: number) => {
      released.push(agreement)
      await lots.store.remove(agreement)
    },
  } as unknown as Service
}

async function follow() {
  const released: number[] = []
  const path = join(lots.folder, '..', `ledger-${process.pid}.json`)
  const ledger = await Ledger.open(path, async () => ({ height: 0, skip: 0 }))
  const nowMs = () => chain.chain.head.timeMs
  const inspector = new Inspector({
    chain: agent,
    log: silentLog,
    nowMs,
    onClosed: () => undefined,
    prove: async (view, segments) => {
      const { joinProofs } = await import('@smartshare/runtime')
      return joinProofs(view.sizeBytes, await lots.store.prove(view.agreement, segments))
    },
  })
  const onBounty = (grains: bigint) => ledger.bounty(grains)
  const watchtower = new Watchtower({ chain: agent, log: silentLog, nowMs, random: () => 0, onBounty })
  const follower = new Follower({
    chain: agent,
    service: service(released),
    inspector,
    watchtower,
    ledger,
    log: silentLog,
  })
  await follower.start()
  return { follower, inspector, watchtower, ledger, released, path }
}

describe('the follower', () => {
  it('begins to inspect what becomes active, deletes what ends, and writes down what came of it', async () => {
    const parts = await follow()
    const [ended, kept] = [
      await store(chain, lots.store, parties, 100_000),
      await store(chain, lots.store, parties, 100_000),
    ]
    await expect.poll(() => parts.inspector.size).toBe(2)
    while (await parts.inspector.tick()) chain.advance(500)
    const before = chain.chain.balance('provider')
    await chain.owner(chain.chain.account('buyer')).end([ended])
    await expect.poll(() => parts.released).toEqual([ended])
    expect(lots.store.entry(ended)).toBeUndefined()
    expect(lots.store.entry(kept)).toBeDefined()
    const paidAtEnd = chain.chain.balance('provider') - before
    const views = await Promise.all([ended, kept].map((id) => agent.view(id)))
    const paid = views.reduce((sum, view) => sum + view!.paidGrains, 0n)
    expect(parts.ledger.earnings).toMatchObject({ paidGrains: paid, periods: 2, ended: 1, breached: 0 })
    expect(paidAtEnd).toBeGreaterThan(0n)
    await parts.follower.stop()
    await rm(parts.path)
  })

  it('counts nothing twice and leaves nothing out when it is stopped and started again', async () => {
    const first = await follow()
    const id = await store(chain, lots.store, parties, 50_000)
    await expect.poll(() => first.inspector.size).toBe(1)
    while (await first.inspector.tick()) chain.advance(500)
    await expect.poll(() => first.ledger.earnings.periods).toBe(1)
    await first.follower.stop()
    // While it was away the agreement ended.
    await chain.owner(chain.chain.account('buyer')).end([id])
    const second = await follow()
    await expect.poll(() => second.ledger.earnings.ended).toBe(1)
    expect(second.ledger.earnings.periods).toBe(1)
    expect(second.ledger.earnings.paidGrains).toBe((await agent.view(id))!.paidGrains)
    expect(lots.store.entry(id)).toBeUndefined()
    await second.follower.stop()
    await rm(second.path)
  })

  it('removes what is kept for nobody: partial uploads of cancelled agreements, lots of strangers', async () => {
    const cancelled = await match(chain, 'buyer', 3_000)
    await lots.store.write(cancelled, 3_000)
    await lots.store.endWriting(cancelled)
    await chain.owner(chain.chain.account('buyer')).cancel([cancelled])
    await lots.store.write(999, 3_000)
    await lots.store.endWriting(999)
    const waiting = await match(chain, 'buyer', 3_000)
    await lots.store.write(waiting, 3_000)
    await lots.store.endWriting(waiting)
    const parts = await follow()
    expect(parts.released.sort()).toEqual([cancelled, 999].sort())
    expect(lots.store.entries().map(({ agreement }) => agreement)).toEqual([waiting])
    await parts.follower.stop()
    await rm(parts.path)
  })

  it('gives the buyer its money back when an upload never came', async () => {
    const id = await match(chain, 'buyer', 3_000)
    chain.advance(chain.chain.parameters.activationMs + 1_000)
    const parts = await follow()
    expect(await agent.view(id)).toMatchObject({ state: 'cancelled', escrowGrains: 0n })
    await expect.poll(() => parts.ledger.earnings.cancelled).toBe(1)
    await parts.follower.stop()
    await rm(parts.path)
  })

  it('has the watchtower look at agreements of others alone', async () => {
    const others = await openStore()
    const keys = KeyPair.fromSeed('ed25519', new Uint8Array(32).fill(1))
    expect(addressOfKey(keys.publicKey)).toHaveLength(32)
    chain.offer('stranger', { peer: 'other', addresses: [] }, { priceGrains: 1n })
    const parts = await follow()
    const theirs = await store(chain, others.store, { buyer: 'buyer', provider: 'stranger' }, 10_000)
    const [own] = [await match(chain, 'buyer', 2 ** 20)]
    await expect.poll(() => parts.watchtower.watched).toEqual([theirs])
    expect(own).not.toBe(theirs)
    await parts.follower.stop()
    await others.close()
    await rm(parts.path)
  })
})
