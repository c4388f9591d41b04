local HOUR = 3600000

-- From 100 grains on in steps of 10, for a day, prolonged by an hour.
local function setUp()
  local a = publish('contract.lua')
  a:with { from = 'seller' }.open(100, 10, time() + 24 * HOUR, HOUR, 'a week of the roof')
  return a, event('Opened').id
end

local function bid(a, id, who, amount)
  a:with { from = who, value = amount }.bid(id)
end

test('the highest bid wins and the seller is paid', function()
  local a, id = setUp()
  bid(a, id, 'ann', 100)
  bid(a, id, 'ben', 150)
  advance { hours = 24 }
  local before = balance('seller')
  a:with { from = 'stranger' }.finish(id)
  equal(event('Sold'), { id = id, to = account('ben'), amount = 150 })
  equal({ balance('seller') - before, balance(a), a.lot(id) }, { 150, 100 })
  expectError(function() a.finish(id) end, 'or it is over')
end)

test('asks for the reserve, then for a step more', function()
  local a, id = setUp()
  expectError(function() bid(a, id, 'ann', 99) end, 'more is bid')
  bid(a, id, 'ann', 100)
  equal(a.least(id), 110)
  expectError(function() bid(a, id, 'ben', 109) end, 'more is bid')
  bid(a, id, 'ben', 110)
  bid(a, id, 'ben', 200)
  equal({ a.refundOf(account('ben')), a.refundOf(account('ann')) }, { 110, 100 })
end)

test('who is outbid takes the money back, once', function()
  local a, id = setUp()
  bid(a, id, 'ann', 100)
  expectError(function() a:with { from = 'ann' }.takeBack() end, 'nothing of yours')
  bid(a, id, 'ben', 110)
  bid(a, id, 'ann', 120)
  bid(a, id, 'ben', 130)
  local before = balance('ann')
  a:with { from = 'ann' }.takeBack()
  equal(event('TakenBack'), { bidder = account('ann'), amount = 220 })
  equal(balance('ann') - before, 220)
  expectError(function() a:with { from = 'ann' }.takeBack() end, 'nothing of yours')
  equal(balance(a), 110 + 130)
end)

test('a bid counts before the end, and not at it', function()
  local a, id = setUp()
  advance { ms = 23 * HOUR }
  bid(a, id, 'ann', 100)
  equal(event('Bid').endMs, time() + HOUR)
  advance { ms = HOUR - 1 }
  expectError(function() a.finish(id) end, 'not over')
  advance { ms = 1 }
  expectError(function() bid(a, id, 'ben', 500) end, 'the auction is over')
  a.finish(id)
end)

test('a late bid prolongs, an early one does not', function()
  local a, id = setUp()
  local finish = a.lot(id).endMs
  bid(a, id, 'ann', 100)
  equal(a.lot(id).endMs, finish)
  advance { ms = 24 * HOUR - 1 }
  bid(a, id, 'ben', 110)
  equal(a.lot(id).endMs, time() + HOUR)
  advance { ms = HOUR - 1 }
  bid(a, id, 'ann', 120)
  equal(a.lot(id).endMs, time() + HOUR)
end)

test('a lot that nobody wants is over without money', function()
  local a, id = setUp()
  advance { hours = 24 }
  a.finish(id)
  equal(event('Unsold'), { id = id })
end)

test('the seller cancels as long as there is no bid', function()
  local a, id = setUp()
  expectError(function() a:with { from = 'ann' }.cancel(id) end, 'only the seller')
  a:with { from = 'seller' }.cancel(id)
  expectError(function() bid(a, id, 'ann', 100) end, 'or it is over')
  a:with { from = 'seller' }.open(100, 10, time() + HOUR, 0, 'again')
  local other = event('Opened').id
  bid(a, other, 'ann', 100)
  expectError(function() a:with { from = 'seller' }.cancel(other) end, 'there is a bid')
  expectError(function() bid(a, other, 'seller', 500) end, 'sellers do not bid')
end)

test('lots do not touch each other', function()
  local a, id = setUp()
  a:with { from = 'other seller' }.open(7, 1, time() + HOUR, 0, 'a bell')
  local bell = event('Opened').id
  bid(a, id, 'ann', 1000)
  bid(a, bell, 'ben', 7)
  advance { hours = 1 }
  a.finish(bell)
  equal({ balance(a), a.lot(id).amount }, { 1000, 1000 })
end)

test('a contract that wins or loses cannot do more than take its money', function()
  local a, id = setUp()
  local robot = publish([[
    abi.payable('bid(to: address, id: integer)', function(to, id)
      contract.call({ to = to, value = system.value() }, 'bid', id)
    end)
    abi.method('takeTwice(to: address)', function(to)
      contract.call(to, 'takeBack')
      contract.call(to, 'takeBack')
    end)
    abi.method('take(to: address)', function(to) contract.call(to, 'takeBack') end)
  ]])
  robot:with { value = 100 }.bid(a, id)
  bid(a, id, 'ann', 110)
  bid(a, id, 'ben', 120)
  expectError(function() robot.takeTwice(a) end, 'nothing of yours')
  equal({ balance(a), balance(robot) }, { 330, 0 })
  robot.take(a)
  equal({ balance(a), balance(robot) }, { 230, 100 })
end)

test('refuses lots that cannot be', function()
  local a = publish('contract.lua')
  local now = time()
  expectError(function() a.open(0, 1, now + 1, 0, '') end, 'more than nothing')
  expectError(function() a.open(1, 0, now + 1, 0, '') end, 'more than nothing')
  expectError(function() a.open(1, 1, now, 0, '') end, 'lies ahead')
  expectError(function() a.open(1, 1, math.maxinteger, 0, '') end, 'lies ahead')
  expectError(function() a.open(1, 1, now + 1, -1, '') end, 'an extension')
  expectError(function() a.open(1, 1, now + 1, math.maxinteger, '') end, 'an extension')
  a.open(1, math.maxinteger, now + 1, 0, '')
  local id = event('Opened').id
  bid(a, id, 'ann', 1)
  expectError(function() bid(a, id, 'ben', 2) end, 'AMOUNT_RANGE')
end)
