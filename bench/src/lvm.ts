import { readFileSync } from 'node:fs'
import { Machine, type Outcome, textBytes } from '@smartshare/lvm'
import { type FullBlock, fullBlocks, SLOT_MS } from './lvm-block.ts'
import { fuelRatio } from './lvm-fuel.ts'
import {
  evmTransfersPerSecond,
  fengari,
  LUA_PROGRAMS,
  type LuaProgram,
  luaProgramPath,
  nativeLua,
} from './lvm-peers.ts'
import { tokenTransfersPerSecond } from './lvm-token.ts'
import { beside, type Figure, processorMs, type Report } from './report.ts'

const FUEL = 2 ** 50
const RUNS = 4
const EMPTY_CALLS = 200_000
const COLD_CALLS = 3_000
/** A program of some 500 bytes, as a small contract is. */
const SMALL_PROGRAM = `local balances = {}
local function check(name, amount)
  if type(name) ~= 'string' then error('a name is a text', 2) end
  if math.type(amount) ~= 'integer' or amount < 0 then error('an amount is a whole number', 2) end
end
local function transfer(from, to, amount)
  check(from, amount)
  check(to, amount)
  local left = (balances[from] or 0) - amount
  if left < 0 then error('there is too little') end
  balances[from] = left
  balances[to] = (balances[to] or 0) + amount
  return left
end
return function() balances.a = 9 return transfer('a', 'b', 2) end
`

/**
 * The Lua machine beside native Lua and, with `--fengari` (44 s), beside Lua in JavaScript. Fuel beside time for each kind of work, and
 * blocks that are full of each.
 */
export async function benchLvm(report: Report): Promise<void> {
  for (const name of Object.keys(LUA_PROGRAMS) as LuaProgram[]) await program(name, report)
  report(figure('empty_calls_per_s', 'calls/s', emptyCalls()))
  report(figure('cold_call_us', 'µs', coldCall()))
  await tokens(report)
  const { ratio, slowest, quickest, medianNs } = fuelRatio()
  const named = (kinds: readonly { name: string; ratio: number }[]) =>
    kinds.map((kind) => `${kind.name} ${kind.ratio.toFixed(2)}`).join(', ')
  console.error(`bench: a unit of fuel takes ${medianNs.toFixed(2)} ns in the median kind of work; times that:`)
  console.error(`bench: slowest ${named(slowest)}; quickest ${named(quickest)}`)
  report(figure('fuel_worst_ratio', 'ratio', ratio))
  await blocks(report)
}

/** Blocks of the main network that are full of one kind of hostile work, beside the time of a slot. */
async function blocks(report: Report): Promise<void> {
  let worst: FullBlock | undefined
  for await (const block of fullBlocks()) {
    report(figure(`block_ms: ${block.name}`, 'ms', block.executeMs))
    if (worst === undefined || block.executeMs > worst.executeMs) worst = block
  }
  if (worst === undefined) throw new Error('no block was executed')
  console.error(
    `bench: the worst block is full of “${worst.name}”; making it durable takes ${worst.commitMs.toFixed(0)} ms more`,
  )
  report(beside(figure('worst_block_ms', 'ms', worst.executeMs), 'slot of the main network', SLOT_MS))
}

/** Transfers of a token's contract, beside the same contract in an EVM in JavaScript with each of its state managers. */
async function tokens(report: Report): Promise<void> {
  const own = figure('token_transfers_per_s', 'calls/s', tokenTransfersPerSecond())
  const { simplePerS, merklePerS } = await evmTransfersPerSecond()
  report(beside(own, '@ethereumjs/evm, simple state', simplePerS))
  report(beside({ ...own, metric: 'token_transfers_merkle' }, '@ethereumjs/evm, Merkle state', merklePerS))
}

function figure(metric: string, unit: string, value: number): Figure {
  return { bench: 'lvm', metric, unit, value }
}

async function program(name: LuaProgram, report: Report): Promise<void> {
  const { n, warmUp } = LUA_PROGRAMS[name]
  const { machine, reference } = loaded(`${readFileSync(luaProgramPath(name), 'utf8')}\nreturn run`)
  const run = (count: number) => String(good(machine.call(reference, [BigInt(count)], FUEL)).values[0])
  run(warmUp)
  let ms = Number.POSITIVE_INFINITY
  let checksum = ''
  for (let i = 0; i < RUNS; i++) {
    const startMs = processorMs()
    checksum = run(n)
    ms = Math.min(ms, processorMs() - startMs)
  }
  const own = figure(`${name}_ms`, 'ms', ms)
  const native = await nativeLua(name)
  report(native === undefined ? own : beside(own, 'native Lua 5.4', native.ms))
  const peers = { 'native Lua': native, fengari: process.argv.includes('--fengari') ? await fengari(name) : undefined }
  if (peers.fengari !== undefined) report(beside(own, 'fengari', peers.fengari.ms))
  for (const [peer, its] of Object.entries(peers)) {
    if (its !== undefined && its.checksum !== checksum)
      throw new Error(`${name} gave ${checksum}, ${peer} ${its.checksum}`)
  }
}

/** Calls of a function that does nothing, each in a machine restored to its image. */
function emptyCalls(): number {
  const { machine, reference } = loaded('return function() end')
  const image = machine.image()
  const round = (calls: number) => {
    const startMs = processorMs()
    for (let i = 0; i < calls; i++) {
      machine.restore(image)
      good(machine.call(reference, [], 1_000_000))
    }
    return (calls * 1000) / (processorMs() - startMs)
  }
  round(EMPTY_CALLS / 10)
  return Math.max(...Array.from({ length: RUNS }, () => round(EMPTY_CALLS)))
}

/** Microseconds from an image of no program to the result of one that was loaded from source. */
function coldCall(): number {
  const machine = new Machine({})
  const image = machine.image()
  const source = textBytes(SMALL_PROGRAM)
  const round = (calls: number) => {
    const startMs = processorMs()
    for (let i = 0; i < calls; i++) {
      machine.restore(image)
      const { reference } = machine.load(source, 10_000_000)
      good(machine.call(reference!, [], 10_000_000))
    }
    return ((processorMs() - startMs) * 1000) / calls
  }
  round(COLD_CALLS / 3)
  return Math.min(...Array.from({ length: RUNS }, () => round(COLD_CALLS)))
}

function loaded(source: string): { machine: Machine; reference: number } {
  const machine = new Machine({})
  const outcome = machine.load(textBytes(source), FUEL)
  good(outcome)
  return { machine, reference: outcome.reference! }
}

function good(outcome: Outcome): Outcome & { readonly done: true } {
  if (!outcome.done) throw outcome.error
  return outcome
}
