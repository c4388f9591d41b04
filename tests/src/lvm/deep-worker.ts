import { parentPort } from 'node:worker_threads'
import { LEVELS, Machine, textBytes } from '@smartshare/lvm'
import { Bench, DEEP, transcriptHash } from '@smartshare/lvm/testing'

/** What a thread with little stack comes to: of each deep program, and of machines in each other. */
export interface DeepReport {
  readonly programs: readonly [name: string, hash: string][]
  /** By the way down inside of each machine: how many machines were at work at once, and how it ended. */
  readonly nested: readonly [way: string, machines: number, end: string][]
}

/** The ways that take the most stack for a level of Lua's. */
const WAYS = {
  xpcall: 'xpcall(f, f)',
  pcall: 'pcall(f)',
  resume: 'coroutine.resume(coroutine.create(f))',
  wrap: 'coroutine.wrap(f)()',
}
const FUEL = 1_000_000_000
/** Often enough for the engine to compile anew what is often used. */
const TURNS = 3

/** Machines whose programs go down as far as Lua lets them and there call the next machine. */
function nested(way: string, machines: number): [number, string] {
  let deepest = 0
  const calls: (() => void)[] = []
  for (let i = 0; i < machines; i++) {
    const machine = new Machine({
      deeper: () => {
        deepest = Math.max(deepest, i + 1)
        calls[i + 1]?.()
        return undefined
      },
    })
    const body = `local n = 0 local function f() n = n + 1 if n == ${LEVELS - 4} then return deeper() end return ${way} end`
    const { reference } = machine.load(textBytes(`return function() ${body} return f() end`), FUEL)
    const image = machine.image()
    calls.push(() => {
      machine.restore(image)
      const outcome = machine.call(reference!, [], FUEL)
      if (!outcome.done) throw outcome.error
    })
  }
  try {
    for (let turn = 0; turn < TURNS; turn++) calls[0]!()
    return [deepest, 'well']
  } catch (error) {
    return [deepest, String(error)]
  }
}

const machines = Number(process.argv[2])
const bench = new Bench()
const report: DeepReport = {
  programs: DEEP.map(({ name, source }) => {
    for (let turn = 1; turn < TURNS; turn++) bench.runClean(source)
    return [name, transcriptHash(bench.transcript(source))]
  }),
  nested: Object.entries(WAYS).map(([name, way]) => [name, ...nested(way, machines)]),
}
parentPort!.postMessage(JSON.stringify(report))
