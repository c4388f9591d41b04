import { describe, expect, it } from 'vitest'
import { Retries } from './retries.ts'

describe('Retries', () => {
  it('tries a peer at once, then soon, then ever more rarely, but never more rarely than every five seconds', () => {
    const retries = new Retries(() => 1)
    const waits: number[] = []
    let now = 1_000
    for (let attempt = 0; attempt < 8; attempt++) {
      const before = now
      while (!retries.begin('peer', now)) now++
      waits.push(now - before)
    }
    expect(waits).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000])
  })

  it('spreads the tries of many nodes over the second half of each wait', () => {
    const least = new Retries(() => 0)
    least.begin('peer', 0)
    expect([least.begin('peer', 124), least.begin('peer', 125)]).toEqual([false, true])
  })

  it('counts each peer by itself, and begins anew after success', () => {
    const retries = new Retries(() => 1)
    for (const now of [0, 250, 750]) expect(retries.begin('a', now)).toBe(true)
    expect([retries.begin('a', 1_000), retries.begin('b', 1_000)]).toEqual([false, true])
    retries.succeeded('a')
    expect([retries.begin('a', 1_000), retries.begin('a', 1_249), retries.begin('a', 1_250)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('forgets peers that have not been tried for long, so that strangers fill no memory', () => {
    const retries = new Retries(() => 1)
    for (let peer = 0; peer < 1_000; peer++) retries.begin(`peer ${peer}`, 0)
    retries.forgetOld(20_000)
    expect(retries.size).toBe(0)
  })
})
