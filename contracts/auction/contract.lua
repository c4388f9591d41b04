-- English auctions: the highest bid when time is over wins. A bid in the last moments prolongs the auction, so that nobody
-- wins by being last. Who is outbid takes the money back by a call: nobody waits for anybody.

-- A lot on which nobody bids for so long is no auction.
local MAX_LENGTH_MS = 366 * 24 * 3600 * 1000

local count = state.value('count', 0)
local lots = state.map('lots')
-- What each address may take back.
local refunds = state.map('refunds')

local Opened = abi.event('Opened(id: integer, seller: address, reserve: amount, step: amount, endMs: integer, what: string)')
local Bid = abi.event('Bid(id: integer, bidder: address, amount: amount, endMs: integer)')
local Sold = abi.event('Sold(id: integer, to: address, amount: amount)')
local Unsold = abi.event('Unsold(id: integer)')
local TakenBack = abi.event('TakenBack(bidder: address, amount: amount)')

local function find(id)
  local lot = lots[id]
  assert(lot, 'there is no such lot, or it is over')
  return lot
end

-- The least that a bid must be.
local function least(lot)
  if not lot.bidder then return lot.reserve end
  return decimal.add(lot.amount, lot.step)
end

abi.method(
  'open(reserve: amount, step: amount, endMs: integer, extensionMs: integer, what: string): integer',
  function(reserve, step, endMs, extensionMs, what)
    local now = system.time()
    assert(reserve > 0 and step > 0, 'reserve and step are more than nothing')
    assert(endMs > now and endMs - now <= MAX_LENGTH_MS, 'the end lies ahead, at most a year')
    assert(extensionMs >= 0 and extensionMs <= MAX_LENGTH_MS, 'an extension is not negative, at most a year')
    local id = count:get() + 1
    count:set(id)
    lots[id] = { seller = system.caller(), reserve = reserve, step = step, endMs = endMs, extensionMs = extensionMs }
    Opened(id, system.caller(), reserve, step, endMs, what)
    return id
  end
)

abi.payable('bid(id: integer)', function(id)
  local lot = find(id)
  local bidder, amount, now = system.caller(), system.value(), system.time()
  assert(now < lot.endMs, 'the auction is over')
  assert(bidder ~= lot.seller, 'sellers do not bid')
  assert(amount >= least(lot), 'more is bid or asked for')
  if lot.bidder then refunds[lot.bidder] = decimal.add(refunds[lot.bidder] or 0, lot.amount) end
  lot.bidder, lot.amount = bidder, amount
  lot.endMs = math.max(lot.endMs, now + lot.extensionMs)
  lots[id] = lot
  Bid(id, bidder, amount, lot.endMs)
end)

-- Anybody may call it: where the money goes is clear.
abi.method('finish(id: integer)', function(id)
  local lot = find(id)
  assert(system.time() >= lot.endMs, 'the auction is not over')
  lots[id] = nil
  if not lot.bidder then return Unsold(id) end
  contract.send(lot.seller, lot.amount)
  Sold(id, lot.bidder, lot.amount)
end)

abi.method('cancel(id: integer)', function(id)
  local lot = find(id)
  assert(system.caller() == lot.seller, 'only the seller cancels')
  assert(not lot.bidder, 'there is a bid already')
  lots[id] = nil
  Unsold(id)
end)

abi.method('takeBack(): amount', function()
  local bidder = system.caller()
  local amount = refunds[bidder]
  assert(amount, 'there is nothing of yours')
  refunds[bidder] = nil
  contract.send(bidder, amount)
  TakenBack(bidder, amount)
  return amount
end)

abi.view('least(id: integer): amount', function(id) return least(find(id)) end)
-- { seller, reserve, step, endMs, extensionMs, bidder, amount }, or nil once it is over.
abi.view('lot(id: integer): any', function(id) return lots[id] end)
abi.view('refundOf(bidder: address): amount', function(bidder) return refunds[bidder] or 0 end)
