local MINUTE = 60000
local FEE = 50

-- 50 grains for each half hour after ten free minutes.
local function setUp()
  local park = publish('contract.lua', {
    from = 'operator',
    args = { account('gate'), FEE, 30 * MINUTE, 10 * MINUTE, 'at your own risk' },
  })
  account('car')
  return park, park:with { from = 'gate' }
end

local function pay(park, value, who)
  park:with { from = who or 'car', value = value }.pay(account('car'))
end

test('announces fee and terms', function()
  local park = setUp()
  equal(event('Announced'), { fee = FEE, intervalMs = 30 * MINUTE, freeMs = 10 * MINUTE, terms = 'at your own risk' })
  equal(park.tariff().fee, FEE)
end)

test('a car comes, pays for each interval that it began, and leaves', function()
  local park, gate = setUp()
  local since = time()
  gate.arrive(account('car'))
  advance { minutes = 75 }
  equal(park.due(account('car')), 3 * FEE)
  expectError(function() gate.leave(account('car')) end, 'still owes')
  pay(park, 3 * FEE)
  equal(event('Receipt'), {
    car = account('car'),
    payer = account('car'),
    sinceMs = since,
    untilMs = time(),
    intervals = 3,
    paid = 3 * FEE,
  })
  gate.leave(account('car'))
  equal(event('Left'), { car = account('car'), sinceMs = since, intervals = 3, paid = 3 * FEE })
  equal({ park.income(), park.stay(account('car')) }, { 3 * FEE })
end)

test('the free time is free, and an interval begins at its first moment', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  local function due() return park.due(account('car')) end
  equal(due(), 0)
  advance { minutes = 10 }
  equal(due(), 0)
  advance { ms = 1 }
  equal(due(), FEE)
  advance { ms = 30 * MINUTE - 1 }
  equal(due(), FEE)
  advance { ms = 1 }
  equal(due(), 2 * FEE)
end)

test('who leaves within the free time pays nothing', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  advance { minutes = 10 }
  expectError(function() pay(park, FEE) end, 'nothing is due')
  gate.leave(account('car'))
  equal(event('Left').paid, 0)
end)

test('who paid has until the interval ends, and then pays the next one', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  advance { minutes = 20 }
  pay(park, FEE)
  expectError(function() pay(park, FEE) end, 'nothing is due')
  advance { minutes = 20 }
  equal(park.due(account('car')), 0)
  advance { ms = 1 }
  expectError(function() gate.leave(account('car')) end, 'still owes')
  pay(park, FEE)
  gate.leave(account('car'))
  equal(park.income(), 2 * FEE)
end)

test('too much comes back and too little is refused', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  advance { minutes = 20 }
  expectError(function() pay(park, FEE - 1) end, 'more is due')
  local before = balance('car')
  pay(park, 1000)
  equal(before - balance('car'), FEE)
end)

test('anybody may pay for a car', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  advance { minutes = 20 }
  pay(park, FEE, 'owner')
  equal(event('Receipt').payer, account('owner'))
  gate.leave(account('car'))
end)

test('a new tariff is for cars that come later', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  park:with { from = 'operator' }.announce(9 * FEE, 1000, 0, 'dear')
  gate.arrive(account('other'))
  advance { minutes = 20 }
  equal({ park.due(account('car')), park.due(account('other')) }, { FEE, 20 * 60 * 9 * FEE })
end)

test('only the gate sees cars, and only the operator rules', function()
  local park, gate = setUp()
  for _, name in ipairs { 'car', 'operator' } do
    local as = park:with { from = name }
    expectError(function() as.arrive(account('car')) end, 'only the gate')
    expectError(function() as.leave(account('car')) end, 'only the gate')
  end
  expectError(function() gate.announce(1, 1000, 0, '') end, 'only the operator')
  expectError(function() gate.withdraw(0) end, 'only the operator')
  expectError(function() gate.setGate(account('car')) end, 'only the operator')
  park:with { from = 'operator' }.setGate(account('new gate'))
  expectError(function() gate.arrive(account('car')) end, 'only the gate')
  park:with { from = 'new gate' }.arrive(account('car'))
end)

test('a car is here once', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  expectError(function() gate.arrive(account('car')) end, 'here already')
  gate.leave(account('car'))
  expectError(function() gate.leave(account('car')) end, 'not here')
  expectError(function() pay(park, FEE) end, 'not here')
  expectError(function() park.due(account('car')) end, 'not here')
  gate.arrive(account('car'))
end)

test('the operator takes the income and no more', function()
  local park, gate = setUp()
  gate.arrive(account('car'))
  advance { minutes = 20 }
  pay(park, FEE)
  local operator = park:with { from = 'operator' }
  expectError(function() operator.withdraw(FEE + 1) end, 'not so much')
  local before = balance('operator')
  operator.withdraw(FEE - 10)
  equal(event('Income'), { to = account('operator'), amount = FEE - 10 })
  operator.withdraw(10)
  equal({ balance('operator') - before, balance(park) }, { FEE, 0 })
end)

test('a fee beyond all numbers is an error', function()
  local park = publish('contract.lua', { args = { account('gate'), math.maxinteger, 1000, 0, '' } })
  park:with { from = 'gate' }.arrive(account('car'))
  advance { seconds = 2 }
  expectError(function() pay(park, 5) end, 'AMOUNT_RANGE')
end)

test('refuses tariffs that cannot be', function()
  local park = setUp():with { from = 'operator' }
  expectError(function() park.announce(1, 999, 0, '') end, 'at least a second')
  expectError(function() park.announce(1, 1000, -1, '') end, 'not negative')
end)

test('a contract that pays cannot come back while it is paid', function()
  local park, gate = setUp()
  local payer = publish([[
    abi.payable('pay(park: address, car: address)', function(park, car)
      contract.call({ to = park, value = 1000 }, 'pay', car)
      contract.call({ to = park, value = 1000 }, 'pay', car)
    end)
  ]])
  gate.arrive(account('car'))
  advance { minutes = 20 }
  expectError(function() payer:with { value = 2000 }.pay(park, account('car')) end, 'nothing is due')
  equal({ balance(park), balance(payer) }, { 0, 0 })
end)
