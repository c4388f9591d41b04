import { readFileSync } from 'node:fs'
import { fromHex } from '@smartshare/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Ancestor, orderOfRound, seedOfNextTerm, seedOfRound } from './order.ts'

interface Vector {
  seed: string
  term: number
  round: number
  seats: number
  order: number[]
}

const { valid } = JSON.parse(readFileSync(new URL('../vectors/order.json', import.meta.url), 'utf8')) as {
  valid: Vector[]
}

/** A chain of blocks at these slots on a base; each accumulator is its slot, the base's 255. */
function chainOf(...slots: readonly number[]): Ancestor {
  const base: Ancestor = { slot: -1, accumulator: Uint8Array.of(255), parent: null }
  return slots.reduce<Ancestor>((parent, slot) => ({ slot, accumulator: Uint8Array.of(slot), parent }), base)
}

const EARLY = Uint8Array.of(254)

describe('the order of turns', () => {
  it.each(valid)('is that of the vector for term $term, round $round, $seats seats', (vector) => {
    expect(orderOfRound(fromHex(vector.seed), vector.term, vector.round, vector.seats)).toEqual(vector.order)
  })

  it('gives every seat one turn in a round', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat(1000),
        fc.nat(100_000),
        fc.integer({ min: 1, max: 120 }),
        (seed, term, round, seats) => {
          const order = orderOfRound(seed, term, round, seats)
          expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: seats }, (_, seat) => seat))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('takes the early seed for the first two rounds', () => {
    expect(seedOfRound(chainOf(0, 1, 2, 3, 4), EARLY, 0, 4)).toBe(EARLY)
    expect(seedOfRound(chainOf(0, 1, 2, 3, 4), EARLY, 1, 4)).toBe(EARLY)
  })

  it('takes the accumulator of the latest ancestor a whole round back, and the base where there is none', () => {
    expect(seedOfRound(chainOf(0, 2, 3, 5, 6), EARLY, 2, 4)).toEqual(Uint8Array.of(3))
    expect(seedOfRound(chainOf(0, 2, 5, 6), EARLY, 2, 4)).toEqual(Uint8Array.of(2))
    expect(seedOfRound(chainOf(5, 6, 7), EARLY, 2, 4)).toEqual(Uint8Array.of(255))
    expect(seedOfRound(chainOf(5, 6, 7, 8, 9), EARLY, 3, 4)).toEqual(Uint8Array.of(7))
  })

  it('starts a term from the accumulator of a block a whole round before the last one', () => {
    expect(seedOfNextTerm(chainOf(0, 1, 2, 3, 4, 5, 6), 4)).toEqual(Uint8Array.of(2))
    expect(seedOfNextTerm(chainOf(0, 1, 5, 6), 4)).toEqual(Uint8Array.of(1))
    expect(seedOfNextTerm(chainOf(1, 2), 4)).toEqual(Uint8Array.of(255))
  })
})
