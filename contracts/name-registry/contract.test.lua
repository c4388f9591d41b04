local DAY = 24 * 3600000
local YEAR = 365 * DAY
local FEE = 700
local SALT = 'salt'

local function setUp()
  return publish('contract.lua', { args = { account('treasury'), FEE } })
end

local function hash(name, who, salt)
  return crypto.sha256(string.pack('s4', name) .. account(who) .. (salt or SALT))
end

local function register(r, who, name, value)
  r:with { from = who, value = value or FEE }.register(name, SALT)
end

local function take(r, who, name)
  r:with { from = who }.commit(hash(name, who))
  advance { minutes = 1 }
  register(r, who, name)
end

test('a name is committed to, registered and looked up', function()
  local r = setUp()
  local before = balance('treasury')
  take(r, 'ann', 'weather-club')
  equal(event('Registered'), { name = 'weather-club', owner = account('ann'), untilMs = time() + YEAR })
  equal(r.lookup('weather-club'), account('ann'))
  equal({ balance('treasury') - before, balance(r), r.fee() }, { FEE, 0, FEE })
  equal(r.lookup('other'), nil)
end)

test('who watches cannot snatch a name', function()
  local r = setUp()
  r:with { from = 'ann' }.commit(hash('gold', 'ann'))
  -- Eve copies the commitment, and later sees name and salt.
  expectError(function() r:with { from = 'eve' }.commit(hash('gold', 'ann')) end, 'committed already')
  advance { minutes = 1 }
  expectError(function() register(r, 'eve', 'gold') end, 'commit to it first')
  r:with { from = 'eve' }.commit(hash('gold', 'eve'))
  expectError(function() register(r, 'eve', 'gold') end, 'wait a minute')
  register(r, 'ann', 'gold')
  advance { minutes = 1 }
  expectError(function() register(r, 'eve', 'gold') end, 'somebody has this name')
  equal(r.lookup('gold'), account('ann'))
end)

test('a commitment holds from a minute to a day', function()
  local r = setUp()
  local ann = r:with { from = 'ann' }
  ann.commit(hash('gold', 'ann'))
  equal(r.hashOf('gold', account('ann'), SALT), hash('gold', 'ann'))
  advance { ms = 59999 }
  expectError(function() register(r, 'ann', 'gold') end, 'wait a minute')
  advance { ms = DAY - 59999 + 1 }
  expectError(function() register(r, 'ann', 'gold') end, 'too old')
  ann.commit(hash('gold', 'ann'))
  advance { ms = DAY }
  register(r, 'ann', 'gold')
  expectError(function() register(r, 'ann', 'gold') end, 'commit to it first')
  expectError(function() ann.commit('short') end, '32 bytes')
end)

test('a name runs out, stays its owner’s for a while, and is free then', function()
  local r = setUp()
  take(r, 'ann', 'gold')
  advance { ms = YEAR - 1 }
  equal(r.lookup('gold'), account('ann'))
  advance { ms = 1 }
  equal(r.lookup('gold'), nil)
  expectError(function() r:with { from = 'ann' }.point('gold', account('ben')) end, 'has run out')
  expectError(function() r:with { from = 'ann' }.transfer('gold', account('ben')) end, 'has run out')
  r:with { from = 'eve' }.commit(hash('gold', 'eve'))
  advance { days = 29, minutes = 1 }
  expectError(function() register(r, 'eve', 'gold') end, 'too old')
  r:with { from = 'eve' }.commit(hash('gold', 'eve'))
  advance { ms = DAY - 60001 }
  expectError(function() register(r, 'eve', 'gold') end, 'somebody has this name')
  advance { ms = 1 }
  expectError(function() r:with { value = FEE }.renew('gold') end, 'nobody has this name')
  register(r, 'eve', 'gold')
  equal(r.lookup('gold'), account('eve'))
end)

test('anybody renews it, also in its grace, up to ten years', function()
  local r = setUp()
  take(r, 'ann', 'gold')
  local last = event('Registered').untilMs
  advance { ms = YEAR + 30 * DAY - 1 }
  r:with { from = 'friend', value = FEE }.renew('gold')
  equal(event('Renewed'), { name = 'gold', untilMs = last + YEAR })
  equal(r.lookup('gold'), account('ann'))
  for _ = 1, 9 do r:with { from = 'friend', value = FEE }.renew('gold') end
  expectError(function() r:with { value = FEE }.renew('gold') end, 'ten years')
end)

test('is pointed somewhere and passed on by its owner alone', function()
  local r = setUp()
  take(r, 'ann', 'gold')
  local ann, ben = r:with { from = 'ann' }, r:with { from = 'ben' }
  expectError(function() ben.point('gold', account('ben')) end, 'not yours')
  expectError(function() ben.transfer('gold', account('ben')) end, 'not yours')
  ann.point('gold', account('wallet'))
  equal(event('Pointed'), { name = 'gold', target = account('wallet') })
  equal({ r.lookup('gold'), r.find('gold').owner }, { account('wallet'), account('ann') })
  ann.transfer('gold', account('ben'))
  equal(event('Transferred'), { name = 'gold', from = account('ann'), to = account('ben') })
  equal(r.lookup('gold'), account('ben'), 'nothing points to the former owner')
  expectError(function() ann.point('gold', account('ann')) end, 'not yours')
  ben.point('gold', account('wallet'))
  expectError(function() ben.point('silver', account('ben')) end, 'nobody has this name')
end)

test('takes the fee, exactly', function()
  local r = setUp()
  r:with { from = 'ann' }.commit(hash('gold', 'ann'))
  advance { minutes = 1 }
  expectError(function() register(r, 'ann', 'gold', FEE - 1) end, 'exactly')
  expectError(function() register(r, 'ann', 'gold', FEE + 1) end, 'exactly')
  register(r, 'ann', 'gold')
  expectError(function() r.renew('gold') end, 'exactly')
end)

test('has names that cannot be mistaken', function()
  local r = setUp()
  for _, bad in ipairs { '', 'ab', ('a'):rep(33), 'Gold', 'go ld', '-gold', 'gold-', 'go--ld', 'göld', 'gold.x', 'gold\0' } do
    expectError(function() register(r, 'ann', bad) end, 'a name has')
  end
  for _, good in ipairs { 'abc', ('a'):rep(32), 'a-b-c', '007' } do take(r, 'ann', good) end
end)
