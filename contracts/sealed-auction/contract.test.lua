local HOUR = 3600000
local SALT = ('s'):rep(32)

local function setUp()
  local a = publish('contract.lua')
  a:with { from = 'seller' }.open(100, time() + HOUR, time() + 2 * HOUR, 'a name')
  return a, event('Opened').id
end

local function seal(id, who, amount, salt)
  return crypto.sha256(string.pack('>i8i8', id, amount) .. account(who) .. (salt or SALT))
end

local function commit(a, id, who, amount, deposit)
  a:with { from = who, value = deposit or amount }.commit(id, seal(id, who, amount))
end

local function reveal(a, id, who, amount)
  a:with { from = who }.reveal(id, amount, SALT)
end

test('the highest bid wins and pays the second price', function()
  local a, id = setUp()
  commit(a, id, 'ann', 300, 1000)
  commit(a, id, 'ben', 250)
  commit(a, id, 'cat', 120)
  advance { hours = 1 }
  reveal(a, id, 'ben', 250)
  reveal(a, id, 'ann', 300)
  reveal(a, id, 'cat', 120)
  equal({ a.refundOf(account('ann')), a.refundOf(account('ben')), a.refundOf(account('cat')) }, { 700, 250, 120 })
  advance { hours = 1 }
  local before = balance('seller')
  a.finish(id)
  equal(event('Sold'), { id = id, to = account('ann'), price = 250 })
  equal({ balance('seller') - before, a.refundOf(account('ann')) }, { 250, 750 })
  for _, who in ipairs { 'ann', 'ben', 'cat' } do a:with { from = who }.takeBack() end
  equal(balance(a), 0)
  expectError(function() a:with { from = 'ann' }.takeBack() end, 'nothing of yours')
  expectError(function() a.finish(id) end, 'this was done')
end)

test('a bid between the first two sets the price', function()
  local a, id = setUp()
  commit(a, id, 'ann', 300)
  commit(a, id, 'ben', 150)
  commit(a, id, 'cat', 200)
  advance { hours = 1 }
  reveal(a, id, 'ann', 300)
  reveal(a, id, 'ben', 150)
  reveal(a, id, 'cat', 200)
  equal(a.lot(id).second, 200)
end)

test('who bids alone pays the reserve', function()
  local a, id = setUp()
  commit(a, id, 'ann', 300)
  advance { hours = 1 }
  reveal(a, id, 'ann', 300)
  advance { hours = 1 }
  a.finish(id)
  equal({ event('Sold').price, a.refundOf(account('ann')) }, { 100, 200 })
end)

test('of equal bids the one revealed first wins', function()
  local a, id = setUp()
  commit(a, id, 'ann', 200)
  commit(a, id, 'ben', 200)
  advance { hours = 1 }
  reveal(a, id, 'ben', 200)
  reveal(a, id, 'ann', 200)
  advance { hours = 1 }
  a.finish(id)
  equal(event('Sold'), { id = id, to = account('ben'), price = 200 })
end)

test('a seal opens with its own words alone', function()
  local a, id = setUp()
  commit(a, id, 'ann', 200)
  -- Eve copies the seal of Ann.
  a:with { from = 'eve', value = 200 }.commit(id, seal(id, 'ann', 200))
  advance { hours = 1 }
  expectError(function() reveal(a, id, 'eve', 200) end, 'not what was sealed')
  expectError(function() reveal(a, id, 'ann', 201) end, 'not what was sealed')
  expectError(function() a:with { from = 'ann' }.reveal(id, 200, 'other') end, 'not what was sealed')
  expectError(function() reveal(a, id, 'ben', 200) end, 'no sealed bid of yours')
  reveal(a, id, 'ann', 200)
  expectError(function() reveal(a, id, 'ann', 200) end, 'no sealed bid of yours')
  equal(a.seal(id, account('ann'), 200, SALT), seal(id, 'ann', 200))
end)

test('each thing has its time', function()
  local a, id = setUp()
  commit(a, id, 'ann', 200)
  advance { ms = HOUR - 1 }
  expectError(function() reveal(a, id, 'ann', 200) end, 'not the time')
  commit(a, id, 'ben', 150)
  advance { ms = 1 }
  expectError(function() commit(a, id, 'cat', 200) end, 'time for bids is over')
  reveal(a, id, 'ann', 200)
  advance { ms = HOUR - 1 }
  expectError(function() a.finish(id) end, 'not over')
  expectError(function() a.forfeit(id, account('ben')) end, 'can still be revealed')
  advance { ms = 1 }
  expectError(function() reveal(a, id, 'ben', 150) end, 'not the time')
  a.finish(id)
end)

test('who does not reveal loses the deposit to the seller', function()
  local a, id = setUp()
  commit(a, id, 'ann', 200)
  commit(a, id, 'ben', 500)
  advance { hours = 1 }
  reveal(a, id, 'ann', 200)
  advance { hours = 1 }
  a.finish(id)
  local before = balance('seller')
  a.forfeit(id, account('ben'))
  equal(event('Forfeited'), { id = id, bidder = account('ben'), deposit = 500 })
  equal(balance('seller') - before, 500)
  expectError(function() a.forfeit(id, account('ben')) end, 'no sealed bid')
  expectError(function() a.forfeit(id, account('ann')) end, 'no sealed bid')
end)

test('a bid that its deposit or the reserve does not allow is given back', function()
  local a, id = setUp()
  commit(a, id, 'ann', 500, 100)
  commit(a, id, 'ben', 99, 100)
  advance { hours = 1 }
  reveal(a, id, 'ann', 500)
  reveal(a, id, 'ben', 99)
  equal({ a.refundOf(account('ann')), a.refundOf(account('ben')), a.lot(id).bidder }, { 100, 100 })
  advance { hours = 1 }
  a.finish(id)
  equal(event('Unsold'), { id = id })
end)

test('one bid for each, with a deposit and a seal', function()
  local a, id = setUp()
  expectError(function() commit(a, id, 'ann', 200, 99) end, 'at least the reserve')
  expectError(function() a:with { value = 100 }.commit(id, 'short') end, '32 bytes')
  expectError(function() commit(a, 99, 'ann', 200) end, 'no such lot')
  commit(a, id, 'ann', 200)
  expectError(function() commit(a, id, 'ann', 300) end, 'bid already')
end)

test('refuses lots that cannot be', function()
  local a = publish('contract.lua')
  local now = time()
  expectError(function() a.open(0, now + 1, now + 2, '') end, 'more than nothing')
  expectError(function() a.open(1, now, now + 2, '') end, 'first bids')
  expectError(function() a.open(1, now + 1, now + 1, '') end, 'first bids')
  expectError(function() a.open(1, now + 1, math.maxinteger, '') end, 'at most a year')
end)
