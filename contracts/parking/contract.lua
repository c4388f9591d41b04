-- A car park. The gate says who comes and who leaves; a car, or whoever likes, pays for each interval that it began.
-- Nobody pays ahead, so that a gate that lies takes no money: it only opens for a car that owes nothing.

local operator = state.value('operator')
local gate = state.value('gate')
local tariff = state.value('tariff')
-- Of each car that is here: { sinceMs, paid (intervals), fee, intervalMs, freeMs }. It keeps the tariff that it found.
local stays = state.map('stays')

local Announced = abi.event('Announced(fee: amount, intervalMs: integer, freeMs: integer, terms: string)')
local Arrived = abi.event('Arrived(car: address, sinceMs: integer)')
local Receipt = abi.event('Receipt(car: address, payer: address, sinceMs: integer, untilMs: integer, intervals: integer, paid: amount)')
local Left = abi.event('Left(car: address, sinceMs: integer, intervals: integer, paid: amount)')
local Income = abi.event('Income(to: address, amount: amount)')

local function announce(fee, intervalMs, freeMs, terms)
  assert(intervalMs >= 1000, 'an interval has at least a second')
  assert(freeMs >= 0, 'free time is not negative')
  tariff:set { fee = fee, intervalMs = intervalMs, freeMs = freeMs, terms = terms }
  Announced(fee, intervalMs, freeMs, terms)
end

local function only(who, text)
  assert(system.caller() == who:get(), text)
end

local function find(car)
  local stay = stays[car]
  assert(stay, 'this car is not here')
  return stay
end

-- Intervals that began by now, after the free time.
local function intervals(stay)
  local charged = system.time() - stay.sinceMs - stay.freeMs
  if charged <= 0 then return 0 end
  return (charged - 1) // stay.intervalMs + 1
end

-- What is paid never exceeds what began, so that this is never negative.
local function due(stay)
  return decimal.mulDiv(intervals(stay) - stay.paid, stay.fee, 1)
end

abi.constructor(
  '(gate: address, fee: amount, intervalMs: integer, freeMs: integer, terms: string)',
  function(itsGate, fee, intervalMs, freeMs, terms)
    operator:set(system.caller())
    gate:set(itsGate)
    announce(fee, intervalMs, freeMs, terms)
  end
)

abi.method('announce(fee: amount, intervalMs: integer, freeMs: integer, terms: string)', function(...)
  only(operator, 'only the operator announces')
  announce(...)
end)

abi.method('setGate(gate: address)', function(to)
  only(operator, 'only the operator changes the gate')
  gate:set(to)
end)

abi.method('arrive(car: address)', function(car)
  only(gate, 'only the gate sees who arrives')
  assert(not stays[car], 'this car is here already')
  local t, now = tariff:get(), system.time()
  stays[car] = { sinceMs = now, paid = 0, fee = t.fee, intervalMs = t.intervalMs, freeMs = t.freeMs }
  Arrived(car, now)
end)

-- Pays what is due by now, for any car; what is too much comes back at once. Who sends money that some time ago was enough
-- hears so: the gate would not open.
abi.payable('pay(car: address): amount', function(car)
  local stay = find(car)
  local payer, value, fee = system.caller(), system.value(), due(stay)
  assert(fee > 0, 'nothing is due')
  assert(value >= fee, 'more is due by now')
  stay.paid = intervals(stay)
  stays[car] = stay
  contract.send(payer, value - fee)
  Receipt(car, payer, stay.sinceMs, system.time(), stay.paid, fee)
  return fee
end)

abi.method('leave(car: address)', function(car)
  only(gate, 'only the gate sees who leaves')
  local stay = find(car)
  assert(due(stay) == 0, 'this car still owes something')
  stays[car] = nil
  Left(car, stay.sinceMs, stay.paid, decimal.mulDiv(stay.paid, stay.fee, 1))
end)

abi.method('withdraw(amount: amount)', function(amount)
  only(operator, 'only the operator takes the income')
  assert(amount <= contract.balance(), 'there is not so much')
  contract.send(system.caller(), amount)
  Income(system.caller(), amount)
end)

-- { fee, intervalMs, freeMs, terms }
abi.view('tariff(): any', function() return tariff:get() end)
abi.view('due(car: address): amount', function(car) return due(find(car)) end)
-- { sinceMs, paid, fee, intervalMs, freeMs }, or nil if the car is not here.
abi.view('stay(car: address): any', function(car) return stays[car] end)
abi.view('income(): amount', function() return contract.balance() end)
