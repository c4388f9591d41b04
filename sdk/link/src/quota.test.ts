import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from './quota.ts'

describe('a token bucket', () => {
  it('never lets more pass than the burst and what flowed in', () => {
    const steps = fc.array(
      fc.record({ units: fc.integer({ min: 1, max: 50 }), waitMs: fc.integer({ min: 0, max: 500 }) }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), steps, (rate, list) => {
        const bucket = new TokenBucket(rate, 0)
        let nowMs = 0
        let passed = 0
        let largest = 0
        for (const { units, waitMs } of list) {
          nowMs += waitMs
          if (bucket.take(units, nowMs)) {
            passed += units
            largest = Math.max(largest, units)
          }
        }
        // One oversize unit may pass a full bucket; its excess is owed before the next.
        expect(passed).toBeLessThanOrEqual(rate + (rate * nowMs) / 1000 + largest + 1e-6)
      }),
    )
  })

  it('tells how long a debt takes to pay', () => {
    const bucket = new TokenBucket(100, 0)
    expect(bucket.owe(100, 0)).toBe(0)
    expect(bucket.owe(50, 0)).toBe(500)
    expect(bucket.owe(0, 500)).toBe(0)
  })

  it('ignores a clock that goes back', () => {
    const bucket = new TokenBucket(10, 1_000)
    expect(bucket.take(10, 1_000)).toBe(true)
    expect(bucket.take(1, 0)).toBe(false)
  })
})
