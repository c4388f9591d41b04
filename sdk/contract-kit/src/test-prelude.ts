/** Chunk under which the prelude is loaded: its lines are none of the author's. */
export const TEST_CHUNK = 'kit'

/**
 * What tests find beside Lua's own libraries, written in Lua over functions of the host (test-functions.ts), which it hides.
 * It returns what the runner calls.
 */
export const TEST_PRELUDE = `
local publishSource, hasMethod, callMethod = __publish, __has, __call
local upgradeSource, announceSource, setPaused, payTo = __upgrade, __announce, __pause, __pay
local balanceOf, show, advanceBy, eventsOf = __balance, __show, __advance, __events
local protected, raise, type, rawget, setmetatable = pcall, error, type, rawget, setmetatable
local pack, unpack = table.pack, table.unpack
local ADDRESS, OPTIONS = {}, {}
local tests = {}
local contractMethods = { __name = 'contract', __metatable = 'contract' }

local function isContract(value)
  return type(value) == 'table' and getmetatable(value) == 'contract'
end

-- Contracts stand for their addresses wherever a value goes to the chain.
local function plain(value)
  if isContract(value) then return rawget(value, ADDRESS) end
  if type(value) ~= 'table' then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = plain(item) end
  return copy
end

local function plainAll(...)
  local values = pack(...)
  for i = 1, values.n do values[i] = plain(values[i]) end
  return unpack(values, 1, values.n)
end

local function withOptions(self, options)
  return setmetatable({ [ADDRESS] = rawget(self, ADDRESS), [OPTIONS] = plain(options) }, contractMethods)
end

function contractMethods.__index(self, name)
  local address = rawget(self, ADDRESS)
  if name == 'address' then return address end
  if name == 'with' then return withOptions end
  if type(name) ~= 'string' or not hasMethod(address, name) then
    raise('the contract has no method ' .. tostring(name), 2)
  end
  return function(...)
    return callMethod(address, name, rawget(self, OPTIONS), plainAll(...))
  end
end

function contractMethods.__eq(a, b)
  return rawget(a, ADDRESS) == rawget(b, ADDRESS)
end

function contractMethods.__newindex() raise('a contract is changed by its methods alone', 2) end

function test(name, f)
  if type(name) ~= 'string' or type(f) ~= 'function' then raise('test takes a name and a function', 2) end
  tests[#tests + 1] = { name = name, run = f }
end

function publish(source, options)
  local plainOptions = plain(options or {})
  local args = plainOptions.args
  plainOptions.args = nil
  local address
  if args == nil then
    address = publishSource(source, plainOptions, false)
  else
    local n = args.n or #args
    address = publishSource(source, plainOptions, true, unpack(args, 1, n))
  end
  return setmetatable({ [ADDRESS] = address }, contractMethods)
end

function contractAt(address)
  return setmetatable({ [ADDRESS] = address }, contractMethods)
end

function announceUpgrade(contract, source, options) announceSource(plain(contract), source, plain(options or {})) end
function upgrade(contract, source, options) upgradeSource(plain(contract), source, plain(options or {})) end
function pause(contract, paused, options) setPaused(plain(contract), paused, plain(options or {})) end
function pay(from, to, amount) payTo(plain(from), plain(to), amount) end
function balance(who) return balanceOf(plain(who)) end
account, height, time, ssp = __account, __height, __time, __ssp

local UNITS = { ms = 1, seconds = 1000, minutes = 60000, hours = 3600000, days = 86400000 }
function advance(by)
  local ms = 0
  for unit, count in pairs(by) do
    if unit ~= 'blocks' then
      if UNITS[unit] == nil then raise('advance knows ms, seconds, minutes, hours, days and blocks', 2) end
      ms = ms + count * UNITS[unit]
    end
  end
  advanceBy(ms, by.blocks or 0)
end

function events(name)
  local all = eventsOf()
  if name == nil then return all end
  local found = {}
  for _, event in ipairs(all) do
    if event.name == name then found[#found + 1] = event end
  end
  return found
end

function event(name)
  local found = events(name)
  if #found == 0 then raise('the last transaction said no event ' .. name, 2) end
  return found[#found].data
end

local function same(a, b)
  if type(a) ~= 'table' or type(b) ~= 'table' or isContract(a) then return a == b and math.type(a) == math.type(b) end
  for key, item in pairs(a) do
    if not same(item, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

function equal(actual, expected, note)
  actual, expected = plain(actual), plain(expected)
  if same(actual, expected) then return end
  raise((note and note .. ': ' or '') .. show(actual) .. ' is not ' .. show(expected), 2)
end

function expectError(f, part)
  if type(f) ~= 'function' or type(part) ~= 'string' or part == '' then
    raise('expectError takes a function and a part of the message', 2)
  end
  local good, why = protected(f)
  if good then raise('it went well, where an error with “' .. part .. '” was expected', 2) end
  why = tostring(why)
  if not why:find(part, 1, true) then raise('the error was “' .. why .. '”, not one with “' .. part .. '”', 2) end
  return why
end

crypto = { sha256 = __sha256, verify = __verify, sign = __sign, key = __key }
address = { parse = __parseAddress, format = __formatAddress }
json = { encode = __jsonEncode, decode = __jsonDecode }
cbor = { encode = __cborEncode, decode = __cborDecode }
decimal = { add = __add, sub = __sub, mulDiv = __mulDiv, parse = __parseDecimal, format = __formatDecimal }
for name in pairs(_G) do if name:sub(1, 2) == '__' then _G[name] = nil end end

return function(what, index)
  if what == 'run' then return tests[index].run() end
  local names = {}
  for i, one in ipairs(tests) do names[i] = one.name end
  return names
end
`
