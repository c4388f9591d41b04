// Programs that never end by themselves, one for each kind of work: what they cost in time per unit of fuel decides what fuel is
// worth (tools/lvm/costs.mjs), and each must end within its fuel, the same everywhere.

/** A program by the kind of its work. Some need the functions `empty` and `echo` of the host. */
export interface HostileProgram {
  readonly name: string
  readonly source: string
}

const programs: Record<string, string> = {
  emptyLoop: 'while true do end',
  numericLoop: 'for i = 1, math.maxinteger do end',
  integerArithmetic: 'local a, b = 1, 7 while true do a = a * 3 + b; b = b ~ a; a = a >> 1 end',
  integerDivision: 'local a, b = math.maxinteger, 7 while true do b = a // 3 % 1000003; a = a - b % 7 end',
  floatArithmetic: 'local a, b = 1.5, 0.3 while true do a = a * 1.0001 + b; b = b - a * 0.5 end',
  floatDivision: 'local a, b = 1.5, 3.3 while true do a = b / a; b = a / 1.1; a = a // 0.3; b = b % 7.7 end',
  power: 'local a = 1.1 while true do a = (a ^ 1.7) ^ 0.5 + 1.1 end',
  mathFunctions:
    'local s, e, l, t = math.sin, math.exp, math.log, math.tan while true do s(1.5e15); e(1.3); l(7.7); t(0.7) end',
  squareRoot: 'local q, f = math.sqrt, math.floor while true do q(1.7); f(2.5) end',
  comparison: 'local a, b = "aaaaaaaaaaaab", "aaaaaaaaaaaac" while true do local x = a < b; local y = a == b end',
  listAccess:
    'local t = {} for i = 1, 1000 do t[i] = i end while true do for i = 1, 1000 do t[i] = t[1001 - i] end end',
  largeListAccess:
    'local t = {} for i = 1, 200000 do t[i] = i end local j = 1 while true do j = (j * 48271) % 199999 + 1; t[j] = j end',
  recordAccess: 'local t = { a = 1, b = 2 } while true do t.a = t.b; t.b = t.a end',
  textKeys: 'local t, i = {}, 0 while true do i = i + 1; t["k" .. i % 5000] = i end',
  integerHash:
    'local t = {} for i = 1, 20000 do t[i * 7919] = i end while true do for i = 1, 20000 do local x = t[i * 7919] end end',
  floatHash: 'local t, x = {}, 0.5 while true do x = x + 0.25; t[x % 1000] = x end',
  missingKeys: 'local t = {} while true do local x = t.a or t.b or t.c end',
  newTables: 'while true do local t = {} end',
  filledTables: 'while true do local t = { 1, 2, 3, a = 1, b = { 2 } } end',
  growingTable: 'while true do local t = {} for i = 1, 3000 do t[#t + 1] = i end end',
  keptGarbage: 'local keep = {} while true do for i = 1, 20000 do keep[i] = { i } end end',
  closures: 'while true do local x = 1; local f = function() x = x + 1 return x end; f() end',
  calls: 'local function f(a, b) return a end while true do f(1, 2) end',
  tailCalls: 'local function f(n) return f(n + 1) end f(1)',
  deepCalls: 'local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end while true do f(150) end',
  veryDeepCalls: 'local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end while true do f(100000) end',
  varargs: 'local function f(...) return select("#", ...), ... end while true do f(1, 2, 3, 4, 5, 6, 7, 8) end',
  unpackMany: 'local t = {} for i = 1, 200 do t[i] = i end while true do local x = select("#", table.unpack(t)) end',
  methods:
    'local c = {}; c.__index = c; function c:m() return self end; local o = setmetatable({}, c) while true do o:m() end',
  metamethods:
    'local o = setmetatable({}, { __add = function(a) return a end, __index = function() return 1 end, __len = function() return 3 end }) while true do local x = (o + o).y + #o end',
  deepMetamethods:
    'local o = setmetatable({}, { __index = function(t, k) if k > 0 then return t[k - 1] end return 0 end }) while true do local x = o[150] end',
  coroutines: 'local c = coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end',
  newCoroutines: 'while true do coroutine.wrap(function() end)() end',
  deadCoroutines: 'while true do coroutine.resume(coroutine.create(error)) end',
  protectedCalls: 'local f = function() end while true do pcall(f) end',
  thrownErrors: 'while true do pcall(error, 1) end',
  deepErrors: 'local function f(n) if n == 0 then error("x") end f(n - 1) return 1 end while true do pcall(f, 100) end',
  nestedProtectedCalls:
    'local function f(n) if n > 0 then pcall(f, n - 1) end error(1) end while true do pcall(f, 100) end',
  stackOverflows:
    'local t = setmetatable({}, { __index = function(t, k) return t[k] end }) while true do pcall(function() return t.x end) end',
  concatenation: 'local s = "" while true do s = s .. "x"; if #s > 2000 then s = "" end end',
  manyConcatenated: 'local a = "abc" while true do local s = a .. a .. a .. a .. a .. a .. a .. a end',
  repetition: 'while true do local s = ("x"):rep(1000000) end',
  separatedRepetition: 'while true do local s = ("x"):rep(1000, "yz") end',
  largeSubstrings: 'local s = ("x"):rep(1000000) while true do local t = s:sub(2, -2) end',
  smallSubstrings: 'local s = ("xyz"):rep(100) while true do local t = s:sub(7, 9) end',
  reversal: 'local s = ("xyz"):rep(10000) while true do s = s:reverse(); s = s:upper() end',
  bytes: 'local s = ("xyz"):rep(10) while true do local a, b, c = s:byte(1, 3); local t = string.char(a, b, c) end',
  plainFind: 'local s = ("a"):rep(20000) .. "b" while true do s:find("ab", 1, true) end',
  badPlainFind: 'local s = ("a"):rep(20000) local n = ("a"):rep(1000) .. "b" while true do s:find(n, 1, true) end',
  patternFind: 'local s = ("a"):rep(2000) while true do s:find("a-b") end',
  patternClasses: 'local s = ("ab1 "):rep(500) while true do s:find("[%a%d%s]+z") end',
  exponentialPattern: 'local s = ("a"):rep(30) while true do s:find((".-"):rep(20) .. "b") end',
  balancedPattern: 'local s = ("("):rep(300) while true do s:find("%b()") end',
  substitution: 'local s = ("hello world "):rep(20) while true do s:gsub("%w+", "<%0>") end',
  substitutionByFunction:
    'local s = ("hello world "):rep(20) while true do s:gsub("%w+", function(w) return w end) end',
  patternIteration: 'local s = ("hello world "):rep(20) while true do for w in s:gmatch("%a+") do end end',
  integerFormat: 'while true do local s = ("%d %5d %x"):format(1, 22, 333) end',
  floatFormat: 'while true do local s = ("%.14g %f %e"):format(1.1, 22.2, 333.3) end',
  longFloatFormat: 'while true do local s = ("%.99f"):format(1e308) end',
  hexFloatFormat: 'while true do local s = ("%a"):format(1.1) end',
  quotedFormat: 'local q = ("x\\n\\0"):rep(30) while true do local s = ("%q"):format(q) end',
  numbersToText: 'local i = 0 while true do i = i + 1; local s = tostring(i) .. tostring(i + 0.5) end',
  textToNumbers:
    'while true do local a = tonumber("12345") + tonumber("0x1p4") + tonumber("1.5e10") + tonumber("zz", 36) end',
  longTextToNumber: 'local s = ("9"):rep(150) while true do local a = tonumber(s) end',
  packing: 'while true do local s = string.pack("<i4z>d", 7, "abc", 1.5); string.unpack("<i4z>d", s) end',
  sorting: 'local t = {} while true do for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t) end',
  sortingByFunction:
    'local t = {} while true do for i = 1, 500 do t[i] = (i * 7919) % 1009 end table.sort(t, function(a, b) return a > b end) end',
  insertion: 'local t = {} for i = 1, 1000 do t[i] = i end while true do table.insert(t, 1, 0); table.remove(t, 1) end',
  moving: 'local t = {} for i = 1, 1000 do t[i] = i end while true do table.move(t, 1, 1000, 2) end',
  joining: 'local t = {} for i = 1, 1000 do t[i] = "ab" end while true do local s = table.concat(t, ",") end',
  iteration: 'local t = {} for i = 1, 1000 do t["k" .. i] = i end while true do for k, v in pairs(t) do end end',
  listIteration: 'local t = {} for i = 1, 1000 do t[i] = i end while true do for k, v in ipairs(t) do end end',
  codePoints: 'local s = ("é"):rep(200) while true do utf8.len(s); for p, c in utf8.codes(s) do end end',
  typeQueries:
    'while true do local a = type(1); local b = math.type(1.5); local c = rawequal(1, 2); local d = rawlen("x") end',
  longTextHashes: 'local t, s = {}, ("x"):rep(100) local i = 0 while true do i = i + 1 t[s .. i % 300] = i end',
  gotoLoop: '::again:: goto again',
  weakTables: 'local w = setmetatable({}, { __mode = "k" }) while true do w[{}] = 1 end',
  hostCalls: 'while true do empty() end',
  hostValues: 'local t = { 1, 2, "three", { four = 4 } } while true do echo(t) end',
  hostTexts: 'local s = ("x"):rep(10000) while true do echo(s) end',
  hostErrors: 'while true do pcall(fail) end',
}

export const hostilePrograms: readonly HostileProgram[] = Object.entries(programs).map(([name, source]) => ({
  name,
  source,
}))
