/** A program that does one kind of work for ever, to see that its fuel ends it and how long a unit of that takes. */
export interface HostileProgram {
  readonly name: string
  readonly source: string
}

/** What a round of a kind does, after what it prepares once. */
function endless(name: string, round: string, prepare = ''): HostileProgram {
  return { name, source: `${prepare}\nreturn function() while true do ${round} end end` }
}

/** For ever; they call the host of transcript.ts. */
export const ENDLESS: readonly HostileProgram[] = [
  endless('empty loop', ''),
  endless('integer arithmetic', 'x = (x * 31 + 7) ~ (x >> 3)', 'local x = 1'),
  endless('integer division', 'x = (1 << 62) // (x % 97 + 3) + x % 7', 'local x = 5'),
  endless('float arithmetic', 'x = x * 3.7 * (1.0 - x)', 'local x = 0.3'),
  endless('float division', 'x = 1.5 / (x + 0.5) y = x // 0.3 z = y % 0.7', 'local x, y, z = 0.5'),
  endless('power', 'x = x ^ 0.99 + 1.1', 'local x = 2.5'),
  endless('trigonometry', 'x = s(x) + c(x) + t(x) + 1e6', 'local s, c, t, x = math.sin, math.cos, math.tan, 1e300'),
  endless('logarithms', 'x = l(e(x) + 1.5, 3) + q(x)', 'local l, e, q, x = math.log, math.exp, math.sqrt, 1.5'),
  endless('remainder of floats', 'x = f(1e308, 3e-308)', 'local f, x = math.fmod'),
  endless('calls', 'f(1, 2)', 'local function f(a, b) return a end'),
  endless('calls of C', 'f(1)', 'local f = math.type'),
  endless('deep calls', 'f(150)', 'local function f(n) if n > 0 then f(n - 1) end end'),
  endless('tail calls', 'f(100)', 'local function f(n) if n > 0 then return f(n - 1) end end'),
  endless('varargs', 'f(1, 2, 3, 4, 5, 6, 7, 8)', "local function f(...) return select('#', ...), ... end"),
  endless(
    'unpacking',
    'f(u(t))',
    'local u, t = table.unpack, {} for i = 1, 200 do t[i] = i end local function f() end',
  ),
  endless('packing', 'p(u(t))', 'local p, u, t = table.pack, table.unpack, {} for i = 1, 200 do t[i] = i end'),
  endless('closures', 'g = function() return g end', 'local g'),
  endless('new tables', 'g = { 1, 2, 3, x = 1 }', 'local g'),
  endless('growing tables', 't = {} for i = 1, 20000 do t[i] = i end', 'local t'),
  endless('growing hashes', 't = {} for i = 1, 5000 do t[i * 7.5] = i end', 'local t'),
  endless(
    'large tables by chance',
    'x = (x * 1103515245 + 12345) & 0xffff t[x] = x',
    'local t, x = {}, 1 for i = 0, 65535 do t[i] = i end',
  ),
  endless(
    'all memory by chance',
    'x = (x * 1103515245 + 12345) & 0x7ffff t[x] = x',
    'local t, x = {}, 1 for i = 0, 0x7ffff do t[i] = i end',
  ),
  endless(
    'tables by chance',
    'x = (x * 1103515245 + 12345) & 0xffff y = t[x][1]',
    'local t, x, y = {}, 1 for i = 0, 0xffff do t[i] = { i } end',
  ),
  endless('linked lists', 'local n = l while n do n = n.n end', 'local l for i = 1, 30000 do l = { n = l } end'),
  endless('collecting', 't[i % 20000] = { i } i = i + 1', 'local t, i = {}, 1'),
  endless('collecting strings', "t[i % 9000] = 'k' .. i i = i + 1", 'local t, i = {}, 1'),
  endless(
    'weak tables',
    't[{}] = {} s[#s + 1] = {} if #s > 500 then s = w({}, m) end',
    "local w, m = setmetatable, { __mode = 'kv' } local t, s = w({}, m), w({}, m)",
  ),
  endless('walking', 'for k, v in pairs(t) do end', 'local t = {} for i = 1, 1000 do t[i] = i t[-i] = i end'),
  endless(
    'walking with holes',
    'local k repeat k = next(t, k) until k == nil',
    'local t = {} for i = 1, 60000 do t[i * 3] = 1 end for i = 1, 60000 do t[i * 3] = nil end t[3] = 1',
  ),
  endless(
    'lengths',
    'x = #t',
    'local t, x = {} for i = 1, 30000 do t[i] = i end for i = 20000, 29999 do t[i] = nil end',
  ),
  endless('inserting at the front', 'i(t, 1, 0) if #t > 3000 then t = {} end', 'local i, t = table.insert, {}'),
  endless('moving', 'm(t, 1, 3000, 2)', 'local m, t = table.move, {} for i = 1, 3000 do t[i] = i end'),
  endless(
    'moving by metamethods',
    'm(p, 1, 100, 2)',
    'local m, t = table.move, {} local p = setmetatable({}, { __index = function(_, k) return k end, __newindex = function() end })',
  ),
  endless('sorting', 'for i = 1, 1000 do t[i] = (i * 7919) % 1009 end s(t)', 'local s, t = table.sort, {}'),
  endless(
    'sorting by a function',
    'for i = 1, 300 do t[i] = (i * 7919) % 307 end s(t, function(a, b) return a < b end)',
    'local s, t = table.sort, {}',
  ),
  endless(
    'sorting texts',
    "s(t) for i = 1, 100 do t[i] = ('x'):rep(200) .. (i * 7919) % 101 end",
    "local s, t = table.sort, { 'a' }",
  ),
  endless('comparing long texts', 'x = a < b', "local a, b, x = ('x'):rep(50000) .. 'a', ('x'):rep(50000) .. 'b'"),
  endless(
    'comparing texts of zeros',
    'x = a < b',
    "local a, b, x = ('\\0'):rep(20000) .. 'a', ('\\0'):rep(20000) .. 'b'",
  ),
  endless('equality of long texts', 'x = a == b', "local a, b, x = ('x'):rep(90000), ('x'):rep(90000)"),
  endless('joining', 's = s .. s if #s > 100000 then s = "x" end', "local s = 'x'"),
  endless('joining many', 's = a .. b .. a .. 1 .. a .. 2.5 .. b', "local a, b, s = 'aa', ('b'):rep(50)"),
  endless('concat', 's = c(t)', "local c, t, s = table.concat, {} for i = 1, 1000 do t[i] = 'item' .. i end"),
  endless('concat of numbers', 's = c(t)', 'local c, t, s = table.concat, {} for i = 1, 300 do t[i] = i * 1.1 end'),
  endless('repeating', "s = ('ab'):rep(100000)", 'local s'),
  endless('repeating one', "s = ('a'):rep(9000)", 'local s'),
  endless('cutting', 's = t:sub(2, -2)', "local t, s = ('x'):rep(100000)"),
  endless('reversing and cases', 's = t:reverse():upper():lower()', "local t, s = ('x'):rep(10000)"),
  endless('bytes', 's = c(b(t, 1, 150))', "local c, b, t, s = string.char, string.byte, ('x'):rep(200)"),
  endless('interned texts', "i = (i + 1) % 100000 s = 'key' .. i", 'local i, s = 0'),
  endless(
    'long keys',
    't[s .. i] = 1 i = i + 1 if i > 100 then i = 0 t = {} end',
    "local t, s, i = {}, ('k'):rep(3000), 0",
  ),
  endless('colliding keys', "t['k' .. i] = i i = (i + 1) % 3000", 'local t, i = {}, 0'),
  endless('plain search', "x = t:find('aaaaaaaab', 1, true)", "local t, x = ('a'):rep(20000)"),
  endless('patterns that go back', "x = t:find('.-.-.-.-b')", "local t, x = ('a'):rep(60)"),
  endless('patterns of classes', "x = t:match('^[%a%d_]+[^%z%s]*$')", "local t, x = ('aZ_9'):rep(500)"),
  endless('balanced patterns', "x = t:find('%b()x')", "local t, x = ('('):rep(300) .. (')'):rep(300)"),
  endless('frontiers', "x = t:gsub('%f[%w]%w+', '')", "local t, x = ('ab cd '):rep(300)"),
  endless('captures', "x = t:gsub('(.)(.)(.)(.)', '%4%3%2%1')", "local t, x = ('abcd'):rep(300)"),
  endless(
    'replacing by functions',
    "x = t:gsub('.', f)",
    "local t, x = ('abcd'):rep(300) local function f(c) return c end",
  ),
  endless('replacing by tables', "x = t:gsub('.', f)", "local t, x, f = ('abcd'):rep(300), nil, { a = 'b', b = 'c' }"),
  endless('gmatch', "for w in t:gmatch('%a+') do x = w end", "local t, x = ('abc de '):rep(300)"),
  endless(
    'formatting integers',
    "s = f('%d %5d %x %08X %i', i, i, i, i, i) i = i + 77777",
    'local f, i, s = string.format, 1',
  ),
  endless(
    'formatting floats',
    "s = f('%.14g %.3f %e %a', i, i, i, i) i = i * 1.1 if i > 1e300 then i = 1e-300 end",
    'local f, i, s = string.format, 1.1',
  ),
  endless('formatting huge floats', "s = f('%.99f', 1.7e308)", 'local f, s = string.format'),
  endless('formatting tiny floats', "s = f('%.99f %.99e', 5e-324, 5e-324)", 'local f, s = string.format'),
  endless('quoting', "s = f('%q', t)", "local f, s, t = string.format, nil, ('a\\0\\n\"\\r1'):rep(300)"),
  endless(
    'reading numbers',
    "x = n('1e308') + n('0x1p-1060') + n(' 12345678901234567890 ') + n('0.1234567890123456789')",
    'local n, x = tonumber',
  ),
  endless('reading long numbers', 'x = n(t)', "local n, x, t = tonumber, nil, ('9'):rep(150) .. 'e-150'"),
  endless('reading with a base', "x = n('zz9zz', 36)", 'local n, x = tonumber'),
  endless('numbers as texts', "x = '10' + 5 x = x .. '' x = '0x10' * '2'", 'local x'),
  endless('tostring', 's = t(i) s = t(i + 0.5) s = t(t) i = i + 1', 'local t, i, s = tostring, 1'),
  endless(
    'pack and unpack',
    "s = p('<i4>d>s2z', i, 1.5, 'abc', 'def') x = u('<i4>d>s2z', s)",
    'local p, u, i, s, x = string.pack, string.unpack, 5',
  ),
  endless('utf8', 'for p, c in utf8.codes(t) do x = c end', "local t, x = ('\\u{10ffff}é'):rep(300)"),
  endless('utf8 counting', 'x = utf8.len(t) x = utf8.offset(t, 900)', "local t, x = ('\\u{10ffff}é'):rep(600)"),
  endless(
    'metamethods',
    'x = t + 1 x = t .. 1 x = t[1] x = t == u x = t < u x = t() x = #t',
    'local m, x = {} for _, k in ipairs { "add", "concat", "index", "eq", "lt", "call", "len" } do m["__" .. k] = function() return 1 end end local t, u = setmetatable({}, m), setmetatable({}, m)',
  ),
  endless(
    'chains of __index',
    'x = t.none',
    'local t, x = {} for i = 1, 90 do t = setmetatable({}, { __index = t }) end',
  ),
  endless(
    'coroutines',
    'x = r(c)',
    'local c = coroutine.create(function() while true do coroutine.yield(1) end end) local r, x = coroutine.resume',
  ),
  endless('new coroutines', 'x = w(f)()', 'local w, x = coroutine.wrap local function f() return 1 end'),
  endless('closing', 'do local x <close> = t end', 'local t = setmetatable({}, { __close = function() end })'),
  endless('pcall', 'p(f)', 'local p = pcall local function f() end'),
  endless('errors', 'p(e, 1)', 'local p, e = pcall, error'),
  endless('errors with texts', "p(e, 'text', 2)", 'local p, e = pcall, error'),
  endless('errors from the core', 'p(f)', 'local p = pcall local function f() return nil + 1 end'),
  endless(
    'errors from deep down',
    'p(f, 100)',
    'local p, e = pcall, error local function f(n) if n == 0 then e(1) end f(n - 1) end',
  ),
  endless('errors handled', 'p(e, h, 1)', 'local p, e = xpcall, error local function h(x) return x end'),
  endless(
    'errors of coroutines',
    'w(p)(e) c(cr(e))',
    'local w, c, cr, p, e = coroutine.wrap, coroutine.resume, coroutine.create, pcall, error',
  ),
  endless('overflowing C', 'p(f)', 'local p = pcall local function f() return p(f) end'),
  endless('host calls', 'h()', 'local h = nothing'),
  endless('host calls with values', 'x = h(1, 2.5, true, "text")', 'local h, x = echo'),
  endless('host calls with texts', 'x = h(t)', "local h, t, x = echo, ('x'):rep(30000)"),
  endless('host calls with short texts', 'x = h("a", "b", "c", "d", "e", "f", "g", "h")', 'local h, x = echo'),
  endless('host calls with lists', 'x = h(t)', 'local h, t, x = echo, {} for i = 1, 1000 do t[i] = i end'),
  endless('host calls with records', 'x = h(t)', "local h, t, x = echo, {} for i = 1, 300 do t['key' .. i] = i end"),
  endless('host calls with deep tables', 'x = h(t)', 'local h, t, x = echo, {} for i = 1, 14 do t = { t } end'),
  endless('host calls with many tables', 'x = h(t)', 'local h, t, x = echo, {} for i = 1, 500 do t[i] = {} end'),
  endless('host calls that fail', 'p(h, "no")', 'local p, h = pcall, refuse'),
  endless('host calls that cannot take a value', 'p(h, p)', 'local p, h = pcall, echo'),
]

/** Programs that end by themselves, or by memory, in the middle of something. */
export const ENDING: readonly HostileProgram[] = [
  { name: 'memory by tables', source: 'return function() local t = {} for i = 1, 1e9 do t[i] = {} end end' },
  { name: 'memory by a text', source: "return function() local s = 'x' while true do s = s .. s end end" },
  { name: 'memory by one text', source: "return function() return ('x'):rep(1 << 30) end" },
  { name: 'a text that no memory holds', source: "return function() return ('x'):rep(1 << 40) end" },
  { name: 'memory by calls', source: 'return function() local function f() return 1 + f() end return f() end' },
  { name: 'memory by results', source: 'return function() return table.unpack({}, 1, 900000) end' },
  {
    name: 'memory by coroutines',
    source: 'return function() local t = {} while true do t[#t + 1] = coroutine.create(function() end) end end',
  },
  {
    name: 'memory in a coroutine',
    source:
      "return function() return coroutine.wrap(function() local t = {} while true do t[#t + 1] = ('x'):rep(9999) .. #t end end)() end",
  },
  {
    name: 'memory in a comparator',
    source: "return function() table.sort({ 1, 2, 3 }, function() return ('x'):rep(1 << 25) end) end",
  },
  {
    name: 'memory filled and let go',
    source:
      "return function() for i = 1, 3 do local t = {} for j = 1, 60 do t[j] = ('x'):rep(99999) .. j end end return 'done' end",
  },
  { name: 'source as large as memory', source: `return function() end --${'x'.repeat(3_000_000)}` },
  {
    name: 'many constants',
    source: `return { ${Array.from({ length: 5_000 }, (_, i) => `'k${i}'`).join(', ')} } and function() end`,
  },
  { name: 'an error in the chunk', source: "error('at once')" },
  { name: 'no program', source: 'this is not Lua' },
  { name: 'bytecode', source: '\x1bLua' },
  { name: 'a table instead of a function', source: 'return {}' },
  { name: 'an error that is a table', source: 'return function() error({}) end' },
  { name: 'an error in an error', source: "return function() return xpcall(error, function() error('again') end) end" },
  {
    name: 'an error while closing',
    source:
      "return function() local x <close> = setmetatable({}, { __close = function() error('closing') end }) error('first') end",
  },
  {
    name: 'coroutines left open',
    source:
      'return function() for i = 1, 100 do local c = coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() end }) coroutine.yield(i) end) c() end return 1 end',
  },
  {
    name: 'globals changed',
    source:
      "return function() string, math, pairs, _G.x = nil, nil, nil, 5 getmetatable('').__index = nil return 1 end",
  },
  {
    name: 'the string library changed',
    source:
      "return function() getmetatable('').__add = function() return 7 end string.rep = error return 'a' + 'b' end",
  },
  { name: 'a host error', source: "return function() refuse('no') end" },
  { name: 'a value that stays inside', source: 'return function() return function() end end' },
]

/** Programs that nest as deep as Lua lets them, each by another way from one level to the next. */
export const DEEP: readonly HostileProgram[] = [
  { name: 'pcall in pcall', source: 'return function() local function f() return pcall(f) end return f() end' },
  { name: 'xpcall in xpcall', source: 'return function() local function f() return xpcall(f, f) end return f() end' },
  {
    name: 'handlers in handlers',
    source: 'return function() local function f() return xpcall(error, f) end return f() end',
  },
  {
    name: 'coroutines in coroutines',
    source: 'return function() local function f() return coroutine.wrap(f)() end return f() end',
  },
  {
    name: 'coroutines in pcall',
    source: 'return function() local function f() return pcall(coroutine.wrap(f)) end return f() end',
  },
  {
    name: 'resume in resume',
    source: 'return function() local function f() return coroutine.resume(coroutine.create(f)) end return f() end',
  },
  {
    name: 'gsub in gsub',
    source: "return function() local function f() return (string.gsub('x', 'x', f)) end return f() end",
  },
  {
    name: 'gsub under pcall',
    source: "return function() local function f() return pcall(string.gsub, 'x', 'x', f) end return f() end",
  },
  {
    name: 'gsub with many captures',
    source: `return function() local function f() return (string.gsub(('x'):rep(150), '${'(x)'.repeat(30)}', f)) end return f() end`,
  },
  {
    name: 'patterns to their depth in gsub',
    source: `return function() local function f() return (string.gsub(('x'):rep(150), '${'x?'.repeat(150)}', f)) end return f() end`,
  },
  {
    name: 'sort in sort',
    source: 'return function() local function f() table.sort({ 3, 2, 1 }, f) return true end return f() end',
  },
  {
    name: 'sort of many in sort',
    source:
      'return function() local function f() local t = {} for i = 1, 60 do t[i] = (i * 7) % 61 end table.sort(t, function(a, b) f() return a < b end) end return f() end',
  },
  {
    name: '__index in __index',
    source:
      'return function() local m = {} m.__index = function(t, k) return t[k] end return setmetatable({}, m)[1] end',
  },
  {
    name: '__newindex in __newindex',
    source:
      'return function() local m = {} m.__newindex = function(t, k, v) t[k] = v end setmetatable({}, m)[1] = 1 end',
  },
  {
    name: '__add in __add',
    source:
      'return function() local m = {} m.__add = function(a, b) return a + b end return setmetatable({}, m) + 1 end',
  },
  {
    name: '__concat in __concat',
    source:
      "return function() local m = {} m.__concat = function(a, b) return a .. b end return setmetatable({}, m) .. 'x' end",
  },
  {
    name: '__eq in __eq',
    source:
      'return function() local m = {} m.__eq = function(a, b) return a == b end return setmetatable({}, m) == setmetatable({}, m) end',
  },
  {
    name: '__lt in __lt',
    source:
      'return function() local m = {} m.__lt = function(a, b) return a < b end return setmetatable({}, m) < setmetatable({}, m) end',
  },
  {
    name: '__call in __call',
    source: 'return function() local m = {} m.__call = function(t) return (t()) end return setmetatable({}, m)() end',
  },
  {
    name: '__tostring in format',
    source:
      "return function() local m = {} m.__tostring = function(t) return string.format('%s', t) end return tostring(setmetatable({}, m)) end",
  },
  {
    name: '__tostring in tostring',
    source:
      'return function() local m = {} m.__tostring = function(t) return tostring(t) end return tostring(setmetatable({}, m)) end',
  },
  {
    name: '__close in __close',
    source:
      'return function() local m = {} m.__close = function() local x <close> = setmetatable({}, m) end local x <close> = setmetatable({}, m) end',
  },
  {
    name: '__close in coroutine.close',
    source:
      'return function() local m = {} m.__close = function() local c = coroutine.create(function() local x <close> = setmetatable({}, m) coroutine.yield() end) coroutine.resume(c) coroutine.close(c) end m.__close() end',
  },
  {
    name: '__pairs in __pairs',
    source:
      'return function() local m = {} m.__pairs = function(t) return pairs(t) end return pairs(setmetatable({}, m)) end',
  },
  {
    name: '__len in table.concat',
    source:
      'return function() local m = {} m.__len = function(t) return #table.concat(t) end return table.concat(setmetatable({}, m)) end',
  },
  {
    name: '__index in table.unpack',
    source:
      'return function() local m = {} m.__index = function(t) return (table.unpack(t, 1, 200)) end return table.unpack(setmetatable({}, m), 1, 200) end',
  },
  {
    name: '__index in table.move',
    source:
      'return function() local m = {} m.__index = function(t) return table.move(t, 1, 1, 2, {}) end return table.move(setmetatable({}, m), 1, 1, 2, {}) end',
  },
  { name: 'iterators in iterators', source: 'return function() local function f() for x in f do end end f() end' },
  {
    name: 'format of many in __tostring',
    source:
      "return function() local m = {} m.__tostring = function(t) return string.format('%99.99f%s', 1e308, t) end return tostring(setmetatable({}, m)) end",
  },
  { name: 'parentheses in source', source: `return function() return ${'('.repeat(5_000)}1${')'.repeat(5_000)} end` },
  { name: 'parentheses to the limit', source: `return function() return ${'('.repeat(150)}1${')'.repeat(150)} end` },
  { name: 'tables in source', source: `return function() return ${'{'.repeat(150)}${'}'.repeat(150)} end` },
  { name: 'functions in source', source: `return ${'function() return '.repeat(150)} 1 ${'end '.repeat(150)}` },
  { name: 'blocks in source', source: `return function() ${'do '.repeat(150)} ${'end '.repeat(150)} end` },
  { name: 'signs in source', source: `return function() return ${'- '.repeat(5_000)} 1 end` },
  { name: 'powers in source', source: `return function() return 1 ${'^ 1 '.repeat(150)} end` },
  { name: 'concatenations in source', source: `return function() return 'a' ${".. 'a' ".repeat(150)} end` },
  {
    name: 'calls in source',
    source: `local f = function(x) return x end return function() return ${'f('.repeat(150)}1${')'.repeat(150)} end`,
  },
  { name: 'ifs in source', source: `return function() ${'if x then '.repeat(150)} ${'end '.repeat(150)} end` },
]
