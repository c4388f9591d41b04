local DAY = 24 * 3600 * 1000

local function setUp()
  local escrow = publish('contract.lua')
  local deadline = time() + 7 * DAY
  escrow:with { from = 'buyer', value = 1001 }.open(account('seller'), account('arbiter'), deadline, 'a bicycle')
  local as = {}
  for _, name in ipairs { 'buyer', 'seller', 'arbiter', 'stranger' } do
    account(name)
    as[name] = escrow:with { from = name }
  end
  return escrow, as, event('Opened').id, deadline
end

local function gains(f)
  local buyer, seller = balance('buyer'), balance('seller')
  f()
  return { balance('buyer') - buyer, balance('seller') - seller }
end

test('holds the money of a deal', function()
  local escrow, _, id, deadline = setUp()
  equal(balance(escrow), 1001)
  equal(escrow.deal(id), {
    buyer = account('buyer'),
    seller = account('seller'),
    arbiter = account('arbiter'),
    amount = 1001,
    deadlineMs = deadline,
  })
end)

test('the buyer releases it to the seller', function()
  local escrow, as, id = setUp()
  equal(gains(function() as.buyer.release(id) end), { 0, 1001 })
  equal(event('Closed'), { id = id, how = 'released', toBuyer = 0, toSeller = 1001 })
  equal({ balance(escrow), escrow.deal(id) }, { 0 })
end)

test('the seller gives it back', function()
  local _, as, id = setUp()
  equal(gains(function() as.seller.giveBack(id) end), { 1001, 0 })
end)

test('the buyer reclaims it from the deadline on, and not before', function()
  local _, as, id, deadline = setUp()
  advance { ms = deadline - time() - 1 }
  expectError(function() as.buyer.reclaim(id) end, 'the deadline is not over')
  advance { ms = 1 }
  equal(gains(function() as.buyer.reclaim(id) end), { 1001, 0 })
end)

test('a dispute is possible up to the deadline, and not at it', function()
  local escrow, as, id, deadline = setUp()
  advance { ms = deadline - time() - 1 }
  as.seller.dispute(id)
  equal(event('Disputed'), { id = id, by = account('seller') })
  advance { ms = 1 }
  expectError(function() as.buyer.reclaim(id) end, 'the arbiter decides')
  escrow:with { from = 'buyer', value = 5 }.open(account('seller'), account('arbiter'), time() + 1, 'another')
  local other = event('Opened').id
  advance { ms = 1 }
  expectError(function() as.seller.dispute(other) end, 'the deadline is over')
end)

test('the arbiter splits what is disputed', function()
  local escrow, as, id = setUp()
  expectError(function() as.arbiter.split(id, 500) end, 'nobody disputes')
  as.buyer.dispute(id)
  expectError(function() as.buyer.dispute(id) end, 'disputed already')
  expectError(function() as.arbiter.split(id, 1002) end, 'more than the deal holds')
  equal(gains(function() as.arbiter.split(id, 300) end), { 701, 300 })
  equal(balance(escrow), 0)
end)

test('the arbiter may give all to one side', function()
  for _, toSeller in ipairs { 0, 1001 } do
    local _, as, id = setUp()
    as.buyer.dispute(id)
    equal(gains(function() as.arbiter.split(id, toSeller) end), { 1001 - toSeller, toSeller })
  end
end)

test('buyer and seller may still agree while they dispute', function()
  local _, as, id = setUp()
  as.buyer.dispute(id)
  equal(gains(function() as.buyer.release(id) end), { 0, 1001 })
end)

test('an arbiter who stays silent cannot lock the money', function()
  local _, as, id = setUp()
  expectError(function() as.buyer.halve(id) end, 'the arbiter still has time')
  as.buyer.dispute(id)
  advance { ms = 30 * DAY - 1 }
  expectError(function() as.seller.halve(id) end, 'the arbiter still has time')
  advance { ms = 1 }
  expectError(function() as.stranger.halve(id) end, 'only buyer and seller')
  equal(gains(function() as.seller.halve(id) end), { 501, 500 })
end)

test('nobody acts for another', function()
  local _, as, id = setUp()
  for _, name in ipairs { 'seller', 'arbiter', 'stranger' } do
    expectError(function() as[name].release(id) end, 'only the buyer')
    expectError(function() as[name].reclaim(id) end, 'only the buyer')
  end
  for _, name in ipairs { 'buyer', 'arbiter', 'stranger' } do
    expectError(function() as[name].giveBack(id) end, 'only the seller')
  end
  expectError(function() as.arbiter.dispute(id) end, 'only buyer and seller')
  as.buyer.dispute(id)
  for _, name in ipairs { 'buyer', 'seller', 'stranger' } do
    expectError(function() as[name].split(id, 1) end, 'only the arbiter')
  end
end)

test('a deal ends once', function()
  local escrow, as, id = setUp()
  -- Money of another deal that a second payment would take.
  escrow:with { from = 'stranger', value = 5000 }.open(account('seller'), account('arbiter'), time() + DAY, 'another')
  as.buyer.release(id)
  for _, again in ipairs {
    function() as.buyer.release(id) end,
    function() as.seller.giveBack(id) end,
    function() as.buyer.reclaim(id) end,
    function() as.buyer.dispute(id) end,
    function() as.arbiter.split(id, 1) end,
    function() as.buyer.halve(id) end,
  } do
    expectError(again, 'or it is closed')
  end
  equal(balance(escrow), 5000)
end)

test('refuses deals that cannot be', function()
  local escrow = publish('contract.lua')
  local function open(seller, arbiter, deadline, value)
    return function() escrow:with { from = 'buyer', value = value }.open(account(seller), account(arbiter), deadline, '') end
  end
  expectError(open('seller', 'arbiter', time() + 1, 0), 'send the money')
  expectError(open('buyer', 'arbiter', time() + 1, 1), 'are the same')
  expectError(open('seller', 'buyer', time() + 1, 1), 'takes no side')
  expectError(open('seller', 'seller', time() + 1, 1), 'takes no side')
  expectError(open('seller', 'arbiter', time(), 1), 'over already')
end)

test('a contract as seller gets its money and can do nothing else with it', function()
  local escrow = publish('contract.lua')
  local thief = publish([[
    abi.method('steal(escrow: address, id: integer)', function(escrow, id)
      contract.call(escrow, 'giveBack', id)
      contract.call(escrow, 'giveBack', id)
    end)
    abi.method('open(escrow: address, seller: address, arbiter: address)', function(escrow, seller, arbiter)
      contract.call({ to = escrow, value = 1 }, 'open', seller, arbiter, system.time() + 1, '')
    end)
  ]])
  escrow:with { from = 'buyer', value = 10 }.open(thief, account('arbiter'), time() + DAY, 'x')
  local id = event('Opened').id
  expectError(function() thief.steal(escrow, id) end, 'or it is closed')
  equal(balance(escrow), 10, 'the first call was taken back too')
  expectError(function() thief.open(escrow, account('seller'), account('arbiter')) end, 'TOKENS_BALANCE')
end)
