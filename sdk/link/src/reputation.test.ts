import { describe, expect, it } from 'vitest'
import { Reputation } from './reputation.ts'

function setUp() {
  const clock = { nowMs: 0 }
  const banned: string[] = []
  const reputation = new Reputation({
    banThreshold: 10,
    forgivenPerSecond: 1,
    banMs: 5_000,
    mostMerit: 20,
    meritKeptPerSecond: 0.5,
    maxRemembered: 3,
    now: () => clock.nowMs,
    onBan: (peer) => banned.push(peer),
  })
  return { clock, banned, reputation }
}

describe('reputation', () => {
  it('bans for a time whoever does too much wrong', () => {
    const { clock, banned, reputation } = setUp()
    expect(reputation.fault('a', 6, 'junk')).toBe(false)
    expect(reputation.fault('a', 6, 'junk')).toBe(true)
    // What was on its way when it was banned.
    for (let i = 0; i < 5; i++) expect(reputation.fault('a', 10, 'junk')).toBe(true)
    expect(banned).toEqual(['a'])
    expect(reputation.isBanned('a')).toBe(true)
    clock.nowMs = 5_000
    expect(reputation.isBanned('a')).toBe(false)
  })

  it('forgives with time', () => {
    const { clock, reputation } = setUp()
    reputation.fault('a', 9, 'junk')
    clock.nowMs = 9_000
    expect(reputation.fault('a', 9, 'junk')).toBe(false)
    expect(reputation.fault('a', 1, 'junk')).toBe(true)
  })

  it('remembers no more than its bound, the newest', () => {
    const { reputation } = setUp()
    for (const peer of ['a', 'b', 'c', 'd']) reputation.ban(peer, 'test')
    expect(['a', 'b', 'c', 'd'].map((peer) => reputation.isBanned(peer))).toEqual([false, true, true, true])
  })

  it('counts merits up to a bound, lets them fade, and lets them make up for no fault', () => {
    const { clock, banned, reputation } = setUp()
    for (let i = 0; i < 9; i++) reputation.merit('a', 5)
    expect(reputation.score('a')).toBe(20)
    clock.nowMs = 2_000
    expect(reputation.score('a')).toBe(5)
    expect(reputation.fault('a', 6, 'junk')).toBe(false)
    expect(reputation.score('a')).toBe(-1)
    expect(reputation.fault('a', 6, 'junk')).toBe(true)
    expect(banned).toEqual(['a'])
    expect(reputation.banned).toBe(1)
    clock.nowMs = 9_000
    expect(reputation.banned).toBe(0)
    expect(reputation.score('somebody')).toBe(0)
  })
})
