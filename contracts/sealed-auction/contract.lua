-- Sealed bids, the second price (Vickrey): everybody first commits to a bid that nobody can read, then reveals it. The highest
-- wins and pays what the second bid, so that it is best to bid what the lot is worth to oneself.
-- A deposit stands for the bid. It may be larger, to hide it; who does not reveal loses it to the seller.

local MAX_LENGTH_MS = 366 * 24 * 3600 * 1000

local count = state.value('count', 0)
local lots = state.map('lots')
-- By lot and bidder: { hash, deposit }, until it is revealed.
local sealed = state.map('sealed')
local refunds = state.map('refunds')

local Opened = abi.event('Opened(id: integer, seller: address, reserve: amount, bidsEndMs: integer, revealsEndMs: integer, what: string)')
local Committed = abi.event('Committed(id: integer, bidder: address, deposit: amount)')
local Revealed = abi.event('Revealed(id: integer, bidder: address, amount: amount)')
local Sold = abi.event('Sold(id: integer, to: address, price: amount)')
local Unsold = abi.event('Unsold(id: integer)')
local Forfeited = abi.event('Forfeited(id: integer, bidder: address, deposit: amount)')
local TakenBack = abi.event('TakenBack(bidder: address, amount: amount)')

local function find(id)
  local lot = lots[id]
  assert(lot, 'there is no such lot')
  return lot
end

local function keyOf(id, bidder)
  return string.pack('>i8', id) .. bidder
end

local function owe(who, amount)
  if amount > 0 then refunds[who] = decimal.add(refunds[who] or 0, amount) end
end

abi.method(
  'open(reserve: amount, bidsEndMs: integer, revealsEndMs: integer, what: string): integer',
  function(reserve, bidsEndMs, revealsEndMs, what)
    local now = system.time()
    assert(reserve > 0, 'the reserve is more than nothing')
    assert(bidsEndMs > now and revealsEndMs > bidsEndMs, 'first bids, then their revealing')
    assert(revealsEndMs - now <= MAX_LENGTH_MS, 'an auction lasts at most a year')
    local id = count:get() + 1
    count:set(id)
    lots[id] = { seller = system.caller(), reserve = reserve, bidsEndMs = bidsEndMs, revealsEndMs = revealsEndMs }
    Opened(id, system.caller(), reserve, bidsEndMs, revealsEndMs, what)
    return id
  end
)

-- What a bidder commits to. It names lot and bidder: nobody can take over a seal of another.
local function seal(id, bidder, amount, salt)
  return crypto.sha256(string.pack('>i8i8', id, amount) .. bidder .. salt)
end

abi.payable('commit(id: integer, hash: bytes)', function(id, hash)
  local lot = find(id)
  local bidder, key = system.caller(), keyOf(id, system.caller())
  assert(system.time() < lot.bidsEndMs, 'the time for bids is over')
  assert(#hash == 32, 'a seal has 32 bytes')
  assert(not sealed[key], 'you have bid already')
  assert(system.value() >= lot.reserve, 'the deposit is at least the reserve')
  sealed[key] = { hash = hash, deposit = system.value() }
  Committed(id, bidder, system.value())
end)

-- The highest bid's money stays; everything else may be taken back at once. Of equal bids the one revealed first wins.
abi.method('reveal(id: integer, amount: amount, salt: bytes)', function(id, amount, salt)
  local lot = find(id)
  local bidder, now = system.caller(), system.time()
  local key = keyOf(id, bidder)
  local bid = sealed[key]
  assert(now >= lot.bidsEndMs and now < lot.revealsEndMs, 'this is not the time to reveal')
  assert(bid, 'there is no sealed bid of yours')
  assert(seal(id, bidder, amount, salt) == bid.hash, 'this is not what was sealed')
  sealed[key] = nil
  if amount < lot.reserve or amount > bid.deposit then
    -- Not a bid that can count, but honestly revealed.
    owe(bidder, bid.deposit)
  elseif not lot.bidder or amount > lot.amount then
    if lot.bidder then owe(lot.bidder, lot.amount) end
    lot.second = lot.bidder and lot.amount or lot.reserve
    lot.bidder, lot.amount = bidder, amount
    owe(bidder, bid.deposit - amount)
    lots[id] = lot
  else
    lot.second = math.max(lot.second, amount)
    owe(bidder, bid.deposit)
    lots[id] = lot
  end
  Revealed(id, bidder, amount)
end)

-- Anybody may call it. The lot stays, so that deposits that were not revealed can be forfeited.
abi.method('finish(id: integer)', function(id)
  local lot = find(id)
  assert(system.time() >= lot.revealsEndMs, 'the auction is not over')
  assert(not lot.finished, 'this was done')
  lot.finished = true
  lots[id] = lot
  if not lot.bidder then return Unsold(id) end
  owe(lot.bidder, lot.amount - lot.second)
  contract.send(lot.seller, lot.second)
  Sold(id, lot.bidder, lot.second)
end)

abi.method('forfeit(id: integer, bidder: address)', function(id, bidder)
  local lot = find(id)
  local key = keyOf(id, bidder)
  local bid = sealed[key]
  assert(system.time() >= lot.revealsEndMs, 'it can still be revealed')
  assert(bid, 'there is no sealed bid')
  sealed[key] = nil
  contract.send(lot.seller, bid.deposit)
  Forfeited(id, bidder, bid.deposit)
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

-- Compute it at home: whoever asks a node for it tells the bid.
abi.view('seal(id: integer, bidder: address, amount: amount, salt: bytes): bytes', seal)
-- { seller, reserve, bidsEndMs, revealsEndMs, bidder, amount, second, finished }, or nil.
abi.view('lot(id: integer): any', function(id) return lots[id] end)
abi.view('refundOf(bidder: address): amount', function(bidder) return refunds[bidder] or 0 end)
