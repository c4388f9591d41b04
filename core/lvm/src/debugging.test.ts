import { describe, expect, it } from 'vitest'
import { type Debugging, Machine } from './machine.ts'
import { textBytes } from './values.ts'

const PROGRAM = `local function deep(n)
  if n == 0 then
    error('at the bottom')
  end
  deep(n - 1)
  return 1
end
return function(n) deep(n) end`

function run(debugging: Debugging) {
  const machine = new Machine({}, debugging)
  const loaded = machine.load(textBytes(PROGRAM), 1e9, 'program')
  return machine.call(loaded.reference!, [1n], 1e9)
}

describe('a machine for tools', () => {
  it('says which lines run, of coroutines too', () => {
    const lines: string[] = []
    const machine = new Machine({}, { onLine: (chunk, line) => lines.push(`${chunk}:${line}`) })
    const source = 'local co = coroutine.wrap(function()\nlocal a = 1\nend)\nco()'
    expect(machine.load(textBytes(source), 1e9, 'program').done).toBe(true)
    expect(lines.filter((line) => line === 'program:2')).toHaveLength(1)
    lines.length = 0
    run({ onLine: (chunk, line) => lines.push(`${chunk}:${line}`) })
    expect(lines.slice(-5)).toEqual([8, 2, 5, 2, 3].map((line) => `program:${line}`))
  })

  it('says where an error happened, and costs nothing where nobody asked', () => {
    const traced = run({ traces: true })
    const plain = run({})
    if (traced.done || plain.done) throw new Error('it did not fail')
    expect(traced.trace?.match(/program:\d+(?=: in)/g)).toEqual([3, 5, 8].map((line) => `program:${line}`))
    expect(traced.error.message).toBe('program:3: at the bottom')
    expect('trace' in plain).toBe(false)
    expect(plain.error.message).toBe(traced.error.message)
    expect(plain.fuelUsed).toBeLessThan(traced.fuelUsed)
  })

  it('has what contracts lack only if it is open', () => {
    const source = textBytes('return function() return string.dump ~= nil and load ~= nil end')
    const answers = [{}, { open: true }].map((debugging) => {
      const machine = new Machine({}, debugging)
      const outcome = machine.call(machine.load(source, 1e9).reference!, [], 1e9)
      return outcome.done && outcome.values[0]
    })
    expect(answers).toEqual([false, true])
  })
})
