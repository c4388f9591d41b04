import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedCache } from './bounded-cache.ts'

describe('a bounded cache', () => {
  it('makes a value once, and never holds more than its bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 9 })), (capacity, keys) => {
        const cache = new BoundedCache<string>(capacity)
        let recent: string[] = []
        for (const key of keys.map(String)) {
          let made = false
          const value = cache.getOrMake(key, () => {
            made = true
            return `value ${key}`
          })
          expect(value).toBe(`value ${key}`)
          expect(made).toBe(!recent.includes(key))
          recent = [key, ...recent.filter((other) => other !== key)].slice(0, capacity)
          expect(cache.size).toBe(recent.length)
        }
      }),
    )
  })

  it('keeps nothing of a value that could not be made', () => {
    const cache = new BoundedCache<number>(2)
    const fail = () => {
      throw new RangeError('not made')
    }
    expect(() => cache.getOrMake('a', fail)).toThrow(RangeError)
    expect(cache.size).toBe(0)
    expect(cache.getOrMake('a', () => 1)).toBe(1)
  })
})
