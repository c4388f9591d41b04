import { Bench, ENDLESS } from '@smartshare/lvm/testing'
import { processorMs } from './report.ts'

const FUEL = 100_000_000
const RUNS = 5
const SHOWN = 5

interface Kind {
  readonly name: string
  /** Nanoseconds of a unit of fuel. */
  readonly ns: number
  /** Times those of the median kind. */
  readonly ratio: number
}

/** How unlike each other the kinds of work are in time per unit of fuel. */
export interface FuelRatio {
  readonly medianNs: number
  /** Of the slowest kind. */
  readonly ratio: number
  readonly slowest: readonly Kind[]
  readonly quickest: readonly Kind[]
}

/** Runs each kind of the hostile corpus until its fuel is used up. Takes some 40 s. */
export function fuelRatio(): FuelRatio {
  const bench = new Bench()
  const least = new Map<string, number>()
  // Round after round, so that what slows the machine for a while does not hit all runs of one kind. The first one warms up.
  for (let round = 0; round <= RUNS; round++) {
    for (const { name, source } of ENDLESS) {
      const startMs = processorMs()
      const { fuelUsed } = bench.runClean(source, [], FUEL)
      const ns = ((processorMs() - startMs) * 1e6) / fuelUsed
      if (round > 0) least.set(name, Math.min(ns, least.get(name) ?? Number.POSITIVE_INFINITY))
    }
  }
  const times = [...least].map(([name, ns]) => ({ name, ns })).sort((a, b) => b.ns - a.ns)
  const medianNs = times[Math.floor(times.length / 2)]!.ns
  const kinds = times.map(({ name, ns }) => ({ name, ns, ratio: ns / medianNs }))
  return { medianNs, ratio: kinds[0]!.ratio, slowest: kinds.slice(0, SHOWN), quickest: kinds.slice(-SHOWN) }
}
