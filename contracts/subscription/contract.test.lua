local DAY = 24 * 3600 * 1000
local PRICE = 3000

-- A plan of 3000 grains for 30 days: 100 a day.
local function setUp()
  local s = publish('contract.lua')
  s:with { from = 'provider' }.plan(PRICE, 30 * DAY, 'maps')
  account('ann')
  return s, event('Planned').plan
end

local function subscribe(s, plan, periods, who)
  s:with { from = who or 'ann', value = periods * PRICE }.subscribe(plan, periods)
end

local function gains(f)
  local ann, provider = balance('ann'), balance('provider')
  f()
  return { balance('ann') - ann, balance('provider') - provider }
end

test('is paid ahead and active until its end', function()
  local s, plan = setUp()
  equal(s.planOf(plan), { provider = account('provider'), price = PRICE, periodMs = 30 * DAY, open = true })
  equal(s.isActive(plan, account('ann')), false)
  subscribe(s, plan, 2)
  equal(event('Subscribed'), { plan = plan, subscriber = account('ann'), untilMs = time() + 60 * DAY, paid = 2 * PRICE })
  equal(balance(s), 2 * PRICE)
  advance { ms = 60 * DAY - 1 }
  equal(s.isActive(plan, account('ann')), true)
  advance { ms = 1 }
  equal(s.isActive(plan, account('ann')), false)
end)

test('gives back what is not served when it is cancelled', function()
  local s, plan = setUp()
  subscribe(s, plan, 2)
  advance { days = 45 }
  equal(s.refundOf(plan, account('ann')), 1500)
  equal(gains(function() s:with { from = 'ann' }.cancel(plan) end), { 1500, 4500 })
  equal(event('Cancelled'), { plan = plan, subscriber = account('ann'), refund = 1500 })
  equal({ balance(s), s.isActive(plan, account('ann')), s.subscription(plan, account('ann')) }, { 0, false })
  expectError(function() s:with { from = 'ann' }.cancel(plan) end, 'no such subscription')
end)

test('gives all back at once and nothing at the end', function()
  local s, plan = setUp()
  subscribe(s, plan, 1)
  equal(gains(function() s:with { from = 'ann' }.cancel(plan) end), { PRICE, 0 })
  subscribe(s, plan, 1)
  advance { days = 30 }
  equal(gains(function() s:with { from = 'ann' }.cancel(plan) end), { 0, PRICE })
  equal(balance(s), 0)
end)

test('rounds in favour of who paid', function()
  local s, plan = setUp()
  subscribe(s, plan, 1)
  advance { ms = 1 }
  equal(s.refundOf(plan, account('ann')), PRICE)
end)

test('the provider collects what is served, as often as it likes', function()
  local s, plan = setUp()
  subscribe(s, plan, 1)
  local function collect() s:with { from = 'stranger' }.collect(plan, account('ann')) end
  advance { days = 10 }
  equal(gains(collect), { 0, 1000 })
  equal(gains(collect), { 0, 0 })
  advance { days = 5 }
  equal(gains(collect), { 0, 500 })
  equal(gains(function() s:with { from = 'ann' }.cancel(plan) end), { 1500, 0 })
  equal(balance(s), 0)
end)

test('collecting after the end takes the rest and forgets it', function()
  local s, plan = setUp()
  subscribe(s, plan, 1)
  advance { days = 31 }
  equal(gains(function() s.collect(plan, account('ann')) end), { 0, PRICE })
  equal({ s.subscription(plan, account('ann')), balance(s) }, { nil, 0 })
  expectError(function() s.collect(plan, account('ann')) end, 'no such subscription')
end)

test('is prolonged while it runs', function()
  local s, plan = setUp()
  subscribe(s, plan, 1)
  advance { days = 20 }
  s.collect(plan, account('ann'))
  subscribe(s, plan, 1)
  equal(event('Subscribed').untilMs, time() + 40 * DAY)
  advance { days = 15 }
  equal(gains(function() s:with { from = 'ann' }.cancel(plan) end), { 2500, 1500 })
end)

test('begins anew after its end, and the provider gets what is over', function()
  local s, plan = setUp()
  subscribe(s, plan, 1)
  advance { days = 40 }
  equal(gains(function() subscribe(s, plan, 1) end), { -PRICE, PRICE })
  equal(event('Subscribed').untilMs, time() + 30 * DAY)
  equal({ balance(s), s.refundOf(plan, account('ann')) }, { PRICE, PRICE })
end)

test('keeps plans and subscribers apart', function()
  local s, plan = setUp()
  s:with { from = 'rival' }.plan(1, 1000, 'cheap')
  local other = event('Planned').plan
  subscribe(s, plan, 1)
  subscribe(s, plan, 2, 'ben')
  expectError(function() s:with { from = 'ann' }.cancel(other) end, 'no such subscription')
  s:with { from = 'ann' }.cancel(plan)
  equal({ balance(s), s.refundOf(plan, account('ben')) }, { 2 * PRICE, 2 * PRICE })
end)

test('a closed plan takes nobody, and serves who paid', function()
  local s, plan = setUp()
  subscribe(s, plan, 1)
  expectError(function() s:with { from = 'ann' }.close(plan) end, 'only the provider')
  s:with { from = 'provider' }.close(plan)
  expectError(function() subscribe(s, plan, 1) end, 'is closed')
  equal(s.isActive(plan, account('ann')), true)
end)

test('takes the price, exactly, for a number of periods that makes sense', function()
  local s, plan = setUp()
  local function try(value, periods)
    return function() s:with { from = 'ann', value = value }.subscribe(plan, periods) end
  end
  expectError(try(PRICE - 1, 1), 'exactly')
  expectError(try(PRICE + 1, 1), 'exactly')
  expectError(try(0, 0), 'so many periods')
  expectError(try(0, -1), 'so many periods')
  expectError(try(0, math.maxinteger), 'so many periods')
  expectError(try(62 * PRICE, 62), 'so many periods')
  subscribe(s, plan, 61)
  expectError(try(PRICE, 1), 'so many periods')
  expectError(function() s:with { value = 1 }.subscribe(99, 1) end, 'no such plan')
  s.plan(math.maxinteger, 1000, 'dear')
  expectError(function() s:with { value = 5 }.subscribe(event('Planned').plan, 2) end, 'AMOUNT_RANGE')
end)

test('refuses plans that cannot be', function()
  local s = publish('contract.lua')
  expectError(function() s.plan(0, DAY, '') end, 'has a price')
  expectError(function() s.plan(1, 999, '') end, 'from a second')
  expectError(function() s.plan(1, math.maxinteger, '') end, 'to five years')
end)
