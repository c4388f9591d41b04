import { bls } from '@smartshare/crypto'
import { hashScheme } from '@smartshare/crypto/simulated'
import { describe, expect, it } from 'vitest'
import { optionsOfSeed } from './options.ts'
import { simulate } from './simulation.ts'

const SEEDS = 100
const SLOTS = 200
const SEEDS_PER_TEST = 10
/** Far above what a run takes, for machines that do other things besides. */
const TIMEOUT_MS = 300_000
/** Every run must see this many crashes, or it shows nothing about recovery. */
const LEAST_CRASHES = 5
const BLS_SEEDS = 5
/** Twenty times what a bad quartz does: fast and slow clocks part by 4 ms in every second. */
const DRIFT_PPM = 2000
const BLS_SLOTS = 80

describe.each([4, 7])('the simulator with %i delegates', (seats) => {
  for (let first = 1; first <= SEEDS; first += SEEDS_PER_TEST) {
    it(`keeps agreement and makes progress in seeds ${first} to ${first + SEEDS_PER_TEST - 1}`, {
      timeout: TIMEOUT_MS,
    }, () => {
      let crashes = 0
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) {
        const report = simulate(optionsOfSeed(seed, seats, SLOTS, hashScheme))
        expect({ seed, violations: report.violations }).toEqual({ seed, violations: [] })
        expect(report.slots).toBeGreaterThanOrEqual(SLOTS)
        expect(report.terms).toBeGreaterThan(1)
        expect(report.crashes).toBeGreaterThanOrEqual(LEAST_CRASHES)
        crashes += report.crashes
      }
      expect(crashes).toBeGreaterThan(SEEDS_PER_TEST * 10)
    })
  }
})

describe('the simulator', () => {
  it.each(Array.from({ length: BLS_SEEDS }, (_, i) => i + 1))(
    'runs seed %i with real signatures',
    { timeout: TIMEOUT_MS },
    (seed) => {
      const report = simulate(optionsOfSeed(seed, 4, BLS_SLOTS, bls))
      expect(report.violations).toEqual([])
      expect(report.finalBlocks).toBeGreaterThan(20)
    },
  )

  it.each([4, 7])(
    'keeps agreement and makes progress while the clocks of %i delegates drift apart over terms',
    {
      timeout: TIMEOUT_MS,
    },
    (seats) => {
      for (let seed = 1; seed <= SEEDS_PER_TEST; seed++) {
        const options = optionsOfSeed(seed, seats, SLOTS, hashScheme)
        const report = simulate({ ...options, node: { ...options.node, clockDriftPpm: DRIFT_PPM } })
        expect({ seed, violations: report.violations }).toEqual({ seed, violations: [] })
        expect(report.terms).toBeGreaterThan(1)
        expect(report.crashes).toBeGreaterThanOrEqual(LEAST_CRASHES)
      }
    },
  )

  it('runs the same course again for the same seed', () => {
    const run = (seed: number) => simulate(optionsOfSeed(seed, 4, 60, hashScheme))
    expect(run(7)).toEqual(run(7))
    expect(run(7).print).not.toBe(run(8).print)
  })

  it('convicts at least 2q − n keys of two contradicting certificates', { timeout: TIMEOUT_MS }, () => {
    const convicted: number[] = []
    // Few courses give two traitors the chance; these do.
    for (let seed = 21; seed <= 40; seed++) {
      const options = optionsOfSeed(seed, 4, 40, hashScheme)
      const report = simulate({ ...options, traitors: ['twins', 'twins'], candidates: 4 })
      if (report.convicted !== null) convicted.push(report.convicted)
    }
    expect(convicted.length).toBeGreaterThan(0)
    expect(Math.min(...convicted)).toBeGreaterThanOrEqual(2)
  })
})
