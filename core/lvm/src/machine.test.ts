import { SmartshareError } from '@smartshare/codec'
import { describe, expect, it } from 'vitest'
import { type HostFunction, LuaError, LvmFault, Machine, type Outcome } from './index.ts'
import { Bench, DEEP, ENDLESS, generateProgram, mutateProgram, testHost } from './testing/index.ts'
import { type LuaValue, textBytes } from './values.ts'

const bench = new Bench()
const decoder = new TextDecoder()
const FUEL = 10_000_000
const MUTANTS = 1_000

function shown(outcome: Outcome): string {
  if (!outcome.done) return `${outcome.error.code}: ${outcome.error.message}`
  return outcome.values.map((value) => (value instanceof Uint8Array ? decoder.decode(value) : String(value))).join(' ')
}

const run = (body: string, args: readonly LuaValue[] = [], fuel = FUEL) =>
  shown(bench.runClean(`return function(...) ${body} end`, args, fuel))

/** Ways in which a program calls f, all of which a failure of f must come through. */
const CALLERS = {
  directly: 'f()',
  'under pcall': 'pcall(f)',
  'under xpcall': 'xpcall(f, function() return 1 end)',
  'in a handler of xpcall': 'xpcall(error, f)',
  'in a coroutine': 'coroutine.wrap(f)()',
  'in a resumed coroutine': 'coroutine.resume(coroutine.create(f))',
  'in a coroutine under pcall': 'pcall(coroutine.wrap(function() pcall(f) end))',
  'after a yield': 'local c = coroutine.wrap(function() coroutine.yield() f() end) c() pcall(c)',
  'after a yield over pcall':
    'local c = coroutine.wrap(function() pcall(function() coroutine.yield() f() end) end) c() pcall(c)',
  'in a metamethod': 'pcall(function() return setmetatable({}, { __add = f }) + 1 end)',
  'in __index': 'pcall(function() return setmetatable({}, { __index = f }).x end)',
  'in __tostring': 'pcall(tostring, setmetatable({}, { __tostring = f }))',
  'in an iterator': 'pcall(function() for _ in f do end end)',
  'in a comparator': 'pcall(table.sort, { 3, 2, 1 }, f)',
  'in gsub': "pcall(string.gsub, 'abc', '.', f)",
  'while closing': 'pcall(function() local x <close> = setmetatable({}, { __close = f }) end)',
  'while closing after an error': 'pcall(function() local x <close> = setmetatable({}, { __close = f }) error(1) end)',
  'in coroutine.close':
    'local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = f }) coroutine.yield() end) coroutine.resume(c) coroutine.close(c)',
}
const callers = Object.entries(CALLERS)

describe('a function of the host', () => {
  it.each(callers)('can be called %s', (_, caller) => {
    run(`local f = function() return (echo('called')) end ${caller}`)
    expect(bench.log[0]).toEqual([textBytes('called')])
  })

  it('can be called itself as a metamethod, comparator, callback, iterator and coroutine', () => {
    expect(run("return (string.gsub('abc', '%w', echo))")).toBe('abc')
    expect(run('return setmetatable({}, { __index = nothing }).x')).toBe('null')
    expect(run('return coroutine.wrap(echo)(7)')).toBe('7')
    expect(run('return pcall(table.sort, { 2, 1 }, nothing)')).toBe('true')
    expect(run('return select("#", xpcall(error, echo, 1))')).toBe('2')
    expect(run('local x <close> = setmetatable({}, { __close = nothing }) return 1')).toBe('1')
  })

  it('raises an error that a program can catch', () => {
    expect(run("return pcall(refuse, 'no')")).toBe('false refused: no')
    expect(run("return select(2, coroutine.resume(coroutine.create(refuse), 'no'))")).toBe('refused: no')
    expect(run("local ok, e = pcall(string.gsub, 'x', '.', function() refuse('no') end) return e")).toBe('refused: no')
    expect(run("return xpcall(refuse, function(e) return e .. '!' end, 'no')")).toBe('false refused: no!')
    expect(run("local x <close> = setmetatable({}, { __close = function(_, e) echo(e) end }) refuse('no')")).toBe(
      'LVM_ERROR: refused: no',
    )
    expect(bench.log).toContainEqual([textBytes('refused: no')])
  })

  it('knows the fuel that is left and takes some', () => {
    const seen: number[] = []
    const machine: Machine = new Machine({
      look: () => {
        seen.push(machine.fuel)
        return undefined
      },
      take: ([units]) => {
        machine.charge(Number(units))
        return undefined
      },
    })
    const clean = machine.image()
    const ask = (body: string) => {
      machine.restore(clean)
      const { reference } = machine.load(textBytes(`return function() ${body} end`), FUEL)
      return machine.call(reference!, [], 100_000)
    }
    const plain = ask('look() look()')
    const more = ask('look() take(5000) look()')
    expect(plain.done && more.done).toBe(true)
    const [a, b, c, d] = seen as [number, number, number, number]
    expect(c - d).toBeGreaterThanOrEqual(a - b + 5_000)
    expect(100_000 - plain.fuelUsed).toBeLessThan(b)
    expect(ask('pcall(take, 99000)')).toMatchObject({ done: false, fuelUsed: 100_000, error: { code: 'LVM_FUEL' } })
  })

  it('ends the whole call when it throws anything but a LuaError', () => {
    const thrown = new SmartshareError('CALL_FUNDS', 'of the house')
    const [machine, call] = failing(() => {
      throw thrown
    })
    const image = machine.image()
    expect(call).toThrow(thrown)
    expect(call).toThrow(expect.objectContaining({ code: 'LVM_TORN' }))
    expect(() => machine.image()).toThrow(expect.objectContaining({ code: 'LVM_TORN' }))
    machine.restore(image)
    expect(call).toThrow(thrown)
  })

  it('breaks the machine for good when it throws what nobody foresaw', () => {
    const [machine, call] = failing(() => {
      throw new RangeError('Maximum call stack size exceeded')
    })
    const image = machine.image()
    expect(call).toThrow(RangeError)
    machine.restore(image)
    expect(call).toThrow(expect.objectContaining({ code: 'LVM_BROKEN' }))
  })

  it('cannot use the machine that it is called by', () => {
    let inner = ''
    const machine: Machine = new Machine({
      again: () => {
        for (const act of [() => machine.load(textBytes('return nil'), FUEL), () => machine.restore(image)]) {
          try {
            act()
          } catch (error) {
            inner += (error as SmartshareError).code
          }
        }
        return undefined
      },
    })
    const image = machine.image()
    expect(machine.load(textBytes('again()'), FUEL)).toMatchObject({ done: true })
    expect(inner).toBe('LVM_BUSYLVM_BUSY')
  })
})

/** A machine whose only function does this, and a call of a program that calls it under pcall. */
function failing(act: HostFunction): [Machine, () => void] {
  const machine = new Machine({ act })
  return [
    machine,
    () => {
      const outcome = machine.load(textBytes('local p = pcall p(act) error("came through")'), FUEL)
      if (!outcome.done) throw outcome.error
    },
  ]
}

describe('a fault', () => {
  it.each(callers)('of fuel is caught by nothing: %s', (_, caller) => {
    const outcome = bench.runClean(`return function() local f = function() while true do end end ${caller} echo(1) end`)
    expect(shown(outcome)).toBe('LVM_FUEL: the fuel of the call is used up')
    expect(outcome.fuelUsed).toBe(20_000_000)
    expect(outcome.done || outcome.error instanceof LvmFault).toBe(true)
    expect(bench.log).toEqual([])
  })

  it.each(callers)('of memory is caught by nothing: %s', (_, caller) => {
    const fill = "local f = function() local s = 'x' while true do s = s .. s end end"
    expect(run(`${fill} ${caller} echo(1)`)).toBe('LVM_MEMORY: the memory of the call is used up')
    expect(bench.log).toEqual([])
  })

  it.each(callers)('of fuel inside of the host is caught by nothing: %s', (_, caller) => {
    const body = `local t = {} for i = 1, 300 do t[i] = i end local f = function() while true do echo(t) end end ${caller}`
    expect(run(`${body} refuse('no')`, [], 3_000_000)).toBe('LVM_FUEL: the fuel of the call is used up')
  })

  it('comes when fuel ends at any step, and always the same way', () => {
    const body = `local t = { pcall(refuse, 'x') } for i = 1, 5 do t[i] = ('%5.2f'):format(i) end
      table.sort(t) local c = coroutine.wrap(function() coroutine.yield(echo(t[1])) end) return c(), #t`
    const source = `return function() ${body} end`
    const { fuelUsed } = bench.runClean(source)
    expect(shown(bench.runClean(source, [], fuelUsed))).not.toContain('LVM')
    const step = Math.max(1, Math.floor(fuelUsed / 700))
    for (let fuel = 1; fuel < fuelUsed; fuel += step) {
      const outcome = bench.runClean(source, [], fuel)
      expect([fuel, shown(outcome), outcome.fuelUsed]).toEqual([
        fuel,
        'LVM_FUEL: the fuel of the call is used up',
        fuel,
      ])
    }
  })

  it('of another machine can be told by its class', () => {
    expect(new LvmFault('LVM_FUEL', 'x')).toBeInstanceOf(SmartshareError)
    expect(new LuaError('x')).not.toBeInstanceOf(SmartshareError)
  })
})

describe('a machine', () => {
  const PROBE = "return function(x) calls = (calls or 0) + 1 return x, calls, ('x'):rep(3) end"

  it('is used again after an error, with what the program kept', () => {
    bench.machine.restore(bench.clean)
    const { reference } = bench.machine.load(
      textBytes('n = 0 return function() n = n + 1 if n % 2 == 0 then error(n) end return n end'),
      FUEL,
    )
    const four = [1, 2, 3, 4].map(() => shown(bench.machine.call(reference!, [], FUEL)))
    expect(four).toEqual(
      ['1', 'the program raised an error that is no text', '3', 'the program raised an error that is no text'].map(
        (text) => (text.length > 1 ? `LVM_ERROR: ${text}` : text),
      ),
    )
  })

  it('keeps several programs apart by their numbers', () => {
    bench.machine.restore(bench.clean)
    const [one, two] = ['1', '2'].map(
      (n) => bench.machine.load(textBytes(`return function() return ${n} end`), FUEL).reference!,
    )
    expect([two!, one!, two!].map((number) => shown(bench.machine.call(number, [], FUEL)))).toEqual(['2', '1', '2'])
    expect(shown(bench.machine.call(99, [], FUEL))).toBe('LVM_ERROR: attempt to call a nil value')
    expect(bench.machine.load(textBytes('local x = 1'), FUEL).reference).toBeUndefined()
  })

  it('refuses a call after a fault until memory is restored, and is then as before', () => {
    bench.machine.restore(bench.clean)
    const loaded = bench.machine.load(textBytes(PROBE), FUEL)
    const image = bench.machine.image()
    const probe = () => {
      bench.machine.restore(image)
      const outcome = bench.machine.call(loaded.reference!, [5n], FUEL)
      return `${shown(outcome)} ${outcome.fuelUsed}`
    }
    const before = probe()
    expect(before).toMatch(/^5 1 xxx \d+$/)
    for (const body of ['while true do end', "return ('x'):rep(1 << 30)", 'error(1)', 'return pcall', 'refuse()']) {
      const bad = bench.machine.load(textBytes(`return function() ${body} end`), FUEL)
      const outcome = bench.machine.call(bad.reference!, [], FUEL)
      expect(outcome.done).toBe(false)
      if (!outcome.done && outcome.error instanceof LvmFault) {
        expect(() => bench.machine.call(loaded.reference!, [], FUEL)).toThrow(
          expect.objectContaining({ code: 'LVM_TORN' }),
        )
      }
      expect(probe()).toBe(before)
    }
  })

  it('ends a program that has too little fuel to be loaded', () => {
    for (const fuel of [0, 1, 100, 5_000]) {
      bench.machine.restore(bench.clean)
      expect(bench.machine.load(textBytes(PROBE), fuel)).toMatchObject({
        done: false,
        error: { code: 'LVM_FUEL' },
        fuelUsed: fuel,
      })
    }
  })

  it('takes as much fuel for the same call whatever ran before', () => {
    const used = () => bench.runClean(PROBE, [1n]).fuelUsed
    const first = used()
    bench.runClean('return function() while true do pcall(error, {}) end end')
    expect(used()).toBe(first)
    expect(new Bench().run(PROBE, [1n]).fuelUsed).toBe(first)
  })

  it('gives an error text cut at 200 bytes, of any bytes', () => {
    expect(run("error(('ä'):rep(5000), 0)")).toBe(`LVM_ERROR: ${'ä'.repeat(100)}`)
    expect(run("error('\\xff\\0', 0)")).toBe('LVM_ERROR: \uFFFD\0')
    expect(run('error()')).toBe('LVM_ERROR: the program raised an error that is no text')
  })

  it('survives whatever chance makes of programs, and ends them as programs end', () => {
    const short = [...ENDLESS, ...DEEP].map(({ source }) => source).filter(({ length }) => length < 1_000)
    for (let seed = 0; seed < MUTANTS; seed++) {
      const source = seed % 2 === 0 ? generateProgram(seed) : short[seed % short.length]!
      const outcome = bench.runClean(mutateProgram(source, seed), [7n, 1.5], 2_000_000)
      const code = outcome.done ? 'done' : outcome.error.code
      expect([seed, code]).toEqual([seed, expect.stringMatching(/^(done|LVM_ERROR|LVM_FUEL|LVM_MEMORY)$/)])
    }
  })

  it('lets functions of the host have any names, and be replaced by the program', () => {
    const machine = new Machine({ ...testHost(), 'odd name': () => 3n })
    const { reference } = machine.load(textBytes("echo = _G['odd name'] return function() return echo() end"), FUEL)
    expect(shown(machine.call(reference!, [], FUEL))).toBe('3')
  })
})
