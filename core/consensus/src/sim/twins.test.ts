import { quorum } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import { optionsOfTwins } from './options.ts'
import { simulate } from './simulation.ts'

// Twins (Bano et al., 2020): a traitor is two nodes with one key that stand on different sides of every partition.

const SEEDS = 30
const SEEDS_PER_TEST = 15
/** So many show every way in which agreement breaks where it may; the soak runs 500 of both. */
const SEEDS_TOO_MANY = 60
const SLOTS = 120
const TIMEOUT_MS = 300_000

describe.each([4, 7])('twins among %i delegates', (seats) => {
  const most = Math.floor((seats - 1) / 3)

  for (let first = 1; first <= SEEDS; first += SEEDS_PER_TEST) {
    it(`never break agreement, nor progress after the last partition, in seeds ${first} to ${first + SEEDS_PER_TEST - 1}`, {
      timeout: TIMEOUT_MS,
    }, () => {
      let evidence = 0
      for (let seed = first; seed < first + SEEDS_PER_TEST; seed++) {
        const report = simulate(optionsOfTwins(seed, seats, SLOTS, most))
        expect({ seed, violations: report.violations }).toEqual({ seed, violations: [] })
        expect(report.slots).toBeGreaterThanOrEqual(SLOTS)
        expect(report.finalBlocks).toBeGreaterThan(SLOTS / 6)
        evidence += report.evidence
      }
      expect(evidence).toBeGreaterThan(0)
    })
  }

  it('break agreement where they are one too many, and at least 2q − n of their keys are convicted, none but theirs', {
    timeout: TIMEOUT_MS,
  }, () => {
    const violations = new Set<string>()
    let least = Number.POSITIVE_INFINITY
    for (let seed = 1; seed <= SEEDS_TOO_MANY; seed++) {
      const report = simulate(optionsOfTwins(seed, seats, SLOTS, most + 1))
      for (const text of report.violations) violations.add(text)
      least = Math.min(least, report.convicted ?? least)
    }
    expect([...violations].filter((text) => text.includes('convict an honest seat'))).toEqual([])
    expect([...violations].some((text) => text.includes('another final block'))).toBe(true)
    expect(least).toBeGreaterThanOrEqual(2 * quorum(seats) - seats)
    expect(least).toBeLessThanOrEqual(most + 1)
  })
})
