import { measureFinalLatency } from '@smartshare/consensus/simulator'
import { beside, type Report } from './report.ts'

const SLOTS = 100
/** Each seed is another world. */
const SEEDS = [1, 2, 3]
const SILENT = 32

/**
 * Median time to finality of 99 delegates, 32 of them silent, in simulated time with one-way delays of 50 to 250 ms, for
 * blocks of honest leaders; beside it what the three hops of messages take by themselves with the same delays.
 */
export async function benchConsensus(report: Report): Promise<void> {
  const ratios: number[] = []
  for (const seed of SEEDS) {
    const { p50Ms, floorP50Ms } = measureFinalLatency({ seed, slots: SLOTS, traitors: SILENT })
    ratios.push(p50Ms / floorP50Ms)
    const figure = { bench: 'consensus', metric: `final_p50_ms_world_${seed}`, unit: 'ms', value: p50Ms }
    report(beside(figure, 'three hops of messages', floorP50Ms))
  }
  const worst = Math.max(...ratios)
  report({ bench: 'consensus', metric: 'final_ratio_99', unit: 'times', value: worst })
}
