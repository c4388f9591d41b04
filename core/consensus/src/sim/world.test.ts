import { describe, expect, it } from 'vitest'
import { measureFinalLatency } from './latency.ts'
import { simulate } from './simulation.ts'
import {
  finalFloorMs,
  LEAST_DELAY_MS,
  MOST_DELAY_MS,
  WORLD_SEATS,
  WORLD_TRAITORS,
  worldDelays,
  worldOptions,
} from './world.ts'

/** 500 slots in all, each run in another world with other traitors; the soak runs 10,000. */
const SEEDS = [1, 2, 3, 4, 5]
const SLOTS = 100
const LATENCY_SLOTS = 30
const MOST_RATIO = 1.3
/** Far above what a run takes, for machines that do other things besides. */
const TIMEOUT_MS = 600_000

describe('the delays of the world', () => {
  it('lie between 50 and 250 ms, and no detour is shorter than the direct way', () => {
    const delays = worldDelays(1, WORLD_SEATS)
    const all = delays.flat()
    expect(Math.min(...all)).toBeGreaterThanOrEqual(LEAST_DELAY_MS)
    expect(Math.max(...all)).toBeLessThanOrEqual(MOST_DELAY_MS)
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan((MOST_DELAY_MS - LEAST_DELAY_MS) / 2)
    let shorter = 0
    for (const from of delays) {
      for (const [by, first] of from.entries()) {
        for (const [to, direct] of from.entries()) if (first + delays[by]![to]! < direct) shorter += 1
      }
    }
    expect(shorter).toBe(0)
  })

  it('make the floor of finality three hops, each of which waits for the quorum-th arrival', () => {
    // Four delegates in a row, 10 ms apart: with three voters each hop waits for the farthest of three.
    const row = [0, 1, 2, 3].map((from) => [0, 1, 2, 3].map((to) => 10 * Math.abs(from - to)))
    // The proposal comes at 0, 10 and 20, the third Notar at 40, 30 and 20, the third Final from the first.
    expect(finalFloorMs(row, [0, 1, 2], 0)).toEqual([40, 50, 60, 70])
    // Of four voters the first three count: the third Notar comes at 30, 20, 30 and 20.
    expect(finalFloorMs(row, [0, 1, 2, 3], 1)).toEqual([50, 40, 30, 40])
  })
})

describe('99 delegates in the world', () => {
  it.each(SEEDS)(
    'keep agreement and make progress beside 32 silent or equivocating ones in world %i',
    {
      timeout: TIMEOUT_MS,
    },
    (seed) => {
      const options = worldOptions({ seed, slots: SLOTS })
      expect(options.traitors).toHaveLength(WORLD_TRAITORS)
      const report = simulate(options)
      expect(report.violations).toEqual([])
      expect(report.slots).toBeGreaterThanOrEqual(SLOTS)
      expect(report.evidence).toBeGreaterThan(0)
      expect(report.finalBlocks).toBeGreaterThan(SLOTS / 2)
    },
  )

  it('make blocks of honest leaders final within 1.3 times what the three hops take', { timeout: TIMEOUT_MS }, () => {
    const { p50Ms, floorP50Ms, samples, report } = measureFinalLatency({ seed: 1, slots: LATENCY_SLOTS })
    expect(report.violations).toEqual([])
    expect(samples).toBeGreaterThan((LATENCY_SLOTS / 3) * (WORLD_SEATS - WORLD_TRAITORS))
    expect(p50Ms).toBeGreaterThanOrEqual(floorP50Ms)
    expect(p50Ms / floorP50Ms).toBeLessThanOrEqual(MOST_RATIO)
  })
})
