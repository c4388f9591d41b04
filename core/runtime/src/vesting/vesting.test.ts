import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SPLIT } from '../genesis.ts'
import { callOf, TestChain } from '../testing.ts'
import { pools } from '../tokens/tokens.ts'
import { locksOf, vestedGrains } from './vesting.ts'

describe('vesting', () => {
  it('splits genesis as announced: 25 % placed, 20 % foundation, 10 % team, 45 % mining and what was not sold', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const placed = chain.genesis.placement.reduce((sum, { grains }) => sum + grains, 0n)
    expect(chain.balance(pools.foundation)).toBe(2n * 10n ** 17n)
    expect(chain.balance(pools.vesting)).toBe(10n ** 17n)
    expect(chain.balance(pools.mining)).toBe(SPLIT.mining + SPLIT.placement - placed)
  })

  it('releases the lock of the team evenly and never more than all of it', () => {
    const chain = new TestChain({ accounts: ['team'], parameters: { teamVestingMs: 1_000_000 } })
    const [lock] = locksOf(chain.state, chain.account('team').address)
    chain.makeBlock([], 250_000)
    const before = chain.balance('team')
    const { receipt } = chain.run('team', callOf('vesting', 'claim', { lock: 0 }))
    const freed = vestedGrains(lock!, chain.head.timeMs)
    expect(chain.balance('team')).toBe(before + freed - receipt.feeGrains)
    expect(freed).toBeGreaterThan(SPLIT.team / 4n - 1n)
    chain.makeBlock([], 2_000_000)
    chain.run('team', callOf('vesting', 'claim', { lock: 0 }))
    expect(chain.balance(pools.vesting)).toBe(0n)
    expect(() => chain.run('team', callOf('vesting', 'claim', { lock: 0 }))).toThrow('no lock')
  })

  it('locks what the foundation grants until the end, and lets only the foundation grant', () => {
    const chain = new TestChain({ accounts: ['alice'], parameters: { grantLockMs: 100_000 } })
    const to = chain.account('alice').address
    const grant = callOf('vesting', 'grant', { to, amount: 5_000n })
    expect(() => chain.run('alice', grant)).toThrow('only the foundation')
    chain.run('foundation', grant)
    expect(locksOf(chain.state, to)).toMatchObject([{ lock: 0, grains: 5_000n, cliff: true }])
    chain.makeBlock([], 90_000)
    expect(() => chain.run('alice', callOf('vesting', 'claim', { lock: 0 }))).toThrow('free yet')
    chain.makeBlock([], 20_000)
    chain.run('alice', callOf('vesting', 'claim', { lock: 0 }))
    expect(locksOf(chain.state, to)).toEqual([])
  })

  it('frees more as time goes on and exactly everything at the end', () => {
    const anyLock = fc.record({
      grains: fc.bigInt({ min: 1n, max: 10n ** 18n }),
      claimed: fc.constant(0n),
      startMs: fc.nat(1_000_000),
      endMs: fc.integer({ min: 1_000_001, max: 2_000_000 }),
      cliff: fc.boolean(),
    })
    fc.assert(
      fc.property(anyLock, fc.nat(3_000_000), fc.nat(1_000_000), (lock, atMs, laterMs) => {
        const now = vestedGrains(lock, atMs)
        expect(now).toBeLessThanOrEqual(vestedGrains(lock, atMs + laterMs))
        expect(vestedGrains(lock, lock.endMs)).toBe(lock.grains)
        if (atMs <= lock.startMs) expect(now).toBe(0n)
      }),
    )
  })
})
