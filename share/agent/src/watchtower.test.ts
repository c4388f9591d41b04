import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from './log.ts'
import { EventfulChain } from './testing-chain.ts'
import { openStore, store } from './testing-lots.ts'
import { Watchtower } from './watchtower.ts'

let chain: EventfulChain
let lots: Awaited<ReturnType<typeof openStore>>
const parties = { buyer: 'buyer', provider: 'provider' }

beforeEach(async () => {
  chain = new EventfulChain(['buyer', 'provider', 'first', 'second'])
  chain.offer('provider', { peer: 'peer', addresses: [] })
  lots = await openStore()
})
afterEach(() => lots.close())

function tower(name: string) {
  const bounties: bigint[] = []
  const watchtower = new Watchtower({
    chain: chain.agent(name),
    log: silentLog,
    nowMs: () => chain.chain.head.timeMs,
    random: () => 0.5,
    onBounty: (grains) => bounties.push(grains),
  })
  return { watchtower, bounties }
}

describe('a watchtower', () => {
  it('makes a breach visible once three windows were missed, gets the bounty, and comes second without harm', async () => {
    const id = await store(chain, lots.store, parties, 2 ** 20)
    const [one, two] = [tower('first'), tower('second')]
    one.watchtower.watch(id)
    two.watchtower.watch(id)
    const { storagePeriodMs, inspectionWindowMs } = chain.chain.parameters
    const before = chain.chain.balance('first')
    for (let passed = 0; passed < 3 * storagePeriodMs + inspectionWindowMs; passed += 5_000) {
      chain.advance(5_000)
      await Promise.all([one.watchtower.round(), two.watchtower.round()])
    }
    const view = await chain.agent('first').view(id)
    expect(view).toMatchObject({ state: 'breached', settled: true, collateralGrains: 0n })
    const [bounty] = [...one.bounties, ...two.bounties] as [bigint]
    expect(bounty).toBeGreaterThan(0n)
    expect(one.bounties.length + two.bounties.length).toBe(1)
    expect([...one.watchtower.watched, ...two.watchtower.watched]).toEqual([])
    if (one.bounties.length === 1) expect(chain.chain.balance('first') - before).toBeLessThanOrEqual(bounty)
  })

  it('asks rarely about an agreement that runs, and forgets one that ended', async () => {
    const id = await store(chain, lots.store, parties, 2 ** 20)
    const agent = chain.agent('first')
    let asked = 0
    const view = agent.view.bind(agent)
    agent.view = (agreement) => {
      asked++
      return view(agreement)
    }
    const watchtower = new Watchtower({
      chain: agent,
      log: silentLog,
      nowMs: () => chain.chain.head.timeMs,
      random: () => 0,
      onBounty: () => undefined,
    })
    watchtower.watch(id)
    for (let i = 0; i < 10; i++) {
      chain.advance(3_000)
      await watchtower.round()
    }
    expect(asked).toBe(1)
    await chain.owner(chain.chain.account('buyer')).end([id])
    watchtower.forget(id)
    expect(watchtower.watched).toEqual([])
  })
})
