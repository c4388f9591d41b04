-- Plans that people pay for ahead, period by period. The provider earns with time, so that whoever cancels gets back what has
-- not been served, to the millisecond.

-- Paying ahead for longer only locks money.
local MAX_AHEAD_MS = 5 * 366 * 24 * 3600 * 1000

local count = state.value('count', 0)
local plans = state.map('plans')
-- By plan and subscriber: { fromMs, untilMs, paid, collected }.
local subscriptions = state.map('subscriptions')

local Planned = abi.event('Planned(plan: integer, provider: address, price: amount, periodMs: integer, title: string)')
local Ended = abi.event('Ended(plan: integer)')
local Subscribed = abi.event('Subscribed(plan: integer, subscriber: address, untilMs: integer, paid: amount)')
local Cancelled = abi.event('Cancelled(plan: integer, subscriber: address, refund: amount)')
local Collected = abi.event('Collected(plan: integer, subscriber: address, amount: amount)')

local function findPlan(id)
  local plan = plans[id]
  assert(plan, 'there is no such plan')
  return plan
end

local function keyOf(id, subscriber)
  return string.pack('>i8', id) .. subscriber
end

local function find(id, subscriber)
  local key = keyOf(id, subscriber)
  local subscription = subscriptions[key]
  assert(subscription, 'there is no such subscription')
  return subscription, key
end

-- What the provider has served by now. A plan's price never changes, so that one line holds for all periods.
local function earned(plan, subscription)
  local now = system.time()
  if now >= subscription.untilMs then return subscription.paid end
  return decimal.mulDiv(plan.price, now - subscription.fromMs, plan.periodMs)
end

-- Writes what remains, or takes the entry away, before any money moves; returns what the provider gets.
local function settle(plan, subscription, key)
  local total = earned(plan, subscription)
  local amount = total - subscription.collected
  subscription.collected = total
  subscriptions[key] = system.time() < subscription.untilMs and subscription or nil
  return amount
end

local function pay(id, plan, subscriber, amount)
  contract.send(plan.provider, amount)
  Collected(id, subscriber, amount)
end

abi.method('plan(price: amount, periodMs: integer, title: string): integer', function(price, periodMs, title)
  assert(price > 0, 'a plan has a price')
  assert(periodMs >= 1000 and periodMs <= MAX_AHEAD_MS, 'a period has from a second to five years')
  local id = count:get() + 1
  count:set(id)
  plans[id] = { provider = system.caller(), price = price, periodMs = periodMs, open = true }
  Planned(id, system.caller(), price, periodMs, title)
  return id
end)

-- Nobody subscribes or prolongs any more; what is paid is served.
abi.method('close(plan: integer)', function(id)
  local plan = findPlan(id)
  assert(system.caller() == plan.provider, 'only the provider closes the plan')
  plan.open = false
  plans[id] = plan
  Ended(id)
end)

-- Begins a subscription, or prolongs the one that runs.
abi.payable('subscribe(plan: integer, periods: integer): integer', function(id, periods)
  local plan = findPlan(id)
  assert(plan.open, 'the plan is closed')
  assert(periods >= 1 and periods <= MAX_AHEAD_MS // plan.periodMs, 'so many periods cannot be paid ahead')
  assert(system.value() == decimal.mulDiv(plan.price, periods, 1), 'send the price of so many periods, exactly')
  local subscriber, now = system.caller(), system.time()
  local key = keyOf(id, subscriber)
  local subscription = subscriptions[key]
  local over = 0
  if subscription and now >= subscription.untilMs then
    over = settle(plan, subscription, key)
    subscription = nil
  end
  subscription = subscription or { fromMs = now, untilMs = now, paid = 0, collected = 0 }
  subscription.untilMs = subscription.untilMs + periods * plan.periodMs
  assert(subscription.untilMs - now <= MAX_AHEAD_MS, 'so many periods cannot be paid ahead')
  subscription.paid = decimal.add(subscription.paid, system.value())
  subscriptions[key] = subscription
  if over > 0 then pay(id, plan, subscriber, over) end
  Subscribed(id, subscriber, subscription.untilMs, subscription.paid)
  return subscription.untilMs
end)

abi.method('cancel(plan: integer): amount', function(id)
  local plan = findPlan(id)
  local subscriber = system.caller()
  local subscription, key = find(id, subscriber)
  local refund = subscription.paid - earned(plan, subscription)
  local amount = settle(plan, subscription, key)
  subscriptions[key] = nil
  contract.send(subscriber, refund)
  pay(id, plan, subscriber, amount)
  Cancelled(id, subscriber, refund)
  return refund
end)

-- Anybody may call it: the money goes to the provider.
abi.method('collect(plan: integer, subscriber: address): amount', function(id, subscriber)
  local plan = findPlan(id)
  local subscription, key = find(id, subscriber)
  local amount = settle(plan, subscription, key)
  pay(id, plan, subscriber, amount)
  return amount
end)

abi.view('isActive(plan: integer, subscriber: address): boolean', function(id, subscriber)
  local subscription = subscriptions[keyOf(id, subscriber)]
  return subscription ~= nil and system.time() < subscription.untilMs
end)
-- What cancelling now would give back.
abi.view('refundOf(plan: integer, subscriber: address): amount', function(id, subscriber)
  local subscription = find(id, subscriber)
  return subscription.paid - earned(findPlan(id), subscription)
end)
-- { provider, price, periodMs, open }, or nil.
abi.view('planOf(plan: integer): any', function(id) return plans[id] end)
-- { fromMs, untilMs, paid, collected }, or nil.
abi.view('subscription(plan: integer, subscriber: address): any', function(id, subscriber)
  return subscriptions[keyOf(id, subscriber)]
end)
