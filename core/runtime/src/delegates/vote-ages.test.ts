import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { powerOf, weightOf, withFresh, withoutFresh } from './vote-ages.ts'

const ages = { voteMaturityTerms: 1, voteFullTerms: 90, voteEndTerms: 180 }
const weightAt = (term: number, delay = 0) => weightOf({ renewed: 10, delay, grains: 1_000n }, term, ages)

describe('the weight of a vote', () => {
  it('is whole for 90 terms, falls in equal steps after that and is nothing from the 180th on', () => {
    expect([10, 50, 100].map((term) => weightAt(term))).toEqual([1_000n, 1_000n, 1_000n])
    expect(weightAt(101)).toBe(988n)
    expect(weightAt(145)).toBe(500n)
    expect(weightAt(189)).toBe(11n)
    expect([190, 191, 1_000].map((term) => weightAt(term))).toEqual([0n, 0n, 0n])
  })

  it('is nothing until stake is mature', () => {
    expect([10, 11, 12].map((term) => weightAt(term, 2))).toEqual([0n, 0n, 1_000n])
  })

  it('never grows with age, and is never more than the stake', () => {
    const parts = fc.array(
      fc.record({ renewed: fc.nat(50), delay: fc.constant(0), grains: fc.bigInt({ min: 0n, max: 10n ** 15n }) }),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(parts, fc.integer({ min: 50, max: 300 }), (all, term) => {
        const power = powerOf(all, term, ages)
        expect(power <= all.reduce((sum, { grains }) => sum + grains, 0n)).toBe(true)
        expect(powerOf(all, term + 1, ages) <= power).toBe(true)
      }),
    )
  })
})

describe('fresh stake', () => {
  it('is one entry for each term until it is mature, and what is taken away comes off the newest', () => {
    const three = { ...ages, voteMaturityTerms: 3 }
    let fresh = withFresh([], 5n, { term: 1, ages: three })
    fresh = withFresh(fresh, 6n, { term: 2, ages: three })
    fresh = withFresh(fresh, 1n, { term: 2, ages: three })
    expect(fresh).toEqual([
      { term: 1, matures: 4, grains: 5n },
      { term: 2, matures: 5, grains: 7n },
    ])
    expect(withFresh(fresh, 0n, { term: 4, ages: three })).toEqual([{ term: 2, matures: 5, grains: 7n }])
    expect(withoutFresh(fresh, 8n)).toEqual([{ term: 1, matures: 4, grains: 4n }])
    expect(withoutFresh(fresh, 20n)).toEqual([])
  })
})
