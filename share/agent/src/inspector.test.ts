import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { proveLot } from './damage.ts'
import { Inspector } from './inspector.ts'
import { silentLog } from './log.ts'
import { EventfulChain, type MemoryAgentChain } from './testing-chain.ts'
import { openStore, store } from './testing-lots.ts'

const MIB = 2 ** 20
const parties = { buyer: 'buyer', provider: 'provider' }
let chain: EventfulChain
let agent: MemoryAgentChain
let lots: Awaited<ReturnType<typeof openStore>>
let inspector: Inspector
let damaged = 0
let closed: number[] = []
const state = async (agreement: number) => (await agent.view(agreement))?.state
const period = () => chain.chain.parameters.storagePeriodMs
/** Rounds until nothing is due any more. */
async function answerAll(): Promise<void> {
  for (let round = 0; round < 50 && (await inspector.tick()); round++) chain.advance(500)
}

beforeEach(async () => {
  chain = new EventfulChain(['buyer', 'provider'])
  chain.offer('provider', { peer: 'peer', addresses: [] })
  agent = chain.agent('provider')
  lots = await openStore()
  damaged = 0
  closed = []
  inspector = new Inspector({
    chain: agent,
    log: silentLog,
    nowMs: () => chain.chain.head.timeMs,
    onClosed: (agreement) => closed.push(agreement),
    prove: (view, segments) =>
      proveLot(lots.store, silentLog, view, segments, () => {
        damaged++
      }),
  })
})
afterEach(() => lots.close())

async function flip(agreement: number, offsets: readonly number[]): Promise<void> {
  const handle = await open(join(lots.folder, String(agreement), 'packet-00000'), 'r+')
  for (const at of offsets) {
    const byte = new Uint8Array(1)
    await handle.read(byte, 0, 1, at)
    await handle.write(Uint8Array.of(byte[0]! ^ 1), 0, 1, at)
  }
  await handle.close()
}

describe('the inspector', () => {
  it('answers every inspection of its agreements to the end of the term, and each is paid', async () => {
    const sizes = [1, 64, 70_000, 3 * MIB + 5]
    const ids: number[] = []
    for (const size of sizes) ids.push(await store(chain, lots.store, parties, size, 4))
    for (const id of ids) inspector.watch(id)
    for (let i = 0; i < 6; i++) {
      await answerAll()
      chain.advance(period())
    }
    await answerAll()
    for (const id of ids) expect(await agent.view(id)).toMatchObject({ state: 'ended', passed: 5, missed: 0 })
    expect(inspector.counters).toEqual({ passed: sizes.length * 5, missed: 0 })
    expect(closed.sort()).toEqual(ids)
    expect(inspector.size).toBe(0)
  })

  it('answers many at once although one of them closes meanwhile', async () => {
    const ids: number[] = []
    for (let i = 0; i < 11; i++) ids.push(await store(chain, lots.store, parties, 5_000))
    for (const id of ids) inspector.watch(id)
    const prove = agent.prove.bind(agent)
    let ended = false
    agent.prove = async (answers) => {
      // The buyer ends one of the batch just before the answers arrive.
      if (!ended) await chain.owner(chain.chain.account('buyer')).end([answers[0]!.agreement])
      ended = true
      await prove(answers)
    }
    await answerAll()
    const passed = await Promise.all(ids.map(async (id) => (await agent.view(id))!.passed))
    expect(passed.filter((count) => count === 1)).toHaveLength(10)
    expect(inspector.counters.passed).toBe(10)
  })

  it('admits a breach at once when a lot is beyond saving', async () => {
    const [bad, good] = [await store(chain, lots.store, parties, 2 * MIB), await store(chain, lots.store, parties, MIB)]
    inspector.watch(bad)
    inspector.watch(good)
    await answerAll()
    await flip(
      bad,
      Array.from({ length: 3_200 }, (_, i) => i * 640),
    )
    chain.advance(period())
    await answerAll()
    expect(await state(bad)).toBe('breached')
    expect(await agent.view(good)).toMatchObject({ state: 'active', passed: 2, missed: 0 })
    expect(damaged).toBe(1)
    expect(closed).toEqual([bad])
  })

  it('goes on trusting to luck when only a little is damaged, and never shows a wrong segment', async () => {
    const id = await store(chain, lots.store, parties, 8 * MIB)
    inspector.watch(id)
    // One block of 128: 40 segments miss it with a chance of 0.73.
    await flip(id, [100])
    for (let i = 0; i < 8; i++) {
      await answerAll()
      chain.advance(period())
    }
    const view = (await agent.view(id))!
    expect(view.passed).toBeGreaterThan(0)
    // If it broke at all, then by three windows left unanswered, not by a wrong answer.
    if (view.state === 'breached') expect(view.missed).toBeGreaterThanOrEqual(3)
  })

  it('mends a lost tree from the bytes and answers in the same window', async () => {
    const id = await store(chain, lots.store, parties, MIB)
    await rm(join(lots.folder, String(id), 'tops'))
    inspector.watch(id)
    await answerAll()
    expect(await agent.view(id)).toMatchObject({ state: 'active', passed: 1, missed: 0 })
    expect(damaged).toBe(1)
  })

  it('leaves unanswered what cannot be read now, and answers again when it can be', async () => {
    const id = await store(chain, lots.store, parties, MIB)
    inspector.watch(id)
    const prove = lots.store.prove.bind(lots.store)
    lots.store.prove = async () => {
      throw new (await import('@smartshare/codec')).SmartshareError('STORAGE_IO', 'not mounted')
    }
    await inspector.tick()
    chain.advance(period())
    await inspector.tick()
    lots.store.prove = prove
    chain.advance(2_000)
    await answerAll()
    expect(await agent.view(id)).toMatchObject({ state: 'active', passed: 1, missed: 1 })
    expect(inspector.counters).toEqual({ passed: 1, missed: 1 })
  })

  it('loses its collateral when the bytes are gone for good', async () => {
    const id = await store(chain, lots.store, parties, MIB)
    inspector.watch(id)
    await rm(join(lots.folder, String(id)), { recursive: true })
    for (let i = 0; i < 4; i++) {
      await answerAll()
      chain.advance(period())
    }
    expect(await state(id)).toBe('breached')
  })
})
