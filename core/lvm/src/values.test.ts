import { describe, expect, it } from 'vitest'
import { Bench, canonical } from './testing/index.ts'
import { type LuaValue, MAX_BYTES, MAX_DEPTH, MAX_ITEMS, textBytes } from './values.ts'

const bench = new Bench()

function results(body: string, args: readonly LuaValue[] = []): LuaValue[] {
  const outcome = bench.runClean(`return function(...) ${body} end`, args, 1_000_000_000)
  if (!outcome.done) throw outcome.error
  return outcome.values
}

function failure(body: string, args: readonly LuaValue[] = []): string {
  const outcome = bench.runClean(`return function(...) ${body} end`, args, 1_000_000_000)
  if (outcome.done) throw new Error(`it gave ${outcome.values.map(canonical).join(' ')}`)
  return `${outcome.error.code}: ${outcome.error.message}`
}

function nested(depth: number): LuaValue {
  return depth === 0 ? [] : [nested(depth - 1)]
}

describe('values that go in and out of Lua', () => {
  const values: [string, LuaValue, string][] = [
    ['nothing', null, 'nil'],
    ['true', true, 'boolean'],
    ['false', false, 'boolean'],
    ['the least integer', -(2n ** 63n), 'integer'],
    ['the greatest integer', 2n ** 63n - 1n, 'integer'],
    ['an integer beyond 2^53', 2n ** 53n + 1n, 'integer'],
    ['zero', 0n, 'integer'],
    ['a float that is whole', 3, 'float'],
    ['zero below zero', -0, 'float'],
    ['what is no number', Number.NaN, 'float'],
    ['infinity', Number.POSITIVE_INFINITY, 'float'],
    ['infinity below zero', Number.NEGATIVE_INFINITY, 'float'],
    ['the smallest float', Number.MIN_VALUE, 'float'],
    ['the largest float', Number.MAX_VALUE, 'float'],
    ['an empty string', new Uint8Array(), 'string'],
    ['a string with zero bytes', Uint8Array.of(0, 1, 0, 255, 0), 'string'],
    ['a string as large as the buffer', new Uint8Array(4096).fill(7), 'string'],
    ['a string larger than the buffer', new Uint8Array(4097).fill(8), 'string'],
    ['a large string', new Uint8Array(MAX_BYTES - 'string'.length).fill(9), 'string'],
    ['an empty list', [], 'table'],
    ['a list of lists', [[], [1n, [2n]], [null, true]], 'table'],
    ['a record', new Map<string, LuaValue>([['a', 1n]]), 'table'],
    [
      'a record with odd keys',
      new Map<string, LuaValue>([
        ['', 1n],
        ['\0', 2n],
        ['\uFEFF', 3n],
        ['ключ', 4n],
      ]),
      'table',
    ],
    ['a record of lists and records', new Map([['list', [new Map([['x', -0]])]]]), 'table'],
  ]

  it.each(values)('brings back %s, and Lua knows its kind', (_, value, kind) => {
    const [back, type] = results('local v = ... return v, math.type(v) or type(v)', [value])
    expect(sorted(back!)).toBe(sorted(value))
    expect(canonical(type!)).toBe(canonical(textBytes(kind)))
  })

  it.each(values)('brings %s through a function of the host', (_, value) => {
    expect(sorted(results('return echo(...)', [value])[0]!)).toBe(sorted(value))
  })

  it('keeps holes inside of a list and the number of results', () => {
    expect(results('return { 1, nil, 3 }')).toEqual([[1n, null, 3n]])
    expect(results('return nil, nil, nil')).toEqual([null, null, null])
    expect(results('return')).toEqual([])
    expect(results("return select('#', ...)", [null, 1n, null])).toEqual([3n])
  })

  it('gives a function of the host all arguments, and Lua one result or none', () => {
    results('nothing() echo() echo(nil) echo(1, nil, 3)')
    expect(bench.log).toEqual([[], [null], [1n, null, 3n]])
    expect(results("return select('#', nothing()), select('#', echo())")).toEqual([0n, 1n])
  })

  it('cuts nothing off, and makes no integer of a float', () => {
    expect(failure('return ...', [2n ** 63n])).toBe('LVM_ERROR: an integer beyond 64 bits cannot enter the contract')
    expect(failure('return ...', [[-(2n ** 63n) - 1n]])).toContain('beyond 64 bits')
    expect(results('return math.type(...)', [1])).toEqual([textBytes('float')])
    expect(results('return ... + 1', [2n ** 63n - 1n])).toEqual([-(2n ** 63n)])
  })

  it('shows one NaN outside, whatever bits a program made', () => {
    const bits = "local function bits(x) return string.pack('>d', x) end"
    const canonicalNan = Uint8Array.of(0x7f, 0xf8, 0, 0, 0, 0, 0, 0)
    const odd = "string.unpack('>d', '\\xff\\xf0\\0\\0\\1\\2\\3\\4')"
    // What unpack reads is only moved, until something is calculated with it.
    expect(results(`${bits} return bits((${odd}))`)).toEqual([Uint8Array.of(0xff, 0xf0, 0, 0, 1, 2, 3, 4)])
    expect(results(`${bits} return bits((${odd}) + 0)`)).toEqual([canonicalNan])
    expect(results(`${bits} return bits(echo((${odd})))`)).toEqual([canonicalNan])
    expect(results(`${bits} return bits(0/0), bits(math.huge - math.huge), bits(math.sqrt(-1))`)).toEqual([
      canonicalNan,
      canonicalNan,
      canonicalNan,
    ])
    expect(canonical(results(`return -(0/0), ${odd}`).slice(0, 2))).toBe('[f7ff8000000000000,f7ff8000000000000]')
  })

  it('lets no function, coroutine or mixed table out', () => {
    expect(failure('return print == nil, pcall')).toBe('LVM_ERROR: a function cannot leave the contract')
    expect(failure('return coroutine.create(pcall)')).toBe('LVM_ERROR: a thread cannot leave the contract')
    expect(failure('return { x = { pcall } }')).toContain('a function cannot leave')
    expect(failure('return { 1, 2, x = 3 }')).toContain('either a list or has text keys')
    for (const key of ['0', '-1', '5', '1.5', 'true', '{}', 'math.mininteger', '2^60']) {
      expect(failure(`return { [${key}] = 1 }`)).toContain('only lists and tables with text keys')
    }
    expect(failure("return { ['\\xff'] = 1 }")).toContain('UTF-8')
    expect(failure("return { ['\\xed\\xa0\\x80'] = 1 }")).toContain('UTF-8')
  })

  it('does not ask metamethods when values go out', () => {
    const fields = '__index = error, __len = error, __pairs = error, __name = "x", __tostring = error'
    expect(results(`return setmetatable({ 1, 2 }, { ${fields} })`)).toEqual([[1n, 2n]])
  })

  it('bounds how deep tables lie in tables', () => {
    expect(results('return ...', [nested(MAX_DEPTH - 1)])).toEqual([nested(MAX_DEPTH - 1)])
    expect(failure('return ...', [nested(MAX_DEPTH)])).toContain(`${MAX_DEPTH} deep`)
    expect(failure('local t = {} t[1] = t return t')).toContain(`${MAX_DEPTH} deep`)
    expect(failure('local t = {} t.x = { t } return echo(t)')).toContain(`${MAX_DEPTH} deep`)
  })

  it('bounds how many values leave at once', () => {
    const list = 'local t = {} for i = 1, ... do t[i] = false end'
    expect(results(`${list} return t`, [BigInt(MAX_ITEMS - 1)])[0]).toHaveLength(MAX_ITEMS - 1)
    expect(failure(`${list} return t`, [BigInt(MAX_ITEMS)])).toContain(`at most ${MAX_ITEMS} values`)
    expect(failure(`${list} return t, t`, [BigInt(MAX_ITEMS / 2)])).toContain(`at most ${MAX_ITEMS} values`)
    expect(failure(`${list} echo(t, t)`, [BigInt(MAX_ITEMS / 2)])).toContain(`at most ${MAX_ITEMS} values`)
    // Few tables that name each other many times.
    expect(failure('local t = { 1 } for i = 1, 14 do t = { t, t, t } end return t')).toContain('values leave')
  })

  it('bounds how many bytes leave at once', () => {
    const text = `local s = ('x'):rep(${MAX_BYTES / 2})`
    expect(results(`${text} return s, s`)).toHaveLength(2)
    expect(failure(`${text} return s, s, 'y'`)).toContain(`at most ${MAX_BYTES} bytes`)
    expect(failure(`${text} return { s, s, x = 1 } and { a = s, b = s }`)).toContain(`at most ${MAX_BYTES} bytes`)
    expect(failure(`${text} echo({ s, s, s })`)).toContain(`at most ${MAX_BYTES} bytes`)
  })

  it('is an error that the program may catch when the value goes to the host', () => {
    const [ok, message] = results('return pcall(echo, pcall)')
    expect([ok, new TextDecoder().decode(message as Uint8Array)]).toEqual([
      false,
      'a function cannot leave the contract',
    ])
  })
})

/** The order of fields is that of Lua's hashes. */
function sorted(value: LuaValue): string {
  const order = (item: LuaValue): LuaValue => {
    if (Array.isArray(item)) return item.map(order)
    if (!(item instanceof Map)) return item
    return new Map([...item].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, order(field)]))
  }
  return canonical(order(value))
}
