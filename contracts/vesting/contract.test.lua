local DAY = 24 * 3600 * 1000

-- 1000 grains over 100 days, the first after 25.
local function setUp(options)
  options = options or {}
  local vesting = publish('contract.lua')
  local start = time()
  vesting:with { from = 'giver', value = options.amount or 1000 }.grant(
    account('worker'), start, start + 25 * DAY, start + 100 * DAY, options.revocable or false
  )
  return vesting, vesting:with { from = 'worker' }, vesting:with { from = 'giver' }, event('Granted').id
end

test('gives nothing before the cliff, then in proportion, then all', function()
  local vesting, worker, _, id = setUp()
  local before = balance('worker')
  advance { ms = 25 * DAY - 1 }
  equal(vesting.claimable(id), 0)
  expectError(function() worker.claim(id) end, 'nothing is earned')
  advance { ms = 1 }
  equal(vesting.claimable(id), 250)
  worker.claim(id)
  equal(event('Claimed'), { id = id, amount = 250 })
  expectError(function() worker.claim(id) end, 'nothing is earned')
  advance { days = 25 }
  worker.claim(id)
  equal(balance('worker') - before, 500)
  advance { days = 1000 }
  worker.claim(id)
  equal({ balance('worker') - before, balance(vesting), vesting.find(id) }, { 1000, 0 })
  expectError(function() worker.claim(id) end, 'or all of it is claimed')
end)

test('rounds down until the end and then gives the rest', function()
  local _, worker, _, id = setUp { amount = 7 }
  local before = balance('worker')
  advance { days = 50 }
  worker.claim(id)
  equal(balance('worker') - before, 3)
  advance { days = 50 }
  worker.claim(id)
  equal(balance('worker') - before, 7)
end)

test('bears the largest amounts', function()
  local vesting = publish('contract.lua')
  local amount = ssp(900000)
  vesting:with { from = 'giver', value = amount }.grant(account('worker'), 0, 0, math.maxinteger, false)
  local id = event('Granted').id
  equal(vesting.claimable(id), decimal.mulDiv(amount, time(), math.maxinteger))
end)

test('is revoked by its giver alone, and what is earned stays', function()
  local vesting, worker, giver, id = setUp { revocable = true }
  local before, given = balance('worker'), balance('giver')
  expectError(function() worker.revoke(id) end, 'only who gave')
  advance { days = 40 }
  worker.claim(id)
  advance { days = 20 }
  giver.revoke(id)
  equal({ event('Revoked').returned, balance('giver') - given }, { 400, 400 })
  expectError(function() giver.revoke(id) end, 'cannot be revoked')
  equal(vesting.claimable(id), 200)
  advance { days = 500 }
  worker.claim(id)
  equal({ balance('worker') - before, balance(vesting) }, { 600, 0 })
end)

test('is gone if it is revoked when everything earned is claimed', function()
  local vesting, worker, giver, id = setUp { revocable = true }
  advance { days = 30 }
  worker.claim(id)
  giver.revoke(id)
  equal({ vesting.find(id), balance(vesting) }, { nil, 0 })
end)

test('before the cliff all of it goes back', function()
  local vesting, _, giver, id = setUp { revocable = true }
  advance { ms = 25 * DAY - 1 }
  local given = balance('giver')
  giver.revoke(id)
  equal({ balance('giver') - given, balance(vesting) }, { 1000, 0 })
end)

test('cannot be revoked unless it was said so, nor after its end', function()
  local _, _, giver, id = setUp()
  expectError(function() giver.revoke(id) end, 'cannot be revoked')
  local _, _, other, late = setUp { revocable = true }
  advance { days = 100 }
  expectError(function() other.revoke(late) end, 'all of it is earned')
end)

test('is passed on by its beneficiary', function()
  local vesting, worker, giver, id = setUp()
  expectError(function() giver.pass(id, account('giver')) end, 'only the beneficiary')
  worker.pass(id, account('heir'))
  equal(event('Passed'), { id = id, to = account('heir') })
  advance { days = 100 }
  expectError(function() worker.claim(id) end, 'only the beneficiary')
  local before = balance('heir')
  vesting:with { from = 'heir' }.claim(id)
  equal(balance('heir') - before, 1000)
end)

test('keeps grants apart', function()
  local vesting, worker, _, id = setUp()
  vesting:with { from = 'giver', value = 5000 }.grant(account('other'), time(), time(), time() + 100 * DAY, false)
  local other = event('Granted').id
  advance { days = 200 }
  expectError(function() worker.claim(other) end, 'only the beneficiary')
  worker.claim(id)
  equal({ balance(vesting), vesting.claimable(other) }, { 5000, 5000 })
end)

test('refuses grants that cannot be', function()
  local vesting = publish('contract.lua')
  local function grant(value, start, cliff, finish)
    return function() vesting:with { value = value }.grant(account('worker'), start, cliff, finish, false) end
  end
  local now = time()
  expectError(grant(0, now, now, now + 1), 'send the money')
  expectError(grant(1, now + 2, now + 1, now + 3), 'in this order')
  expectError(grant(1, now, now + 4, now + 3), 'in this order')
  expectError(grant(1, -1, now, now + 1), 'in this order')
  expectError(grant(1, now - 2, now - 1, now), 'over already')
  expectError(grant(1, now + 5, now + 5, now + 5), 'over already')
end)
