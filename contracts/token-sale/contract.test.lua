local DAY = 24 * 3600 * 1000
local SOFT, HARD = 1000, 4000

local function sale(token, options)
  options = options or {}
  return publish('contract.lua', {
    from = 'vendor',
    args = {
      token,
      options.rate or 100,
      options.soft or SOFT,
      options.hard or HARD,
      time() + (options.start or DAY),
      time() + (options.finish or 2 * DAY),
      account('treasury'),
      account('pool'),
      options.use or 'half for stations, half for research',
    },
  })
end

-- A sale at 100 tokens for an SSP that has its goods.
local function setUp(options)
  local token = publish('../token/contract.lua', { from = 'vendor', args = table.pack('Rain', 'RAIN', 0, 10000, 10000, nil) })
  local s = sale(token, options)
  token:with { from = 'vendor' }.transfer(s, HARD)
  return s, token
end

local function buy(s, who, amount)
  s:with { from = who, value = ssp(amount) }.buy()
end

local function opened()
  local s, token = setUp()
  s.open()
  advance { days = 1 }
  return s, token
end

test('publishes its terms and what the money is for', function()
  local s, token = setUp()
  local terms = s.terms()
  equal({ terms.token, terms.rate, terms.softCap, terms.hardCap }, { token.address, 100, SOFT, HARD })
  equal(terms.useOfFunds, 'half for stations, half for research')
end)

test('opens when its goods are here and its time has come', function()
  local token = publish('../token/contract.lua', { args = table.pack('Rain', 'RAIN', 0, 10000, 10000, nil) })
  local s = sale(token)
  token.transfer(s, HARD - 1)
  expectError(function() s.open() end, 'not here yet')
  token.transfer(s, 1)
  s.open()
  expectError(function() s.open() end, 'opened already')
  equal(s.state(), 'waiting')
  expectError(function() buy(s, 'ann', 1) end, 'not open')
  advance { ms = DAY - 1 }
  expectError(function() buy(s, 'ann', 1) end, 'not open')
  advance { ms = 1 }
  equal(s.state(), 'open')
  buy(s, 'ann', 1)
end)

test('sells nothing without goods', function()
  local s = setUp()
  advance { days = 1 }
  expectError(function() buy(s, 'ann', 1) end, 'not open')
end)

test('tracks what everybody bought', function()
  local s = opened()
  buy(s, 'ann', 3)
  equal(event('Bought'), { buyer = account('ann'), paid = ssp(3), tokens = 300 })
  buy(s, 'ann', '0.5')
  buy(s, 'ben', 2)
  equal(s.purchase(account('ann')), { paid = ssp('3.5'), tokens = 350 })
  equal({ s.sold(), s.raised(), s.left(), balance(s) }, { 550, ssp('5.5'), HARD - 550, ssp('5.5') })
end)

test('rounds down, and never sells a part of nothing', function()
  local s = opened()
  expectError(function() s:with { from = 'ann', value = 999999 }.buy() end, 'this buys nothing')
  expectError(function() s.buy() end, 'this buys nothing')
  s:with { from = 'ann', value = 1999999 }.buy()
  equal(s.purchase(account('ann')), { paid = 1999999, tokens = 1 })
end)

test('sells up to the hard cap, exactly', function()
  local s, token = opened()
  buy(s, 'ann', 39)
  expectError(function() buy(s, 'ben', 2) end, 'so many are not left')
  buy(s, 'ben', 1)
  equal(s.state(), 'succeeded', 'before its end')
  expectError(function() buy(s, 'ben', 1) end, 'not open')
  s:with { from = 'ben' }.claim()
  equal(token.balanceOf(account('ben')), 100)
end)

test('gives tokens and pays out after it succeeded', function()
  local s, token = opened()
  buy(s, 'ann', 6)
  buy(s, 'ben', 4)
  expectError(function() s:with { from = 'ann' }.claim() end, 'has not succeeded')
  expectError(function() s.finish() end, 'not over')
  advance { ms = DAY - 1 }
  expectError(function() s.finish() end, 'not over')
  advance { ms = 1 }
  expectError(function() buy(s, 'ann', 1) end, 'not open')
  s:with { from = 'ann' }.claim()
  local before = balance('treasury')
  s:with { from = 'stranger' }.finish()
  equal(event('Finished'), { succeeded = true, raised = ssp(10), unsold = HARD - 1000 })
  equal({ balance('treasury') - before, balance(s) }, { ssp(10), 0 })
  equal({ token.balanceOf(account('pool')), token.balanceOf(s) }, { HARD - 1000, 400 })
  s:with { from = 'ben' }.claim()
  equal({ token.balanceOf(account('ann')), token.balanceOf(account('ben')), token.balanceOf(s) }, { 600, 400, 0 })
  expectError(function() s.finish() end, 'this was done')
end)

test('gives everybody the money back after it failed', function()
  local s, token = opened()
  local ann, ben = balance('ann'), balance('ben')
  buy(s, 'ann', 6)
  buy(s, 'ben', '3.99')
  expectError(function() s:with { from = 'ann' }.refund() end, 'has not failed')
  advance { days = 1 }
  equal(s.state(), 'failed')
  s:with { from = 'ann' }.refund()
  equal(event('Refunded'), { buyer = account('ann'), paid = ssp(6) })
  s.finish()
  equal(event('Finished'), { succeeded = false, raised = 0, unsold = HARD })
  equal(token.balanceOf(account('pool')), HARD)
  s:with { from = 'ben' }.refund()
  equal({ balance('ann'), balance('ben'), balance(s), balance('treasury') }, { ann, ben, 0, balance('treasury') })
  expectError(function() s:with { from = 'ben' }.claim() end, 'has not succeeded')
end)

test('refunds nobody twice, and nobody who did not pay', function()
  local s = opened()
  buy(s, 'ann', 1)
  buy(s, 'ben', 1)
  advance { days = 1 }
  s:with { from = 'ann' }.refund()
  expectError(function() s:with { from = 'ann' }.refund() end, 'nothing of yours')
  expectError(function() s:with { from = 'eve' }.refund() end, 'nothing of yours')
  equal(balance(s), ssp(1))
end)

test('gives tokens to nobody twice', function()
  local s = opened()
  buy(s, 'ann', 20)
  advance { days = 1 }
  s:with { from = 'ann' }.claim()
  expectError(function() s:with { from = 'ann' }.claim() end, 'nothing of yours')
  expectError(function() s:with { from = 'ann' }.refund() end, 'has not failed')
end)

test('a sale that never opened can only fail', function()
  local s, token = setUp()
  advance { days = 2 }
  expectError(function() s.open() end, 'or is over')
  s.finish()
  equal(token.balanceOf(account('pool')), HARD)
end)

-- A token whose transfer calls back into the sale as often as it is let.
local EVIL = [[
  local sale = state.value('sale')
  local how = state.value('how', '')
  abi.method('aim(sale: address, how: string)', function(s, h) sale:set(s) how:set(h) end)
  abi.view('balanceOf(who: address): amount', function() return 4000 end)
  abi.payable('buy()', function() contract.call({ to = sale:get(), value = system.value() }, 'buy') end)
  abi.method('claim()', function() contract.call(sale:get(), 'claim') end)
  abi.method('transfer(to: address, amount: amount): boolean', function()
    if how:get() == 'refuse' then return false end
    contract.call(sale:get(), how:get())
    return true
  end, { reentrant = true })
]]

test('a token that calls back takes nothing twice', function()
  for _, how in ipairs { 'claim', 'finish', 'refuse' } do
    local evil = publish(EVIL)
    local s = sale(evil)
    evil.aim(s, how)
    s.open()
    advance { days = 1 }
    buy(evil, 'ann', 15)
    advance { days = 1 }
    local text = how == 'refuse' and 'refuses to move' or 'CONTRACT_REENTRANT: ' .. how
    expectError(function() evil.claim() end, text)
    expectError(function() s.finish() end, text)
    equal(balance(s), ssp(15))
  end
end)

test('refuses terms that cannot be', function()
  local function make(options) return function() sale(account('vendor'), options) end end
  expectError(make { rate = 0 }, 'the rate')
  expectError(make { soft = 0 }, 'the soft cap')
  expectError(make { soft = HARD + 1 }, 'the soft cap')
  expectError(make { start = -1 }, 'in the future')
  expectError(make { start = 5, finish = 5 }, 'after it begins')
  expectError(make { use = '' }, 'what the money is for')
end)

test('a price beyond all numbers is an error, not a gift', function()
  local s = setUp { rate = math.maxinteger }
  s.open()
  advance { days = 1 }
  expectError(function() buy(s, 'ann', 100) end, 'AMOUNT_RANGE')
end)
