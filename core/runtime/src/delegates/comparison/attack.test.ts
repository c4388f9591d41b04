import { describe, expect, it } from 'vitest'
import { leastAttack, seatsFor } from '../prices.ts'
import { type Strategy, seatsWon, strategies } from './attack.ts'
import { backingsByCounting, backingsByElimination, backingsByPhragmen } from './counts.ts'
import { honestAt, honestModels } from './models.ts'

const SEATS = 99
const SUPPLY = 10n ** 18n
const LEAST_BOND = SUPPLY / 10_000n
const OUTSIDER = (SUPPLY * 30n) / 100n
const model = (name: string) => honestModels.find((one) => one.name === name)!

describe('buying seats', () => {
  it('gives 30 % of all stake fewer than 33 seats when 95 % vote, where plain counting gives half of them or more', () => {
    const seats = ['ten names', 'slates', 'communities', 'short ballots'].map((name) => {
      const others = honestAt(model(name), 650n)
      const won = (backings: bigint[]) => seatsFor(backings, SEATS, OUTSIDER, LEAST_BOND)
      const elimination = won(backingsByElimination(others, SEATS))
      expect(elimination).toBeLessThan(33)
      return [name, elimination, won(backingsByPhragmen(others, SEATS)), won(backingsByCounting(others, SEATS))]
    })
    // By elimination, by sequential Phragmén, and by plain counting. In proportion it is 31.
    expect(seats).toMatchInlineSnapshot(`
      [
        [
          "ten names",
          31,
          38,
          63,
        ],
        [
          "slates",
          32,
          39,
          64,
        ],
        [
          "communities",
          31,
          41,
          69,
        ],
        [
          "short ballots",
          31,
          48,
          68,
        ],
      ]
    `)
  })

  it('wins no more by any way of placing stake that is known', () => {
    const others = honestAt(model('short ballots'), 650n)
    const tries = strategies.flatMap((strategy) => [31, 33].map((count): [Strategy, number] => [strategy, count]))
    const won = tries.map(([strategy, count]) => seatsWon(others, strategy, { grains: OUTSIDER, count, seats: SEATS }))
    expect(Math.max(...won)).toBeLessThan(33)
    // The attack is a real one: it gets its proportion.
    expect(Math.max(...won)).toBeGreaterThanOrEqual(31)
  })

  it('costs about what the list of backings says', () => {
    const others = honestAt(model('ten names'), 650n)
    const backings = backingsByElimination(others, SEATS)
    for (const count of [10, 33, 35]) {
      const cost = leastAttack(backings, SEATS, count, LEAST_BOND)
      const wonWith = (grains: bigint) => seatsWon(others, 'bonds', { grains, count, seats: SEATS })
      expect(wonWith((cost * 110n) / 100n)).toBe(count)
      expect(wonWith((cost * 90n) / 100n)).toBeLessThan(count)
    }
  })

  it('is as cheap as the least bond where seats are free', () => {
    expect(leastAttack([50n, 40n], 4, 1, 7n)).toBe(7n)
    expect(leastAttack([50n, 40n], 4, 3, 7n)).toBe(120n)
    expect(seatsFor([50n, 40n], 4, 13n, 7n)).toBe(1)
  })

  it('is cheap where bonds are too small for the stake that votes', () => {
    const { shape } = model('ten names')
    const priceAt = (bondPart: bigint) => {
      const others = honestAt({ name: '', shape: { ...shape, bondPart } }, 650n)
      return leastAttack(backingsByElimination(others, SEATS), SEATS, 33, 1n)
    }
    expect(priceAt(9_000n) * 5n).toBeLessThan(priceAt(660n))
  })
})
