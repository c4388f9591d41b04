import { sha256 } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import {
  leastAttack,
  type Popularity,
  type Population,
  plainBackings,
  proportionalBackings,
  seatsFor,
  simulatedPopulation,
} from './attack.ts'
import { elect } from './phragmen.ts'

const SEATS = 99
const SUPPLY = 10n ** 18n
const LEAST_BOND = SUPPLY / 10_000n
/** Honest holders who vote with `thousandths` of the supply; bonds are just large enough for the cap hardly to bind. */
const honest = (thousandths: bigint, popularity: Popularity = 'even') =>
  simulatedPopulation(
    { candidates: 110, ballots: 400, names: 10, popularity, grains: (SUPPLY * thousandths) / 1000n, bondPart: 660n },
    'seed 1',
  )

/** Seats that an attacker wins in a real count who splits its stake evenly into bonds. */
function countWith({ candidates, ballots }: Population, grains: bigint, split: number): number {
  const own = Array.from({ length: split }, (_, i) => ({
    address: sha256(new TextEncoder().encode(`attacker ${i}`)),
    bond: grains / BigInt(split),
  }))
  const names = new Set(own.map(({ address }) => String(address)))
  return elect([...candidates, ...own], ballots, SEATS).filter(({ address }) => names.has(String(address))).length
}

describe('buying seats', () => {
  const at95 = honest(650n)
  const backings = proportionalBackings(at95, SEATS)

  it('gives 30 % of all stake far fewer seats than plain counting when 95 % vote', () => {
    const grains = (SUPPLY * 30n) / 100n
    const seats = (['slates', 'even', 'root', 'harmonic'] as const).map((popularity) => {
      const others = honest(650n, popularity)
      const won = (of: bigint[]) => seatsFor(of, SEATS, grains, LEAST_BOND)
      return [popularity, won(proportionalBackings(others, SEATS)), won(plainBackings(others, SEATS))]
    })
    // In proportion it would be 31. That it is up to 37, and not below 33, is what holders of at most ten names who do
    // not name alike leave unused (docs/spec/chain.md, "Elections").
    expect(seats).toEqual([
      ['slates', 34, 51],
      ['even', 36, 50],
      ['root', 36, 57],
      ['harmonic', 37, 63],
    ])
  })

  it('costs what the formula says, to a billionth, in a real count', () => {
    for (const target of [10, 33, 35]) {
      const cost = leastAttack(backings, SEATS, target, LEAST_BOND)
      expect(countWith(at95, cost + cost / 10n ** 9n, target)).toBe(target)
      expect(countWith(at95, cost - cost / 10n ** 9n, target)).toBeLessThan(target)
    }
  })

  it('is no cheaper with ballots instead of bonds, or cut into more or fewer candidates', () => {
    const grains = (SUPPLY * 30n) / 100n
    const best = seatsFor(backings, SEATS, grains, LEAST_BOND)
    for (const split of [20, 31, 33, 40, 60, 99]) expect(countWith(at95, grains, split)).toBeLessThanOrEqual(best)
    for (const split of [31, 33, 40, 60]) {
      const bond = grains / BigInt(split * 10)
      const addresses = Array.from({ length: split }, (_, i) => sha256(new TextEncoder().encode(`attacker ${i}`)))
      const rest = (grains - bond * BigInt(split)) / BigInt(split)
      const ballots = addresses.map((_, i) => ({
        stake: rest,
        names: Array.from({ length: 10 }, (_, j) => addresses[(i + j) % split]!),
      }))
      const candidates = [...at95.candidates, ...addresses.map((address) => ({ address, bond }))]
      const names = new Set(addresses.map(String))
      const won = elect(candidates, [...at95.ballots, ...ballots], SEATS).filter(({ address }) =>
        names.has(`${address}`),
      )
      expect(won.length).toBeLessThanOrEqual(best)
    }
  })

  it('costs more at every turnout than under plain counting', () => {
    for (const turnout of [400n, 600n, 800n, 950n]) {
      // The attacker has 15 % and votes; the others make up the turnout.
      const others = honest(turnout - 150n)
      const grains = (SUPPLY * 15n) / 100n
      const proportional = seatsFor(proportionalBackings(others, SEATS), SEATS, grains, LEAST_BOND)
      const plain = seatsFor(plainBackings(others, SEATS), SEATS, grains, LEAST_BOND)
      const share = 150 / Number(turnout)
      expect(proportional).toBeLessThan(plain)
      expect(proportional).toBeLessThan(share * SEATS * 1.25)
    }
  })

  it('is as cheap as the least bond where seats are free', () => {
    expect(leastAttack([50n, 40n], 4, 1, 7n)).toBe(7n)
    expect(leastAttack([50n, 40n], 4, 3, 7n)).toBe(120n)
    expect(seatsFor([50n, 40n], 4, 13n, 7n)).toBe(1)
  })

  it('is cheap where bonds are too small for the stake that votes', () => {
    const shape = { candidates: 140, ballots: 100, names: 10, popularity: 'even' as const, grains: SUPPLY / 2n }
    const small = proportionalBackings(simulatedPopulation({ ...shape, bondPart: 9_000n }, 'seed'), SEATS)
    const large = proportionalBackings(simulatedPopulation({ ...shape, bondPart: 900n }, 'seed'), SEATS)
    expect(leastAttack(small, SEATS, 33, 1n) * 5n).toBeLessThan(leastAttack(large, SEATS, 33, 1n))
  })
})
