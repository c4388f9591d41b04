local HOUR = 3600000

-- Two of three owners, with 1000 grains.
local function setUp()
  local w = publish('contract.lua', { args = { { account('ann'), account('ben'), account('cat') }, 2 } })
  w:with { from = 'donor', value = 1000 }.deposit()
  return w, w:with { from = 'ann' }, w:with { from = 'ben' }, w:with { from = 'cat' }
end

local function propose(as, to, amount, method, args, life)
  as.propose(to, amount, method, args, life or HOUR, 'rent')
  return event('Proposed').id
end

test('pays when enough owners confirm', function()
  local w, ann, ben = setUp()
  local id = propose(ann, account('landlord'), 300)
  equal(event('Proposed'), {
    id = id, by = account('ann'), to = account('landlord'), amount = 300, untilMs = time() + HOUR, note = 'rent',
  })
  expectError(function() ann.execute(id) end, 'not enough owners')
  ben.confirm(id)
  equal(event('Confirmed'), { id = id, by = account('ben'), confirmations = 2 })
  local before = balance('landlord')
  ann.execute(id)
  equal({ balance('landlord') - before, balance(w), w.proposal(id) }, { 300, 700 })
end)

test('pays a proposal once', function()
  local _, ann, ben = setUp()
  local id = propose(ann, account('landlord'), 300)
  ben.confirm(id)
  ben.execute(id)
  for _, again in ipairs { 'execute', 'confirm', 'revoke', 'drop' } do
    expectError(function() ann[again](id) end, 'no such proposal')
  end
end)

test('nobody but owners does anything', function()
  local w, ann, ben = setUp()
  local id = propose(ann, account('landlord'), 300)
  local eve = w:with { from = 'eve' }
  expectError(function() propose(eve, account('eve'), 1) end, 'only owners')
  for _, name in ipairs { 'confirm', 'revoke', 'execute' } do
    expectError(function() eve[name](id) end, 'only owners')
  end
  ben.confirm(id)
  expectError(function() eve.execute(id) end, 'only owners')
  expectError(function() ann.setRules({ account('ann') }, 1) end, 'only a proposal')
end)

test('an owner counts once', function()
  local _, ann = setUp()
  local id = propose(ann, account('landlord'), 300)
  expectError(function() ann.confirm(id) end, 'confirmed already')
  expectError(function() ann.execute(id) end, 'not enough owners')
end)

test('a confirmation can be revoked until it is used', function()
  local _, ann, ben, cat = setUp()
  local id = propose(ann, account('landlord'), 300)
  ben.confirm(id)
  ann.revoke(id)
  equal(event('Revoked'), { id = id, by = account('ann'), confirmations = 1 })
  expectError(function() ann.revoke(id) end, 'not confirmed')
  expectError(function() cat.revoke(id) end, 'not confirmed')
  expectError(function() ben.execute(id) end, 'not enough owners')
  cat.confirm(id)
  ben.execute(id)
end)

test('a proposal dies at its time', function()
  local w, ann, ben = setUp()
  local id = propose(ann, account('landlord'), 300)
  advance { ms = HOUR - 1 }
  ben.confirm(id)
  expectError(function() w.drop(id) end, 'still lives')
  advance { ms = 1 }
  expectError(function() ann.execute(id) end, 'out of date')
  w:with { from = 'stranger' }.drop(id)
  equal({ event('Dropped').id, w.proposal(id) }, { id })
end)

test('calls contracts with arguments and money', function()
  local w, ann, ben = setUp()
  local shop = publish([[
    local last = state.value('last')
    abi.payable('order(what: string, n: integer)', function(what, n)
      assert(n < 10, 'too many')
      last:set { what = what, n = n, by = system.caller(), paid = system.value() }
    end)
    abi.view('last(): any', function() return last:get() end)
  ]])
  local id = propose(ann, shop, 40, 'order', { 'bolts', 3 })
  ben.confirm(id)
  ben.execute(id)
  equal(shop.last(), { what = 'bolts', n = 3, by = w.address, paid = 40 })
  local bad = propose(ann, shop, 40, 'order', { 'bolts', 30 })
  ben.confirm(bad)
  expectError(function() ben.execute(bad) end, 'too many')
  equal({ balance(w), #w.proposal(bad).confirmations }, { 960, 2 }, 'a call that fails is taken back whole')
  local tooMuch = propose(ann, account('landlord'), 961)
  ben.confirm(tooMuch)
  expectError(function() ben.execute(tooMuch) end, 'TOKENS_BALANCE')
end)

test('what it calls cannot come back in', function()
  local w, ann, ben = setUp()
  local evil = publish([[
    abi.payable('bite(wallet: address, id: integer)', function(wallet, id)
      contract.call(wallet, 'execute', id)
    end)
    abi.payable('rule(wallet: address, me: address)', function(wallet, me)
      contract.call(wallet, 'setRules', { me }, 1)
    end)
  ]])
  local id = propose(ann, evil, 40, 'bite', { w.address, 1 })
  ben.confirm(id)
  expectError(function() ben.execute(id) end, 'CONTRACT_REENTRANT')
  id = propose(ann, evil, 40, 'rule', { w.address, account('eve') })
  ben.confirm(id)
  expectError(function() ben.execute(id) end, 'only a proposal')
end)

test('changes its rules by a proposal, and old proposals are void', function()
  local w, ann, ben = setUp()
  local old = propose(ann, account('eve'), 500)
  ben.confirm(old)
  local id = propose(ann, w, 0, 'setRules', { { account('ann'), account('dan') }, 1 })
  ben.confirm(id)
  ben.execute(id)
  equal(w.rules(), { owners = { account('ann'), account('dan') }, threshold = 1, epoch = 2 })
  expectError(function() ann.execute(old) end, 'out of date')
  expectError(function() ben.confirm(old) end, 'only owners')
  w.drop(old)
  local dan = w:with { from = 'dan' }
  dan.execute(propose(dan, account('landlord'), 5))
  equal(balance(w), 995)
end)

test('refuses rules and proposals that cannot be', function()
  local function make(owners, threshold)
    return function()
      local list = {}
      for i = 1, owners do list[i] = crypto.sha256('owner ' .. i) end
      publish('contract.lua', { args = { list, threshold } })
    end
  end
  expectError(make(0, 1), '1 to 20 owners')
  expectError(make(21, 1), '1 to 20 owners')
  expectError(make(3, 0), 'the threshold')
  expectError(make(3, 4), 'the threshold')
  make(20, 20)()
  expectError(function() publish('contract.lua', { args = { { account('ann'), account('ann') }, 1 } }) end, 'twice')
  local _, ann = setUp()
  expectError(function() propose(ann, account('eve'), 1, nil, nil, HOUR - 1) end, 'an hour')
  expectError(function() propose(ann, account('eve'), 1, nil, nil, 91 * 24 * HOUR) end, '90 days')
  expectError(function() propose(ann, account('eve'), 1, 'call', 'text') end, 'a list')
  expectError(function() propose(ann, account('eve'), 1, 'call') end, 'a list')
end)
