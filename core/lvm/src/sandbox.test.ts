import { describe, expect, it } from 'vitest'
import { Bench } from './testing/index.ts'
import { type LuaValue, textBytes } from './values.ts'

const bench = new Bench()
const decoder = new TextDecoder()

function run(body: string): string {
  const outcome = bench.runClean(`return function(...) ${body} end`)
  return outcome.done ? outcome.values.map(shown).join(' ') : `${outcome.error.code}: ${outcome.error.message}`
}

function shown(value: LuaValue): string {
  return value instanceof Uint8Array ? decoder.decode(value) : String(value)
}

const GLOBALS = `_G _VERSION assert coroutine echo error getmetatable ipairs math next nothing pairs pcall rawequal rawget
  rawlen rawset refuse select setmetatable string table tonumber tostring type utf8 xpcall`
const LIBRARIES = {
  coroutine: 'close create isyieldable resume running status wrap yield',
  math: `abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad sin sqrt tan
    tointeger type ult`,
  string: 'byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper',
  table: 'concat insert move pack remove sort unpack',
  utf8: 'char charpattern codepoint codes len offset',
}
const namesOf = (table: string) =>
  run(
    `local names = {} for k in pairs(${table}) do names[#names + 1] = k end table.sort(names) return table.concat(names, ' ')`,
  )

describe('what a program finds', () => {
  it('is only what cannot reach anything, and the functions of the host', () => {
    expect(namesOf('_G')).toBe(GLOBALS.replace(/\s+/g, ' '))
    for (const [name, fields] of Object.entries(LIBRARIES)) expect(namesOf(name)).toBe(fields.replace(/\s+/g, ' '))
    expect(run("return getmetatable('').__index == string, getmetatable(_G)")).toBe('true null')
    expect(namesOf("getmetatable('')")).toBe('__add __div __idiv __index __mod __mul __pow __sub __unm')
  })

  it.each(['io', 'os', 'debug', 'package', 'require', 'load', 'loadstring', 'loadfile', 'dofile', 'collectgarbage'])(
    'has no %s',
    (name) => expect(run(`return ${name}`)).toBe('null'),
  )

  it.each(['print', 'warn', 'string.dump', 'math.random', 'math.randomseed'])('has no %s', (name) => {
    expect(run(`return ${name}`)).toBe('null')
  })

  it('takes no bytecode', () => {
    for (const start of ['\x1bLua', '\x1bLuaT\0', '\x1b']) {
      expect(bench.runClean(start)).toMatchObject({ done: false, error: { code: 'LVM_ERROR' } })
    }
    const withComment = bench.runClean('#!first line\nreturn function() return 1 end')
    expect(withComment).toMatchObject({ done: false, error: { code: 'LVM_ERROR' } })
  })

  it('shows no addresses', () => {
    const things = '{}, function() end, pcall, string.rep, echo, coroutine.create(pcall)'
    const bare = 'table: 0 function: 0 function: 0 function: 0 function: 0 thread: 0'.replace(
      'function: 0 function: 0',
      'function: 0 function: 0',
    )
    const texts = run(
      `local r = {} for i, x in ipairs { ${things} } do r[i] = tostring(x) end return table.concat(r, ' ')`,
    )
    expect(texts.replaceAll('builtin: 0', 'function: 0')).toBe(bare)
    expect(
      run(
        `local r = {} for i, x in ipairs { ${things}, 'text' } do r[i] = string.format('%p', x) end return table.concat(r, ' ')`,
      ),
    ).toBe(Array(7).fill('(null)').join(' '))
    expect(run("return string.format('%s', setmetatable({}, { __name = 'Mine' }))")).toBe('Mine: 0')
    expect(run('local t = {} t.x.y = 1')).not.toMatch(/0x|\d{4,}/)
    expect(run('return {} < {}')).not.toMatch(/0x|\d{4,}/)
    expect(run('error(setmetatable({}, { __tostring = function() return "no" end }))')).toBe(
      'LVM_ERROR: the program raised an error that is no text',
    )
  })

  it('names the contract and the line in errors, nothing of the host', () => {
    expect(run('\n\nerror("so")')).toBe('LVM_ERROR: contract:3: so')
    expect(run('local x = nil + 1')).toBe('LVM_ERROR: contract:1: attempt to perform arithmetic on a nil value')
    expect(run('refuse("it")')).toBe('LVM_ERROR: refused: it')
  })

  it('has no finalizers, by whatever way they come', () => {
    const refused = /there are no finalizers here/
    const noted = 'local ran = false local function note() ran = true end'
    const pressure = 'for i = 1, 4000 do local x = { {} } end return ran'
    expect(run('setmetatable({}, { __gc = function() end })')).toMatch(refused)
    expect(run('setmetatable({}, { __gc = false })')).toMatch(refused)
    expect(run('local m = {} rawset(m, "__gc", 1) setmetatable({}, m)')).toMatch(refused)
    expect(
      run(
        'local m = setmetatable({}, { __index = { __gc = 1 }, __newindex = error }) rawset(m, "__gc", 1) setmetatable({}, m)',
      ),
    ).toMatch(refused)
    expect(
      run(`${noted} local m = setmetatable({}, { __index = { __gc = note } }) setmetatable({}, m) ${pressure}`),
    ).toBe('false')
    expect(run(`${noted} local m = {} setmetatable({}, m) m.__gc = note ${pressure}`)).toBe('false')
    expect(
      run(
        `${noted} local m = {} local t = setmetatable({}, m) m.__gc = note pcall(setmetatable, t, m) t = nil ${pressure}`,
      ),
    ).toBe('false')
    expect(run(`${noted} getmetatable('').__gc = note ${pressure}`)).toBe('false')
    expect(
      run(
        `${noted} rawget = function() end type = function() return 'x' end error = note return pcall(setmetatable, {}, { __gc = note })`,
      ),
    ).toMatch(/^false .*finalizers/)
  })

  it('leaves setmetatable as Lua has it otherwise', () => {
    expect(
      run(
        'local t, m = {}, {} return setmetatable(t, m) == t, getmetatable(t) == m, getmetatable(setmetatable(t, nil))',
      ),
    ).toBe('true true null')
    expect(run('return pcall(setmetatable, {}, 1)')).toMatch(/^false .*nil or table expected/)
    expect(run('return pcall(setmetatable, 1, {})')).toMatch(/^false .*table expected, got number/)
    expect(run('return pcall(setmetatable, setmetatable({}, { __metatable = 1 }), {})')).toBe(
      'false lua:7: cannot change a protected metatable',
    )
  })

  it('keeps one program from changing what the next one finds', () => {
    expect(run("string.rep, _G.pcall, getmetatable('').__index = nil, nil, nil return 1")).toBe('1')
    expect(run("return ('x'):rep(3), type(pcall)")).toBe('xxx function')
  })

  it('has a seed of hashes that does not change', () => {
    const order =
      "local t, r = {}, {} for i = 1, 40 do t['key' .. i] = i end for k in pairs(t) do r[#r + 1] = k end return table.concat(r, ' ')"
    expect(run(order)).toBe(run(order))
    const other = new Bench().runClean(`return function() ${order} end`)
    expect(other.done && other.values.map(shown).join()).toBe(run(order))
  })

  it('reads source as bytes', () => {
    const source = Uint8Array.of(...textBytes("return function() return '"), 0xff, 0x00, 0x80, ...textBytes("' end"))
    bench.machine.restore(bench.clean)
    const { reference } = bench.machine.load(source, 1_000_000)
    expect(bench.machine.call(reference!, [], 1_000_000)).toMatchObject({ values: [Uint8Array.of(0xff, 0x00, 0x80)] })
  })
})
