import { parseArgs } from 'node:util'
import { bls } from '@smartshare/crypto'
import { hashScheme } from '@smartshare/crypto/simulated'
import { optionsOfSeed } from './options.ts'
import { simulate } from './simulation.ts'

// `npm run sim -- --seed 7 --n 4 --slots 200` prints one run; `npm run soak` runs many and prints only what is wrong.
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    n: { type: 'string', default: '4' },
    slots: { type: 'string', default: '200' },
    bls: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed)
const seeds = Number(values.seeds)
const scheme = values.bls ? bls : hashScheme
const print = seeds === 1 && !values.quiet ? (line: string) => console.log(line) : null
let wrong = 0
let crashes = 0
for (let seed = first; seed < first + seeds; seed++) {
  for (const seats of values.n.split(',').map(Number)) {
    const options = optionsOfSeed(seed, seats, Number(values.slots), scheme)
    const report = simulate(options, print)
    crashes += report.crashes
    if (report.violations.length > 0) wrong += 1
    if (report.violations.length > 0 || seeds === 1)
      console.log(JSON.stringify({ seed, seats, ...report, traitors: options.traitors }))
  }
}
console.log(`${seeds} seeds, ${crashes} crashes, ${wrong} runs with violations`)
if (wrong > 0) throw new Error(`${wrong} runs with violations`)
