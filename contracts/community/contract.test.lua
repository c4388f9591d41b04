local HOUR = 3600000
local DAY = 24 * HOUR
local PRICE = 100

local function found(parent)
  return publish('contract.lua', {
    args = table.pack('Roof Weather', 'open weather data', PRICE, 3 * DAY, DAY, 30, parent),
  })
end

local function join(c, who, shares, value)
  c:with { from = who, value = value or c.cost(shares) }.join(shares)
end

-- Ann has 5 shares, Ben 3, Cat 2; the treasury their 1000 grains.
local function setUp()
  local c = found()
  join(c, 'ann', 5)
  join(c, 'ben', 3, 300 + 1)
  join(c, 'cat', 2, 200 + 1)
  advance { hours = 1 }
  return c, c:with { from = 'ann' }, c:with { from = 'ben' }, c:with { from = 'cat' }
end

local function propose(as, to, amount, method, args)
  as.propose(to, amount, method, args, 'a new sensor')
  return event('Proposed').id
end

test('anybody joins for the price', function()
  local c = found()
  local before = balance('ann')
  c:with { from = 'ann', value = 1000 }.join(5)
  equal(event('Joined'), { member = account('ann'), shares = 5, paid = 500 })
  equal({ before - balance('ann'), balance(c), c.shares() }, { 500, 500, 5 })
  expectError(function() join(c, 'ben', 1, 99) end, 'cost more')
  expectError(function() join(c, 'ben', 0, 99) end, 'a share at least')
  equal(c.member(account('ann')), { shares = 5, sinceMs = time(), lockedMs = 0 })
  equal(c.about().purpose, 'open weather data')
end)

test('who joins a rich community pays what a share is worth', function()
  local c = found()
  join(c, 'ann', 2)
  c:with { from = 'donor', value = 800 }.donate()
  equal({ event('Donated'), c.cost(1) }, { { by = account('donor'), amount = 800 }, 501 })
  join(c, 'ben', 1)
  equal(balance(c), 1501)
end)

test('who leaves takes a part, and nobody gains by joining and leaving', function()
  local c = setUp()
  c:with { from = 'donor', value = 333 }.donate()
  local treasury, eve = balance(c), balance('eve')
  join(c, 'eve', 7)
  c:with { from = 'eve' }.leave(7)
  assert(balance('eve') <= eve and balance(c) >= treasury, 'eve gained')
  local before = balance('ben')
  c:with { from = 'ben' }.leave(3)
  equal({ balance('ben') - before, c.member(account('ben')) }, { treasury * 3 // 10 })
  expectError(function() c:with { from = 'ben' }.leave(1) end, 'only members')
end)

test('the last one takes the rest', function()
  local c, ann, ben, cat = setUp()
  ann.leave(3)
  equal(c.member(account('ann')).shares, 2)
  expectError(function() ann.leave(3) end, 'not so many')
  expectError(function() ann.leave(0) end, 'not so many')
  ann.leave(2)
  ben.leave(3)
  cat.leave(2)
  equal({ balance(c), c.shares() }, { 0, 0 })
  join(c, 'dan', 1)
  equal(balance(c), PRICE)
end)

test('pays what is voted for, after there was time to leave', function()
  local c, ann, ben, cat = setUp()
  local id = propose(ann, account('vendor'), 400)
  ann.vote(id, true)
  equal(event('Voted'), { id = id, member = account('ann'), yes = true, shares = 5 })
  ben.vote(id, false)
  advance { days = 3 }
  expectError(function() cat.vote(id, true) end, 'the vote is over')
  ben.leave(3)
  advance { ms = DAY - 1 }
  expectError(function() c.execute(id) end, 'time to vote or to leave')
  advance { ms = 1 }
  local before, treasury = balance('vendor'), balance(c)
  c:with { from = 'stranger' }.execute(id)
  equal(event('Executed'), { id = id, yes = 5, no = 3 })
  equal({ balance('vendor') - before, treasury - balance(c) }, { 400, 400 })
  expectError(function() c.execute(id) end, 'no such proposal')
end)

test('nothing happens without a majority and a quorum', function()
  local c, ann, ben, cat = setUp()
  local lost = propose(ann, account('vendor'), 1)
  local few = propose(ann, account('vendor'), 2)
  local tie = propose(ann, account('vendor'), 3)
  ben.vote(lost, true)
  ann.vote(lost, false)
  cat.vote(few, true)
  ann.vote(tie, true)
  ben.vote(tie, false)
  cat.vote(tie, false)
  expectError(function() c.drop(few) end, 'still lives')
  advance { days = 4 }
  for _, id in ipairs { lost, few, tie } do
    expectError(function() c.execute(id) end, 'not accepted')
    c.drop(id)
    equal(event('Dropped'), { id = id })
  end
end)

test('the quorum counts shares of the time of the proposal', function()
  local c, ann, ben = setUp()
  local id = propose(ann, account('vendor'), 1)
  ben.vote(id, true)
  join(c, 'eve', 1000, 200000)
  advance { days = 4 }
  c.execute(id)
end)

test('a decision that nobody carries out is void', function()
  local c, ann = setUp()
  local id = propose(ann, account('vendor'), 1)
  ann.vote(id, true)
  advance { ms = 4 * DAY + 30 * DAY - 1 }
  expectError(function() c.drop(id) end, 'still lives')
  advance { ms = 1 }
  expectError(function() c.execute(id) end, 'out of date')
  c.drop(id)
end)

test('nobody buys a decision, votes twice or for others', function()
  local c, ann, ben = setUp()
  local id = propose(ann, account('eve'), 900)
  join(c, 'eve', 100, 20000)
  expectError(function() c:with { from = 'eve' }.vote(id, true) end, 'younger than the proposal')
  join(c, 'ben', 1, 2000)
  expectError(function() ben.vote(id, false) end, 'younger than the proposal')
  expectError(function() c:with { from = 'dan' }.vote(id, true) end, 'only members')
  expectError(function() propose(c:with { from = 'dan' }, account('dan'), 1) end, 'only members')
  ann.vote(id, true)
  expectError(function() ann.vote(id, false) end, 'voted already')
  expectError(function() ann.vote(99, true) end, 'no such proposal')
end)

test('money that has voted cannot leave and vote again', function()
  local _, ann = setUp()
  local id = propose(ann, account('vendor'), 1)
  ann.vote(id, true)
  expectError(function() ann.leave(5) end, 'is not over')
  advance { ms = 3 * DAY - 1 }
  expectError(function() ann.leave(5) end, 'is not over')
  advance { ms = 1 }
  ann.leave(5)
end)

test('a payment larger than what is left waits for money', function()
  local c, ann, ben = setUp()
  local id = propose(ann, account('vendor'), 900)
  ann.vote(id, true)
  ben.leave(3)
  advance { days = 4 }
  expectError(function() c.execute(id) end, 'TOKENS_BALANCE')
  c:with { from = 'donor', value = 500 }.donate()
  c.execute(id)
end)

test('acknowledges chapters by a proposal alone', function()
  local c, ann = setUp()
  local berlin = found(c.address)
  equal(berlin.about().parent, c.address)
  expectError(function() ann.acknowledge(berlin, 'Berlin') end, 'only a proposal')
  local id = propose(ann, c, 0, 'acknowledge', { berlin, 'Berlin' })
  ann.vote(id, true)
  advance { days = 4 }
  c.execute(id)
  equal({ event('Chapter'), c.chapter(berlin) }, { { chapter = berlin.address, name = 'Berlin' }, 'Berlin' })
end)

test('what it calls cannot come back in', function()
  local c, ann = setUp()
  local evil = publish([[
    abi.payable('bite(community: address)', function(community)
      contract.call(community, 'donate')
    end)
  ]])
  local id = propose(ann, evil, 10, 'bite', { c })
  ann.vote(id, true)
  advance { days = 4 }
  expectError(function() c.execute(id) end, 'CONTRACT_REENTRANT')
  equal(balance(evil), 0)
end)

test('refuses rules and proposals that cannot be', function()
  local function make(price, voting, grace, quorum)
    return function() publish('contract.lua', { args = table.pack('x', 'y', price, voting, grace, quorum, nil) }) end
  end
  expectError(make(0, DAY, DAY, 30), 'has a price')
  expectError(make(1, HOUR - 1, DAY, 30), 'a vote takes')
  expectError(make(1, 91 * DAY, DAY, 30), 'a vote takes')
  expectError(make(1, DAY, HOUR - 1, 30), 'to leave')
  expectError(make(1, DAY, 91 * DAY, 30), 'to leave')
  expectError(make(1, DAY, DAY, 0), 'the quorum')
  expectError(make(1, DAY, DAY, 101), 'the quorum')
  local c, ann = setUp()
  expectError(function() propose(ann, account('eve'), 1, 'call') end, 'a list')
  expectError(function() join(c, 'eve', math.maxinteger, 1) end, 'AMOUNT_RANGE')
end)
