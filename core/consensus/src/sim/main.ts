import { parseArgs } from 'node:util'
import { bls } from '@smartshare/crypto'
import { hashScheme } from '@smartshare/crypto/simulated'
import { ALL_RULES } from '../rules.ts'
import { explore, type ModelReport } from './model.ts'
import { BROKEN, rulesWithout, SOUND } from './model-plan.ts'
import { optionsOfSeed, optionsOfTwins, type SimulationOptions } from './options.ts'
import { simulate } from './simulation.ts'
import { WORLD_SEATS, worldOptions } from './world.ts'

// `npm run sim -- --seed 7 --n 4 --slots 200` prints one run; `npm run soak` runs many and prints only what is wrong.
// `--model` explores all courses of four delegates with one traitor, with all rules and without each (docs/spec/model.md).
// `--twins` lets every traitor run twice among partitions by slots; `--world` runs 99 delegates with world-like delays.
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    n: { type: 'string', default: '4' },
    slots: { type: 'string', default: '200' },
    bls: { type: 'boolean', default: false },
    twins: { type: 'boolean', default: false },
    world: { type: 'boolean', default: false },
    model: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed)
const seeds = Number(values.seeds)
const slots = Number(values.slots)
const print = seeds === 1 && !values.quiet ? (line: string) => console.log(line) : null
/** Seeds after which a line tells how far it is. */
const SEEDS_PER_LINE = 10
let wrong = 0
let crashes = 0
let slotsRun = 0

function optionsOf(seed: number, seats: number): SimulationOptions {
  const scheme = values.bls ? bls : hashScheme
  if (values.world) return { ...worldOptions({ seed, slots }), scheme }
  if (values.twins) return { ...optionsOfTwins(seed, seats, slots, Math.floor((seats - 1) / 3)), scheme }
  return optionsOfSeed(seed, seats, slots, scheme)
}

function printModel(what: string, bounds: object, { trace, ...report }: ModelReport): void {
  console.log(`${what}: ${JSON.stringify({ ...bounds, ...report })}`)
  for (const line of trace ?? []) console.log(`  ${line}`)
}

function runModel(): void {
  for (const [rule, bounds] of Object.entries(BROKEN)) {
    const report = explore({ ...bounds, rules: rulesWithout(rule) })
    printModel(`without ${rule}`, bounds, report)
    if (report.trace === null) wrong += 1
  }
  for (const bounds of SOUND) {
    const report = explore({ ...bounds, rules: ALL_RULES })
    printModel('all rules', bounds, report)
    if (report.trace !== null) wrong += 1
  }
}

function runSeeds(): void {
  for (let seed = first; seed < first + seeds; seed++) {
    for (const seats of values.world ? [WORLD_SEATS] : values.n.split(',').map(Number)) {
      const options = optionsOf(seed, seats)
      const report = simulate(options, print)
      crashes += report.crashes
      slotsRun += report.slots
      if (report.violations.length > 0) wrong += 1
      if (report.violations.length > 0 || seeds === 1)
        console.log(JSON.stringify({ seed, seats, ...report, traitors: options.traitors }))
    }
    if (seeds > 1 && (seed - first) % SEEDS_PER_LINE === SEEDS_PER_LINE - 1) {
      console.error(`seed ${seed}: ${slotsRun} slots so far, ${wrong} runs with violations`)
    }
  }
  console.log(`${seeds} seeds, ${slotsRun} slots, ${crashes} crashes, ${wrong} runs with violations`)
}

if (values.model) runModel()
else runSeeds()
if (wrong > 0) throw new Error(`${wrong} runs with violations`)
