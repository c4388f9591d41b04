-- Rewards weather stations for what they report, out of a budget that their vendor (or anybody) fills.
-- A station reports once in each window of time; what is late, early or implausible earns nothing because it is refused.

local operator = state.value('operator')
local rules = state.value('rules')
-- What stations earned and did not collect: the rest of the contract's money is the budget.
local owed = state.value('owed', 0)
-- Of each station: { active, window (the last one that it reported in), owed }.
local stations = state.map('stations')

local Registered = abi.event('Registered(station: address, place: string)')
local Removed = abi.event('Removed(station: address)')
local Reported = abi.event('Reported(station: address, measuredMs: integer, temperature: integer, humidity: integer, pressure: integer, reward: amount)')
local ToppedUp = abi.event('ToppedUp(by: address, amount: amount)')
local Collected = abi.event('Collected(station: address, to: address, amount: amount)')

-- What the weather can be on Earth, in hundredths of a degree Celsius, of a percent and in pascals.
local PLAUSIBLE = {
  temperature = { -9000, 6000 },
  humidity = { 0, 10000 },
  pressure = { 30000, 110000 },
}

local function onlyOperator()
  assert(system.caller() == operator:get(), 'only the operator does this')
end

local function budget()
  return contract.balance() - owed:get()
end

local function check(what, value)
  local least, most = PLAUSIBLE[what][1], PLAUSIBLE[what][2]
  assert(value >= least and value <= most, what .. ' is not plausible')
end

local function setRules(reward, windowMs)
  assert(windowMs >= 60000, 'a window has at least a minute')
  rules:set { reward = reward, windowMs = windowMs }
end

abi.constructor('(reward: amount, windowMs: integer)', function(reward, windowMs)
  operator:set(system.caller())
  setRules(reward, windowMs)
end)

abi.method('setReward(reward: amount)', function(reward)
  onlyOperator()
  setRules(reward, rules:get().windowMs)
end)

abi.method('register(station: address, place: string)', function(station, place)
  onlyOperator()
  local known = stations[station] or { window = 0, owed = 0 }
  assert(not known.active, 'this station is registered')
  known.active = true
  stations[station] = known
  Registered(station, place)
end)

-- It keeps what it earned; and the window that it reported in, or it would earn twice when it comes back.
abi.method('remove(station: address)', function(station)
  onlyOperator()
  local known = stations[station]
  assert(known and known.active, 'this station is not registered')
  known.active = false
  stations[station] = known
  Removed(station)
end)

abi.payable('topUp()', function()
  ToppedUp(system.caller(), system.value())
end)

-- An empty budget does not stop the record of the weather: the report stands, its reward is what is left.
abi.method(
  'report(measuredMs: integer, temperature: integer, humidity: integer, pressure: integer): amount',
  function(measuredMs, temperature, humidity, pressure)
    local station, now = system.caller(), system.time()
    local known = stations[station]
    assert(known and known.active, 'this station is not registered')
    local r = rules:get()
    assert(measuredMs <= now, 'this is measured in the future')
    assert(measuredMs > now - r.windowMs, 'this is too old')
    local window = measuredMs // r.windowMs
    assert(window > known.window, 'this window is reported already')
    check('temperature', temperature)
    check('humidity', humidity)
    check('pressure', pressure)
    local reward = math.min(r.reward, budget())
    known.window = window
    known.owed = known.owed + reward
    stations[station] = known
    owed:set(owed:get() + reward)
    Reported(station, measuredMs, temperature, humidity, pressure, reward)
    return reward
  end
)

-- A station sends what it earned wherever its owner wants it.
abi.method('collect(to: address): amount', function(to)
  local station = system.caller()
  local known = stations[station]
  assert(known and known.owed > 0, 'there is nothing to collect')
  local amount = known.owed
  known.owed = 0
  stations[station] = known
  owed:set(owed:get() - amount)
  contract.send(to, amount)
  Collected(station, to, amount)
  return amount
end)

-- The operator cannot take what stations have earned.
abi.method('withdraw(amount: amount)', function(amount)
  onlyOperator()
  assert(amount <= budget(), 'this is more than the budget')
  contract.send(system.caller(), amount)
end)

abi.view('budget(): amount', budget)
abi.view('reward(): amount', function() return rules:get().reward end)
abi.view('windowMs(): integer', function() return rules:get().windowMs end)
-- { active, window, owed }, or nil.
abi.view('station(station: address): any', function(station) return stations[station] end)
