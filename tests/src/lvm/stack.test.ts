import { fileURLToPath } from 'node:url'
import { Bench, DEEP } from '@smartshare/lvm/testing'
import { describe, expect, it } from 'vitest'
import type { DeepReport } from './deep-worker.ts'
import { run } from './run.ts'
import { COMPILERS } from './transcripts.ts'

/** A quarter of what the thread has that executes blocks. */
const STACK_MIB = 4
/** Contracts that call each other. */
const MACHINES = 8
/** Of 1 MiB. */
const MOST_STACK_BYTES = 256 * 1024

describe('the deepest programs', () => {
  it('end as Lua lets them, the same by every compiler, in a quarter of the stack that there is', async () => {
    const main = fileURLToPath(new URL('deep-main.ts', import.meta.url))
    const reports: DeepReport[] = []
    for (const options of Object.values(COMPILERS)) {
      const printed = await run(['--conditions=source', ...options, main, String(STACK_MIB), String(MACHINES)])
      reports.push(JSON.parse(printed))
    }
    for (const { programs, nested } of reports) {
      expect(programs).toEqual(reports[0]!.programs)
      expect(nested).toEqual(nested.map(([way]) => [way, MACHINES, 'well']))
    }
  })

  it('use at most a quarter of the stack in memory', () => {
    const bench = new Bench()
    const most = DEEP.map(({ name, source }) => {
      bench.runClean(source)
      return { name, bytes: bench.machine.stackBytes }
    }).filter(({ bytes }) => bytes > MOST_STACK_BYTES)
    expect(most).toEqual([])
  })

  it('count levels through pcall, metamethods and coroutines alike', () => {
    const bench = new Bench()
    const depth = (body: string) => {
      const outcome = bench.runClean(
        `local n = 0 local function f() n = n + 1 ${body} end return function() pcall(f) return n end`,
      )
      return outcome.done ? Number(outcome.values[0]) : outcome.error.message
    }
    expect(depth('return pcall(f)')).toBe(157)
    expect(depth('return coroutine.resume(coroutine.create(f))')).toBe(157)
    expect(depth('return setmetatable({}, { __index = f }).x')).toBe(157)
    // Calls of Lua in Lua take no level.
    expect(depth('if n < 5000 then f() end')).toBe(5000)
  })
})
