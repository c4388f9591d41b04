import { type SimulationReport, simulate } from './simulation.ts'
import { finalFloorMs, WORLD_SEATS, WORLD_TRAITORS, type WorldChoice, worldOptions } from './world.ts'

export interface FinalLatency {
  /** Median over blocks of honest leaders and honest delegates, from the block's time to its finality; milliseconds. */
  readonly p50Ms: number
  /** The same median if nothing but the three hops of messages took time. */
  readonly floorP50Ms: number
  /** How many times a delegate learnt that a block is final. */
  readonly samples: number
  readonly report: SimulationReport
}

/** Measures the time to finality in simulated time with the delays of the world; all traitors are silent. */
export function measureFinalLatency(choice: Omit<WorldChoice, 'onlySilent'>): FinalLatency {
  const options = worldOptions({ ...choice, onlySilent: true })
  const { seats = WORLD_SEATS, traitors = WORLD_TRAITORS } = choice
  const voters = Array.from({ length: seats - traitors }, (_, i) => traitors + i)
  const { delays } = options.network
  const floors = new Map<number, number[]>()
  const took: number[] = []
  const least: number[] = []
  // Candidates take seats in their order in the only term of the run, and clocks agree.
  const proposedMs = new Map<string, number>()
  const report = simulate(options, null, (candidate, effect, nowMs) => {
    if (effect.type === 'build') proposedMs.set(`${effect.slot}`, nowMs)
    if (effect.type !== 'final') return
    const { leader, slot } = effect.block.header
    let floor = floors.get(leader)
    if (floor === undefined) {
      floor = finalFloorMs(delays!, voters, leader)
      floors.set(leader, floor)
    }
    took.push(nowMs - proposedMs.get(`${slot}`)!)
    least.push(floor[candidate]!)
  })
  return { p50Ms: median(took), floorP50Ms: median(least), samples: took.length, report }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
