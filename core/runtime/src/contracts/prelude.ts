/** Entries of a map that a walk fetches at a time. */
export const STATE_PAGE = 32

/**
 * What contracts find beside Lua's own libraries, written in Lua over the functions of the host (host-functions.ts), which
 * it hides. It returns what the host calls methods by: name, caller, sender and address of the contract, then arguments.
 */
export const PRELUDE = `
local register, registerEvent, emit, declare = __register, __registerEvent, __emit, __declare
local get, put, scan = __get, __put, __scan
local call, send, balance, begin, finish = __call, __send, __balance, __begin, __finish
local fact, funds = __fact, __funds
local functions = {}
local NAME, DEFAULT = {}, {}
local protected, unpack, pack, raise = pcall, table.unpack, table.pack, error
local rawget, setmetatable, type = rawget, setmetatable, type

abi = {}
for _, kind in ipairs({ 'method', 'payable', 'view', 'heavy' }) do
  abi[kind] = function(signature, f, options)
    functions[register(kind, signature, options)] = f
  end
end
function abi.constructor(signature, f, options)
  functions[register('constructor', signature, options)] = f
end
function abi.event(signature)
  local number = registerEvent(signature)
  return function(...) emit(number, ...) end
end

state = {}
local function walk(name, from, to, reverse)
  local page, at, last
  return function()
    if page == nil or (at == ${STATE_PAGE} and #page == at) then page, at = scan(name, from, to, reverse or false, last), 0 end
    at = at + 1
    local entry = page[at]
    if entry == nil then return nil end
    last = entry[1]
    return last, entry[2]
  end
end
local map = {
  __index = function(m, key) return get(m[NAME], key) end,
  __newindex = function(m, key, value) put(m[NAME], key, value) end,
  __pairs = function(m) return walk(rawget(m, NAME)) end,
  __metatable = 'map',
}
function state.map(name)
  return setmetatable({ [NAME] = declare(name) }, map)
end
function state.range(m, from, to, reverse)
  return walk(rawget(m, NAME), from, to, reverse)
end
local value = { __metatable = 'value' }
value.__index = {
  get = function(v)
    local stored = get(v[NAME], 0)
    if stored == nil then return rawget(v, DEFAULT) end
    return stored
  end,
  set = function(v, new) put(v[NAME], 0, new) end,
}
function state.value(name, default)
  return setmetatable({ [NAME] = declare(name), [DEFAULT] = default }, value)
end
local function place(l, i, length)
  if math.type(i) ~= 'integer' or i < 1 or i > length then raise('a list has places from 1 to its length', 3) end
end
local methods = {
  push = function(l, item)
    local name = l[NAME]
    local length = (get(name, 0) or 0) + 1
    put(name, length, item)
    put(name, 0, length)
  end,
  pop = function(l)
    local name = l[NAME]
    local length = get(name, 0) or 0
    if length == 0 then return nil end
    local item = get(name, length)
    put(name, length, nil)
    put(name, 0, length > 1 and length - 1 or nil)
    return item
  end,
}
local list = {
  __index = function(l, i)
    if methods[i] then return methods[i] end
    return get(l[NAME], i)
  end,
  __newindex = function(l, i, item)
    local name = l[NAME]
    place(l, i, get(name, 0) or 0)
    if item == nil then raise('a list has no gaps; pop takes its last item away', 2) end
    put(name, i, item)
  end,
  __len = function(l) return get(l[NAME], 0) or 0 end,
  __metatable = 'list',
}
function state.list(name)
  return setmetatable({ [NAME] = declare(name) }, list)
end

system = {}
local sender, caller, self
function system.sender() return sender end
function system.caller() return caller end
function system.contract() return self end
for _, name in ipairs({ 'height', 'time', 'seed', 'chain' }) do
  system[name] = function() return fact(name) end
end
function system.value(token) return funds(token) end

contract = { call = call, send = send, balance = balance }
function contract.view(address, ...)
  if type(address) == 'table' then raise('a view takes an address, no funds', 2) end
  return call({ to = address, view = true }, ...)
end
function contract.pcall(f, ...)
  local level = begin()
  local results = pack(protected(f, ...))
  finish(level, results[1])
  return unpack(results, 1, results.n)
end

crypto = { sha256 = __sha256, verify = __verify }
address = { parse = __parseAddress, format = __formatAddress }
json = { encode = __jsonEncode, decode = __jsonDecode }
cbor = { encode = __cborEncode, decode = __cborDecode }
decimal = { add = __add, sub = __sub, mulDiv = __mulDiv, parse = __parseDecimal, format = __formatDecimal }
for name in pairs(_G) do if name:sub(1, 2) == '__' then _G[name] = nil end end

return function(name, by, origin, this, ...)
  caller, sender, self = by, origin, this
  return functions[name](...)
end
`
