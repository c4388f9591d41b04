import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SortedTexts } from './sorted-texts.ts'

describe('SortedTexts', () => {
  it('steps forward and back like a sorted array, across many runs', () => {
    const sorted = new SortedTexts()
    const model: string[] = []
    // 7919 is a prime, so the texts come in a scattered order and cut runs in the middle.
    for (let i = 0; i < 5000; i += 1) sorted.add(String((i * 7919) % 5000).padStart(4, '0'))
    for (let i = 0; i < 5000; i += 1) if (i % 3 === 0) sorted.delete(String(i).padStart(4, '0'))
    for (let i = 0; i < 5000; i += 1) if (i % 3 !== 0) model.push(String(i).padStart(4, '0'))
    const up: string[] = []
    for (let text = sorted.next('', false); text !== undefined; text = sorted.next(text, true)) up.push(text)
    const down: string[] = []
    for (let text = sorted.before(undefined); text !== undefined; text = sorted.before(text)) down.push(text)
    expect(up).toEqual(model)
    expect(down).toEqual([...model].reverse())
    expect(sorted.size).toBe(model.length)
  })

  it('agrees with a sorted array after any additions and deletions', () => {
    const text = fc.string({ maxLength: 2, unit: fc.constantFrom('a', 'b', '\u00ff', '\u0000') })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), text), { maxLength: 80 }), text, (steps, probe) => {
        const sorted = new SortedTexts()
        const model = new Set<string>()
        for (const [add, one] of steps) {
          if (add) {
            sorted.add(one)
            model.add(one)
          } else {
            sorted.delete(one)
            model.delete(one)
          }
        }
        const all = [...model].sort()
        expect(sorted.size).toBe(all.length)
        expect(sorted.next(probe, false)).toBe(all.find((one) => one >= probe))
        expect(sorted.next(probe, true)).toBe(all.find((one) => one > probe))
        expect(sorted.before(probe)).toBe(all.filter((one) => one < probe).at(-1))
        expect(sorted.before(undefined)).toBe(all.at(-1))
      }),
    )
  })
})
