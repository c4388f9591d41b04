local HOUR = 3600000

local function setUp(budget)
  local w = publish('contract.lua', { from = 'vendor', args = { 10, HOUR } })
  local vendor = w:with { from = 'vendor' }
  vendor.register(account('station'), 'roof of the school')
  if budget ~= 0 then w:with { from = 'vendor', value = budget or 1000 }.topUp() end
  -- The begin of a window, so that the tests count whole hours.
  advance { ms = HOUR - time() % HOUR }
  return w, vendor, w:with { from = 'station' }
end

local function report(station, ms)
  station.report(ms or time(), 2150, 5500, 101325)
end

test('records a report and rewards it', function()
  local w, _, station = setUp()
  report(station)
  equal(event('Reported'), {
    station = account('station'),
    measuredMs = time(),
    temperature = 2150,
    humidity = 5500,
    pressure = 101325,
    reward = 10,
  })
  equal({ w.budget(), w.station(account('station')).owed, balance(w) }, { 990, 10, 1000 })
end)

test('rewards one report in a window', function()
  local w, _, station = setUp()
  report(station)
  expectError(function() report(station) end, 'reported already')
  advance { ms = HOUR - 1 }
  expectError(function() report(station) end, 'reported already')
  advance { ms = 1 }
  report(station)
  expectError(function() report(station, time() - 1) end, 'reported already')
  equal(w.budget(), 980)
end)

test('takes reports neither from the future nor from long ago', function()
  local _, _, station = setUp()
  expectError(function() report(station, time() + 1) end, 'in the future')
  expectError(function() report(station, time() - HOUR) end, 'too old')
  expectError(function() report(station, math.mininteger) end, 'too old')
  report(station, time() - HOUR + 1)
  report(station, time())
end)

test('refuses what no weather can be', function()
  local _, _, station = setUp()
  local function try(temperature, humidity, pressure, text)
    expectError(function() station.report(time(), temperature, humidity, pressure) end, text)
  end
  try(-9001, 0, 100000, 'temperature is not plausible')
  try(6001, 0, 100000, 'temperature is not plausible')
  try(0, -1, 100000, 'humidity is not plausible')
  try(0, 10001, 100000, 'humidity is not plausible')
  try(0, 0, 29999, 'pressure is not plausible')
  try(0, 0, 110001, 'pressure is not plausible')
  station.report(time(), -9000, 10000, 110000)
  advance { hours = 1 }
  station.report(time(), 6000, 0, 30000)
end)

test('takes reports of registered stations alone', function()
  local w, vendor, station = setUp()
  expectError(function() report(w:with { from = 'eve' }) end, 'not registered')
  expectError(function() report(vendor) end, 'not registered')
  vendor.remove(account('station'))
  equal(event('Removed'), { station = account('station') })
  expectError(function() report(station) end, 'not registered')
  expectError(function() vendor.remove(account('station')) end, 'not registered')
  expectError(function() vendor.remove(account('eve')) end, 'not registered')
end)

test('a station that comes back does not earn twice for a window, and keeps what it earned', function()
  local w, vendor, station = setUp()
  report(station)
  vendor.remove(account('station'))
  vendor.register(account('station'), 'another roof')
  expectError(function() report(station) end, 'reported already')
  expectError(function() vendor.register(account('station'), 'x') end, 'is registered')
  vendor.remove(account('station'))
  local before = balance('station')
  station.collect(account('station'))
  equal({ balance('station') - before, w.station(account('station')).owed }, { 10, 0 })
end)

test('rewards as long as there is a budget, and records after that', function()
  local w, _, station = setUp(15)
  report(station)
  advance { hours = 1 }
  report(station)
  equal(event('Reported').reward, 5)
  advance { hours = 1 }
  report(station)
  equal({ event('Reported').reward, w.budget() }, { 0, 0 })
  w:with { from = 'neighbour', value = 100 }.topUp()
  equal(event('ToppedUp'), { by = account('neighbour'), amount = 100 })
  advance { hours = 1 }
  report(station)
  equal({ event('Reported').reward, w.budget() }, { 10, 90 })
end)

test('pays what was earned, once, where the station says', function()
  local w, _, station = setUp()
  expectError(function() station.collect(account('owner')) end, 'nothing to collect')
  report(station)
  advance { hours = 1 }
  report(station)
  local before = balance('owner')
  station.collect(account('owner'))
  equal(event('Collected'), { station = account('station'), to = account('owner'), amount = 20 })
  equal({ balance('owner') - before, balance(w), w.budget() }, { 20, 980, 980 })
  expectError(function() station.collect(account('owner')) end, 'nothing to collect')
  expectError(function() w:with { from = 'eve' }.collect(account('eve')) end, 'nothing to collect')
end)

test('the operator takes back the budget, but nothing that is earned', function()
  local w, vendor, station = setUp(10)
  report(station)
  expectError(function() vendor.withdraw(1) end, 'more than the budget')
  w:with { from = 'vendor', value = 30 }.topUp()
  expectError(function() station.withdraw(1) end, 'only the operator')
  local before = balance('vendor')
  vendor.withdraw(30)
  equal(balance('vendor') - before, 30)
  station.collect(account('station'))
  equal(balance(w), 0)
end)

test('the operator alone registers and sets the reward', function()
  local w, vendor, station = setUp()
  expectError(function() station.register(account('eve'), '') end, 'only the operator')
  expectError(function() station.remove(account('station')) end, 'only the operator')
  expectError(function() station.setReward(1000) end, 'only the operator')
  vendor.setReward(25)
  equal({ w.reward(), w.windowMs() }, { 25, HOUR })
  report(station)
  equal(event('Reported').reward, 25)
  expectError(function() publish('contract.lua', { args = { 1, 59999 } }) end, 'at least a minute')
end)
