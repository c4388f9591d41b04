-- Sells a token for SSP between two dates. If less than the soft cap is sold, everybody takes the money back; otherwise buyers
-- take their tokens, the beneficiary the money. What is not sold goes where the constructor said.
-- Everybody takes what is theirs by a call of their own: a loop over all buyers could be made too long to ever run.

-- Grains of one SSP: the rate is tokens, in their smallest unit, for one SSP.
local SSP = 100000000

local terms = state.value('terms')
local opened = state.value('opened', false)
local finished = state.value('finished', false)
local sold = state.value('sold', 0)
local raised = state.value('raised', 0)
-- Tokens that buyers did not take yet.
local owed = state.value('owed', 0)
-- Of each buyer: { paid, tokens }.
local purchases = state.map('purchases')

local Opened = abi.event('Opened(hardCap: amount)')
local Bought = abi.event('Bought(buyer: address, paid: amount, tokens: amount)')
local Claimed = abi.event('Claimed(buyer: address, tokens: amount)')
local Refunded = abi.event('Refunded(buyer: address, paid: amount)')
local Finished = abi.event('Finished(succeeded: boolean, raised: amount, unsold: amount)')

local function stateAt(t, now)
  local total = sold:get()
  if total == t.hardCap or (now >= t.endMs and total >= t.softCap) then return 'succeeded' end
  if now >= t.endMs then return 'failed' end
  return opened:get() and now >= t.startMs and 'open' or 'waiting'
end

local function current()
  local t = terms:get()
  return stateAt(t, system.time()), t
end

local function held(t)
  return contract.view(t.token, 'balanceOf', system.contract())
end

local function give(t, to, amount)
  assert(contract.call(t.token, 'transfer', to, amount) ~= false, 'the token refuses to move')
end

local function take(buyer)
  local purchase = purchases[buyer]
  assert(purchase, 'there is nothing of yours')
  purchases[buyer] = nil
  return purchase
end

abi.constructor(
  '(token: address, rate: amount, softCap: amount, hardCap: amount, startMs: integer, endMs: integer, beneficiary: address, unsoldTo: address, useOfFunds: string)',
  function(token, rate, softCap, hardCap, startMs, endMs, beneficiary, unsoldTo, useOfFunds)
    assert(rate > 0, 'the rate is tokens for one SSP')
    assert(softCap > 0 and softCap <= hardCap, 'the soft cap is more than nothing and at most the hard cap')
    assert(startMs >= system.time() and endMs > startMs, 'the sale begins in the future and ends after it begins')
    assert(#useOfFunds > 0, 'say what the money is for')
    terms:set {
      token = token,
      rate = rate,
      softCap = softCap,
      hardCap = hardCap,
      startMs = startMs,
      endMs = endMs,
      beneficiary = beneficiary,
      unsoldTo = unsoldTo,
      useOfFunds = useOfFunds,
    }
  end
)

-- Anybody may call it as soon as the goods are here: nothing is sold before.
abi.method('open()', function()
  local now, t = current()
  assert(now == 'waiting' and not opened:get(), 'the sale was opened already, or is over')
  assert(held(t) >= t.hardCap, 'the tokens that are for sale are not here yet')
  opened:set(true)
  Opened(t.hardCap)
end)

abi.payable('buy(): amount', function()
  local now, t = current()
  assert(now == 'open', 'the sale is not open')
  local buyer, paid = system.caller(), system.value()
  -- Rounded down: a part of the smallest unit cannot be given.
  local tokens = decimal.mulDiv(paid, t.rate, SSP)
  assert(tokens > 0, 'this buys nothing')
  assert(tokens <= t.hardCap - sold:get(), 'so many are not left')
  local purchase = purchases[buyer] or { paid = 0, tokens = 0 }
  purchase.paid = purchase.paid + paid
  purchase.tokens = purchase.tokens + tokens
  purchases[buyer] = purchase
  sold:set(sold:get() + tokens)
  owed:set(owed:get() + tokens)
  raised:set(raised:get() + paid)
  Bought(buyer, paid, tokens)
  return tokens
end)

abi.method('claim(): amount', function()
  local now, t = current()
  assert(now == 'succeeded', 'the sale has not succeeded')
  local buyer = system.caller()
  local tokens = take(buyer).tokens
  owed:set(owed:get() - tokens)
  give(t, buyer, tokens)
  Claimed(buyer, tokens)
  return tokens
end)

abi.method('refund(): amount', function()
  assert(current() == 'failed', 'the sale has not failed')
  local buyer = system.caller()
  local paid = take(buyer).paid
  contract.send(buyer, paid)
  Refunded(buyer, paid)
  return paid
end)

-- Once the sale is over, anybody may call it: where everything goes is fixed.
abi.method('finish()', function()
  local now, t = current()
  local succeeded = now == 'succeeded'
  assert(succeeded or now == 'failed', 'the sale is not over')
  assert(not finished:get(), 'this was done')
  finished:set(true)
  local money = succeeded and raised:get() or 0
  -- If it failed, buyers have no claim on tokens any more.
  local unsold = held(t) - (succeeded and owed:get() or 0)
  contract.send(t.beneficiary, money)
  if unsold > 0 then give(t, t.unsoldTo, unsold) end
  Finished(succeeded, money, unsold)
end)

-- { token, rate, softCap, hardCap, startMs, endMs, beneficiary, unsoldTo, useOfFunds }
abi.view('terms(): any', function() return terms:get() end)
-- 'waiting', 'open', 'succeeded' or 'failed'
abi.view('state(): string', function() return (current()) end)
abi.view('sold(): amount', function() return sold:get() end)
abi.view('raised(): amount', function() return raised:get() end)
abi.view('left(): amount', function() return terms:get().hardCap - sold:get() end)
-- { paid, tokens }, or nil.
abi.view('purchase(buyer: address): any', function(buyer) return purchases[buyer] end)
