-- Names for addresses. A name belongs to whoever registered it first, as long as it is paid for by the year.
-- Who wants one first commits to a hash and reveals a little later, so that nobody who watches can snatch the name.

local YEAR_MS = 365 * 24 * 3600 * 1000
-- A commitment must be older than a copy of it could be, and does not wait for ever.
local LEAST_AGE_MS, MOST_AGE_MS = 60 * 1000, 24 * 3600 * 1000
-- After its year a name stands still; its owner alone may still renew it.
local GRACE_MS = 30 * 24 * 3600 * 1000
local MOST_AHEAD_MS = 10 * YEAR_MS

local treasury = state.value('treasury')
local fee = state.value('fee')
local commitments = state.map('commitments')
-- By name: { owner, target, untilMs }.
local names = state.map('names')

local Committed = abi.event('Committed(hash: bytes)')
local Registered = abi.event('Registered(name: string, owner: address, untilMs: integer)')
local Renewed = abi.event('Renewed(name: string, untilMs: integer)')
local Transferred = abi.event('Transferred(name: string, from: address, to: address)')
local Pointed = abi.event('Pointed(name: string, target: address)')

local function checkName(name)
  assert(#name >= 3 and #name <= 32, 'a name has 3 to 32 characters')
  -- Nothing that looks like something else.
  assert(name:match('^[a-z0-9][a-z0-9-]*[a-z0-9]$') and not name:find('--', 1, true), 'a name has a-z, 0-9 and single - inside')
end

local function find(name)
  local entry = names[name]
  assert(entry and system.time() < entry.untilMs + GRACE_MS, 'nobody has this name')
  return entry
end

-- Only while the name is paid for: in its grace it can be renewed and nothing else.
local function own(name)
  local entry = find(name)
  assert(system.caller() == entry.owner, 'this name is not yours')
  assert(system.time() < entry.untilMs, 'the name has run out; renew it first')
  return entry
end

local function takeFee()
  assert(system.value() == fee:get(), 'send the fee of a year, exactly')
  contract.send(treasury:get(), system.value())
end

local function hashOf(name, owner, salt)
  -- The length keeps name and salt apart.
  return crypto.sha256(string.pack('s4', name) .. owner .. salt)
end

abi.constructor('(treasury: address, fee: amount)', function(itsTreasury, itsFee)
  treasury:set(itsTreasury)
  fee:set(itsFee)
end)

abi.method('commit(hash: bytes)', function(hash)
  assert(#hash == 32, 'a commitment has 32 bytes')
  local at = commitments[hash]
  -- Or whoever sees it could make it young again and again.
  assert(not at or system.time() > at + MOST_AGE_MS, 'this is committed already')
  commitments[hash] = system.time()
  Committed(hash)
end)

abi.payable('register(name: string, salt: bytes): integer', function(name, salt)
  checkName(name)
  local owner, now = system.caller(), system.time()
  local hash = hashOf(name, owner, salt)
  local at = commitments[hash]
  assert(at, 'commit to it first')
  assert(now >= at + LEAST_AGE_MS, 'wait a minute after committing')
  assert(now <= at + MOST_AGE_MS, 'the commitment is too old; commit again')
  local former = names[name]
  assert(not former or now >= former.untilMs + GRACE_MS, 'somebody has this name')
  commitments[hash] = nil
  local untilMs = now + YEAR_MS
  names[name] = { owner = owner, target = owner, untilMs = untilMs }
  takeFee()
  Registered(name, owner, untilMs)
  return untilMs
end)

-- Anybody may pay for another's name; it changes nothing else.
abi.payable('renew(name: string): integer', function(name)
  local entry = find(name)
  entry.untilMs = entry.untilMs + YEAR_MS
  assert(entry.untilMs <= system.time() + MOST_AHEAD_MS, 'at most ten years ahead')
  names[name] = entry
  takeFee()
  Renewed(name, entry.untilMs)
  return entry.untilMs
end)

-- It points to its new owner, so that no payment goes to the old one's address.
abi.method('transfer(name: string, to: address)', function(name, to)
  local entry = own(name)
  local from = entry.owner
  entry.owner, entry.target = to, to
  names[name] = entry
  Transferred(name, from, to)
  Pointed(name, to)
end)

abi.method('point(name: string, target: address)', function(name, target)
  local entry = own(name)
  entry.target = target
  names[name] = entry
  Pointed(name, target)
end)

-- Nil if nobody has it, or if it has run out.
abi.view('lookup(name: string): address?', function(name)
  local entry = names[name]
  return entry and system.time() < entry.untilMs and entry.target or nil
end)
-- { owner, target, untilMs }, also of a name that has run out, or nil.
abi.view('find(name: string): any', function(name) return names[name] end)
abi.view('fee(): amount', function() return fee:get() end)
-- Compute it at home: whoever asks a node for it tells the name.
abi.view('hashOf(name: string, owner: address, salt: bytes): bytes', hashOf)
