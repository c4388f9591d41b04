export { type FinalLatency, measureFinalLatency } from './latency.ts'
export type { Misdeed, SimulationOptions } from './options.ts'
export { MISDEEDS, optionsOfSeed } from './options.ts'
export { type SimulationReport, simulate } from './simulation.ts'
