import { describe, expect, it } from 'vitest'
import { changesOf, courseOf } from './balance-course.ts'

const own = 'me'

describe('the course of a balance', () => {
  it('walks back over transfers and fees, the last of a block counting', () => {
    const transfers = [
      { height: 9, timeMs: 900, from: own, to: 'you', amount: 30n },
      { height: 5, timeMs: 500, from: 'you', to: own, amount: 100n },
    ]
    const paid = [
      { height: 9, timeMs: 900, payer: own, feeGrains: 2n },
      { height: 5, timeMs: 500, payer: 'you', feeGrains: 7n },
    ]
    const changes = changesOf(own, transfers, paid)
    expect(courseOf(changes, 68n, 1000, 0)).toEqual([
      [500, 100n],
      [900, 68n],
      [1000, 68n],
    ])
  })

  it('says nothing of what lies before what is known, and counts a payment to oneself as nothing', () => {
    const transfers = [
      { height: 8, timeMs: 800, from: own, to: own, amount: 5n },
      { height: 3, timeMs: 300, from: 'you', to: own, amount: 5n },
    ]
    expect(courseOf(changesOf(own, transfers, []), 5n, 1000, 4)).toEqual([
      [800, 5n],
      [1000, 5n],
    ])
  })
})
