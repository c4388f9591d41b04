-- Grants of money that become the beneficiary's little by little: nothing up to the cliff, then in proportion to time, all of
-- it at the end. Whoever gives a grant may keep the right to revoke what is not earned yet.

local count = state.value('count', 0)
local grants = state.map('grants')

local Granted = abi.event('Granted(id: integer, from: address, to: address, amount: amount, startMs: integer, cliffMs: integer, endMs: integer, revocable: boolean)')
local Claimed = abi.event('Claimed(id: integer, amount: amount)')
local Revoked = abi.event('Revoked(id: integer, returned: amount)')
local Passed = abi.event('Passed(id: integer, to: address)')

local function find(id)
  local grant = grants[id]
  assert(grant, 'there is no such grant, or all of it is claimed')
  return grant
end

-- What is earned at a time, claimed or not.
local function earned(grant, now)
  if now < grant.cliffMs then return 0 end
  if now >= grant.endMs then return grant.amount end
  return decimal.mulDiv(grant.amount, now - grant.startMs, grant.endMs - grant.startMs)
end

abi.payable(
  'grant(to: address, startMs: integer, cliffMs: integer, endMs: integer, revocable: boolean): integer',
  function(to, startMs, cliffMs, endMs, revocable)
    local amount = system.value()
    assert(amount > 0, 'send the money that is granted')
    assert(startMs >= 0 and startMs <= cliffMs and cliffMs <= endMs, 'start, cliff and end come in this order')
    assert(endMs > system.time() and endMs > startMs, 'the end is over already')
    local id = count:get() + 1
    count:set(id)
    grants[id] = {
      from = system.caller(),
      to = to,
      amount = amount,
      claimed = 0,
      startMs = startMs,
      cliffMs = cliffMs,
      endMs = endMs,
      revocable = revocable,
    }
    Granted(id, system.caller(), to, amount, startMs, cliffMs, endMs, revocable)
    return id
  end
)

abi.method('claim(id: integer): amount', function(id)
  local grant = find(id)
  assert(system.caller() == grant.to, 'only the beneficiary claims')
  local amount = earned(grant, system.time()) - grant.claimed
  assert(amount > 0, 'nothing is earned that was not claimed')
  grant.claimed = grant.claimed + amount
  grants[id] = grant.claimed < grant.amount and grant or nil
  contract.send(grant.to, amount)
  Claimed(id, amount)
  return amount
end)

-- What is earned stays with the beneficiary: the grant shrinks to it, and it can be claimed at once.
abi.method('revoke(id: integer): amount', function(id)
  local grant = find(id)
  assert(system.caller() == grant.from, 'only who gave the grant revokes it')
  assert(grant.revocable, 'this grant cannot be revoked')
  local now = system.time()
  local kept = earned(grant, now)
  local returned = grant.amount - kept
  assert(returned > 0, 'all of it is earned')
  grant.amount, grant.cliffMs, grant.endMs, grant.revocable = kept, now, now, false
  grants[id] = kept > grant.claimed and grant or nil
  contract.send(grant.from, returned)
  Revoked(id, returned)
  return returned
end)

-- The beneficiary passes the grant on, for example to a new wallet.
abi.method('pass(id: integer, to: address)', function(id, to)
  local grant = find(id)
  assert(system.caller() == grant.to, 'only the beneficiary passes it on')
  grant.to = to
  grants[id] = grant
  Passed(id, to)
end)

abi.view('claimable(id: integer): amount', function(id)
  local grant = find(id)
  return earned(grant, system.time()) - grant.claimed
end)

-- { from, to, amount, claimed, startMs, cliffMs, endMs, revocable }, or nil once all of it is claimed.
abi.view('find(id: integer): any', function(id) return grants[id] end)
