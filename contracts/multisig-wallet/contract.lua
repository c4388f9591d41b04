-- A wallet of several owners: what it pays or calls so many of them must confirm.
-- Its own rules change the same way: by a proposal that calls the wallet itself.

local MAX_OWNERS = 20
-- A proposal that nobody finished must not be carried out when everybody has forgotten it.
local LEAST_LIFE_MS, MOST_LIFE_MS = 3600 * 1000, 90 * 24 * 3600 * 1000

-- { owners (a list), threshold, epoch }. With each change of owners a new epoch begins, and what was confirmed by others
-- before is void.
local rules = state.value('rules')
local count = state.value('count', 0)
local proposals = state.map('proposals')

local Deposited = abi.event('Deposited(from: address, amount: amount)')
local Proposed = abi.event('Proposed(id: integer, by: address, to: address, amount: amount, method: string?, untilMs: integer, note: string)')
local Confirmed = abi.event('Confirmed(id: integer, by: address, confirmations: integer)')
local Revoked = abi.event('Revoked(id: integer, by: address, confirmations: integer)')
local Executed = abi.event('Executed(id: integer, by: address)')
local Dropped = abi.event('Dropped(id: integer)')
local RulesChanged = abi.event('RulesChanged(owners: address[], threshold: integer)')

local function placeIn(list, who)
  for i, one in ipairs(list) do
    if one == who then return i end
  end
end

local function setRules(owners, threshold)
  assert(#owners >= 1 and #owners <= MAX_OWNERS, 'there are 1 to 20 owners')
  assert(threshold >= 1 and threshold <= #owners, 'the threshold is 1 to the number of owners')
  local seen = {}
  for _, owner in ipairs(owners) do
    assert(not seen[owner], 'an owner stands twice')
    seen[owner] = true
  end
  local former = rules:get()
  rules:set { owners = owners, threshold = threshold, epoch = former and former.epoch + 1 or 1 }
  RulesChanged(owners, threshold)
end

-- The caller, who must be an owner; and the rules.
local function owner()
  local r, who = rules:get(), system.caller()
  assert(placeIn(r.owners, who), 'only owners do this')
  return who, r
end

local function isDead(proposal, r)
  return proposal.epoch ~= r.epoch or system.time() >= proposal.untilMs
end

local function find(id, r)
  local proposal = proposals[id]
  assert(proposal, 'there is no such proposal')
  assert(not isDead(proposal, r), 'the proposal is out of date')
  return proposal
end

abi.constructor('(owners: address[], threshold: integer)', setRules)

abi.payable('deposit()', function()
  Deposited(system.caller(), system.value())
end)

-- Pays `amount` to an address; if a method is named, calls it there with these arguments and the amount. The proposer confirms.
abi.method(
  'propose(to: address, amount: amount, method: string?, args: any, lifeMs: integer, note: string): integer',
  function(to, amount, method, args, lifeMs, note)
    local who, r = owner()
    assert(lifeMs >= LEAST_LIFE_MS and lifeMs <= MOST_LIFE_MS, 'a proposal lives from an hour to 90 days')
    assert(type(args) == 'table' or (args == nil and method == nil), 'arguments are a list')
    local id = count:get() + 1
    count:set(id)
    proposals[id] = {
      to = to,
      amount = amount,
      method = method,
      args = args,
      untilMs = system.time() + lifeMs,
      epoch = r.epoch,
      confirmations = { who },
    }
    Proposed(id, who, to, amount, method, system.time() + lifeMs, note)
    return id
  end
)

abi.method('confirm(id: integer)', function(id)
  local who, r = owner()
  local proposal = find(id, r)
  assert(not placeIn(proposal.confirmations, who), 'you have confirmed already')
  table.insert(proposal.confirmations, who)
  proposals[id] = proposal
  Confirmed(id, who, #proposal.confirmations)
end)

abi.method('revoke(id: integer)', function(id)
  local who, r = owner()
  local proposal = find(id, r)
  local place = placeIn(proposal.confirmations, who)
  assert(place, 'you have not confirmed')
  table.remove(proposal.confirmations, place)
  proposals[id] = proposal
  Revoked(id, who, #proposal.confirmations)
end)

-- The proposal is gone before anything is called: whatever is called cannot carry it out again. If the call fails, all of this
-- is taken back and it may be tried again.
abi.method('execute(id: integer)', function(id)
  local who, r = owner()
  local proposal = find(id, r)
  assert(#proposal.confirmations >= r.threshold, 'not enough owners confirm')
  proposals[id] = nil
  if proposal.method then
    contract.call({ to = proposal.to, value = proposal.amount }, proposal.method, table.unpack(proposal.args))
  else
    contract.send(proposal.to, proposal.amount)
  end
  Executed(id, who)
end)

-- Anybody may clear what is out of date.
abi.method('drop(id: integer)', function(id)
  local proposal = proposals[id]
  assert(proposal, 'there is no such proposal')
  assert(isDead(proposal, rules:get()), 'the proposal still lives')
  proposals[id] = nil
  Dropped(id)
end)

-- Only by a proposal; it comes while `execute` is under way, which is safe since that has nothing left to do.
abi.method('setRules(owners: address[], threshold: integer)', function(owners, threshold)
  assert(system.caller() == system.contract(), 'only a proposal changes the rules')
  setRules(owners, threshold)
end, { reentrant = true })

-- { owners, threshold, epoch }
abi.view('rules(): any', function() return rules:get() end)
-- { to, amount, method, args, untilMs, epoch, confirmations }, or nil.
abi.view('proposal(id: integer): any', function(id) return proposals[id] end)
