import { ENDLESS } from '@smartshare/lvm/testing'

/** A kind of work that is done until the gas of its transaction is used up, or as often as its gas allows. */
export interface HostileKind {
  readonly name: string
  /** Name of its method. An endless one takes nothing; one that ends takes the first and the last number of its rounds. */
  readonly method: string
  /** Whether it ends well, so that what it stored stays and goes into the root. */
  readonly ends: boolean
  /** Its part of the source of a contract. */
  readonly source: string
}

/** Entries of the map `filled`, which `fill` stores. */
export const FILLED = 100_000

/** What the kinds that reach outside find in their contract. */
const COMMON = `
local filled, fresh, texts = state.map('filled'), state.map('fresh'), state.map('texts')
local one, other, large = state.value('one', 0), state.value('other'), state.value('large')
local Noted = abi.event('Noted(text: bytes)')
local long = ('x'):rep(110)
abi.payable('setUp(other: address, large: address)', function(a, b) other:set(a) large:set(b) end)
abi.method('fill(from: integer, to: integer)', function(from, to) for i = from, to do filled[i * 7919] = i end end)
`

/** Called by others; `deep` calls itself as deep as it may. */
export const CALLED = `
abi.view('nothing()', function() end)
abi.view('deep()', function() return contract.view(system.contract(), 'deep') end, { reentrant = true })
`

/** Nearly as large in memory as a contract may be: every call brings all of it back. */
export const LARGE = `
local ballast = ('x'):rep(1000):rep(450)
abi.view('nothing()', function() if ballast == '' then error() end end)
`

let methods = 0

function endless(name: string, round: string, prepare = ''): HostileKind {
  const method = `run${methods++}`
  const source = `abi.method('${method}()', function() ${prepare} while true do ${round} end end)`
  return { name, method, source, ends: false }
}

function ending(name: string, round: string): HostileKind {
  const method = `run${methods++}`
  const source = `abi.method('${method}(from: integer, to: integer)', function(from, to) for i = from, to do ${round} end end)`
  return { name, method, source, ends: true }
}

/** What stays inside of Lua, each in a contract of its own: the corpus that fuel is measured by, without calls of its tests' host. */
export const INSIDE: readonly HostileKind[] = ENDLESS.filter(({ name }) => !name.startsWith('host calls')).map(
  ({ name, source }) => ({
    ...{ name, method: 'run', ends: false },
    source: `local function prepare() ${source} end
abi.method('run()', function() prepare()() end)`,
  }),
)

/** What reaches the state, money, other contracts and the tools of the host: all in one contract. */
export const OUTSIDE: readonly HostileKind[] = [
  endless('reads of what is not there', 'x = fresh[i] i = i + 1', 'local x, i = nil, 0'),
  endless('reads of what is stored', `x = filled[i * 7919] i = i * 31 % ${FILLED} + 1`, 'local x, i = nil, 1'),
  endless('reads of one place', 'x = one:get()', 'local x'),
  endless('writes of one place', 'i = i + 1 one:set(i)', 'local i = 0'),
  endless('writes that are taken back', 'fresh[i] = i i = i + 1', 'local i = 0'),
  endless('writes by long keys', "fresh[long .. i] = '' i = i + 1", 'local i = 0'),
  endless('large values', 'one:set(t) x = one:get()', "local x, t = nil, ('x'):rep(16000)"),
  endless(
    'tables in the state',
    'one:set(t) x = one:get()',
    'local x, t = nil, {} for i = 1, 50 do t[i] = { a = i } end',
  ),
  endless('walks', 'for k, v in pairs(filled) do x = v end', 'local x'),
  endless('walks that begin', 'for k, v in state.range(filled, i) do break end i = i + 7919', 'local i = 0'),
  endless('walks backwards', 'for k, v in state.range(filled, nil, nil, true) do x = v end', 'local x'),
  endless(
    'walks among writes',
    'for k, v in state.range(filled, i) do break end fresh[i] = 1 i = i + 7919',
    'local i = 0',
  ),
  endless('events', 'contract.pcall(f)', 'local function f() for i = 1, 1000 do Noted(long) end error() end'),
  endless('events that do not fit', 'pcall(Noted, long)'),
  endless('attempts', 'contract.pcall(f)', 'local function f() end'),
  endless('attempts that fail', 'contract.pcall(f)', 'local function f() one:set(1) error() end'),
  endless('attempts inside each other', 'f(100)', 'local function f(n) if n > 0 then contract.pcall(f, n - 1) end end'),
  endless('calls of contracts', "view(to, 'nothing')", 'local view, to = contract.view, other:get()'),
  endless('calls of large contracts', "view(to, 'nothing')", 'local view, to = contract.view, large:get()'),
  endless('calls in calls', "pcall(view, to, 'deep')", 'local view, to = contract.view, other:get()'),
  endless('calls that fail', "pcall(view, to, 'no')", 'local view, to = contract.view, other:get()'),
  endless('calls of nobody', "pcall(view, to, 'no')", "local view, to = contract.view, ('x'):rep(32)"),
  endless(
    'payments',
    'contract.pcall(f)',
    'local send, to = contract.send, other:get() local function f() for i = 1, 1000 do send(to, 1) end error() end',
  ),
  endless('payments that fail', 'pcall(send, to, 1 << 60)', 'local send, to = contract.send, other:get()'),
  endless('balances', 'x = balance(to)', 'local balance, to, x = contract.balance, other:get()'),
  endless('facts', 'x = seed()', 'local seed, x = system.seed'),
  endless('hashes', "x = hash('')", 'local hash, x = crypto.sha256'),
  endless('hashes of much', 'x = hash(t)', "local hash, x, t = crypto.sha256, nil, ('x'):rep(60000)"),
  endless(
    'signatures',
    'x = verify(key, t, signature)',
    "local verify, x, t, key, signature = crypto.verify, nil, 'x', ('\\1'):rep(33), ('\\1'):rep(64)",
  ),
  endless(
    'addresses',
    'x = parse(format(to))',
    'local parse, format, to, x = address.parse, address.format, other:get()',
  ),
  endless('addresses that are none', 'pcall(parse, long)', 'local parse = address.parse'),
  endless(
    'JSON',
    'x = d(e(t))',
    "local d, e, x, t = json.decode, json.encode, nil, {} for i = 1, 200 do t['k' .. i] = i / 3 end",
  ),
  endless(
    'JSON of lists',
    'x = d(e(t))',
    'local d, e, x, t = json.decode, json.encode, nil, {} for i = 1, 900 do t[i] = {} end',
  ),
  endless(
    'CBOR',
    'x = d(e(t))',
    "local d, e, x, t = cbor.decode, cbor.encode, nil, {} for i = 1, 200 do t['k' .. i] = i / 3 end",
  ),
  endless(
    'CBOR of lists',
    'x = d(e(t))',
    'local d, e, x, t = cbor.decode, cbor.encode, nil, {} for i = 1, 900 do t[i] = {} end',
  ),
  endless('decimals', 'x = f(1 << 62, 3, 7)', 'local f, x = decimal.mulDiv'),
  endless('decimals as texts', 'x = p(f(1 << 59, 8), 8)', 'local p, f, x = decimal.parse, decimal.format'),
  endless('errors of the host', 'pcall(hash, 1)', 'local hash = crypto.sha256'),
  ending('new entries', 'fresh[i * 7919] = i'),
  ending('new entries by long keys', "texts[long .. i] = ''"),
  ending('changed entries', `filled[(i % ${FILLED} + 1) * 7919] = -i`),
  ending('large entries', "texts[i] = ('x'):rep(16000)"),
]

/** The contract of all that reach outside. */
export const OUTSIDE_SOURCE = [COMMON, ...OUTSIDE.map(({ source }) => source)].join('\n')
