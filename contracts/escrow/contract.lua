-- Holds a buyer's money until both sides are content, or an arbiter whom both chose has decided.
-- A deal ends in exactly one way: released by the buyer, returned by the seller, reclaimed after the deadline, or, once one
-- side disputes, split by the arbiter; if the arbiter stays silent, in halves.

-- An arbiter who is silent for so long cannot lock the money for ever.
local ARBITER_MS = 30 * 24 * 3600 * 1000

local count = state.value('count', 0)
local deals = state.map('deals')

local Opened = abi.event('Opened(id: integer, buyer: address, seller: address, arbiter: address, amount: amount, deadlineMs: integer, terms: string)')
local Disputed = abi.event('Disputed(id: integer, by: address)')
local Closed = abi.event('Closed(id: integer, how: string, toBuyer: amount, toSeller: amount)')

local function find(id)
  local deal = deals[id]
  assert(deal, 'there is no such deal, or it is closed')
  return deal
end

local function only(who, text)
  assert(system.caller() == who, text)
end

-- The deal is gone before money moves. A payment runs none of the receiver's code, so that nobody can make it fail.
local function close(id, deal, how, toSeller)
  local toBuyer = decimal.sub(deal.amount, toSeller)
  deals[id] = nil
  contract.send(deal.buyer, toBuyer)
  contract.send(deal.seller, toSeller)
  Closed(id, how, toBuyer, toSeller)
end

abi.payable('open(seller: address, arbiter: address, deadlineMs: integer, terms: string): integer', function(seller, arbiter, deadlineMs, terms)
  local buyer, amount = system.caller(), system.value()
  assert(amount > 0, 'send the money that the deal is about')
  assert(buyer ~= seller, 'buyer and seller are the same')
  assert(arbiter ~= buyer and arbiter ~= seller, 'the arbiter takes no side')
  assert(deadlineMs > system.time(), 'the deadline is over already')
  local id = count:get() + 1
  count:set(id)
  deals[id] = { buyer = buyer, seller = seller, arbiter = arbiter, amount = amount, deadlineMs = deadlineMs }
  Opened(id, buyer, seller, arbiter, amount, deadlineMs, terms)
  return id
end)

abi.method('release(id: integer)', function(id)
  local deal = find(id)
  only(deal.buyer, 'only the buyer releases the money')
  close(id, deal, 'released', deal.amount)
end)

abi.method('giveBack(id: integer)', function(id)
  local deal = find(id)
  only(deal.seller, 'only the seller gives the money back')
  close(id, deal, 'given back', 0)
end)

abi.method('reclaim(id: integer)', function(id)
  local deal = find(id)
  only(deal.buyer, 'only the buyer reclaims the money')
  assert(not deal.disputedMs, 'the deal is disputed: the arbiter decides')
  assert(system.time() >= deal.deadlineMs, 'the deadline is not over')
  close(id, deal, 'reclaimed', 0)
end)

abi.method('dispute(id: integer)', function(id)
  local deal = find(id)
  local who = system.caller()
  assert(who == deal.buyer or who == deal.seller, 'only buyer and seller dispute')
  assert(not deal.disputedMs, 'the deal is disputed already')
  assert(system.time() < deal.deadlineMs, 'the deadline is over')
  deal.disputedMs = system.time()
  deals[id] = deal
  Disputed(id, who)
end)

abi.method('split(id: integer, toSeller: amount)', function(id, toSeller)
  local deal = find(id)
  only(deal.arbiter, 'only the arbiter splits the money')
  assert(deal.disputedMs, 'nobody disputes')
  assert(toSeller <= deal.amount, 'that is more than the deal holds')
  close(id, deal, 'split', toSeller)
end)

abi.method('halve(id: integer)', function(id)
  local deal = find(id)
  local who = system.caller()
  assert(who == deal.buyer or who == deal.seller, 'only buyer and seller halve')
  assert(deal.disputedMs and system.time() >= deal.disputedMs + ARBITER_MS, 'the arbiter still has time')
  close(id, deal, 'halved', deal.amount // 2)
end)

-- { buyer, seller, arbiter, amount, deadlineMs, disputedMs }, or nil once it is closed.
abi.view('deal(id: integer): any', function(id) return deals[id] end)
