local alice, bob, carol = 'alice', 'bob', 'carol'

local function tokenFrom(source, options)
  options = options or {}
  return publish(source, {
    from = alice,
    args = { 'Rain', 'RAIN', 2, options.supply or 1000, options.cap or 5000, options.minter },
  })
end

-- The contract is there in two languages, and both must pass the same tests.
for language, source in pairs { Lua = 'contract.lua', TypeScript = 'contract.ts' } do
  local function token(options) return tokenFrom(source, options) end

  test(language .. ': tells its name, symbol, decimals, supply and cap', function()
    local t = token()
    equal({ t.name(), t.symbol(), t.decimals(), t.totalSupply(), t.cap() }, { 'Rain', 'RAIN', 2, 1000, 5000 })
    equal(t.balanceOf(account(alice)), 1000)
    equal(event('Transfer'), { from = ('\0'):rep(32), to = account(alice), amount = 1000 })
  end)

  test(language .. ': moves tokens and says so', function()
    local t = token()
    t.transfer(account(bob), 300)
    equal(event('Transfer'), { from = account(alice), to = account(bob), amount = 300 })
    equal({ t.balanceOf(account(alice)), t.balanceOf(account(bob)) }, { 700, 300 })
    t:with { from = bob }.transfer(account(bob), 300)
    equal(t.balanceOf(account(bob)), 300, 'to itself')
    t.transfer(account(bob), 0)
    equal(t.balanceOf(account(bob)), 300, 'nothing')
  end)

  test(language .. ': moves no more than there is, and nothing to nobody', function()
    local t = token()
    expectError(function() t.transfer(account(bob), 1001) end, 'the balance is too small')
    expectError(function() t:with { from = bob }.transfer(account(alice), 1) end, 'the balance is too small')
    expectError(function() t.transfer(('\0'):rep(32), 1) end, 'burn destroys them')
    expectError(function() t.transfer(account(bob), -1) end, 'ABI_VALUE')
    equal(t.balanceOf(account(alice)), 1000)
  end)

  test(language .. ': lets a spender take as much as it was allowed', function()
    local t = token()
    t.approve(account(bob), 100)
    equal(event('Approval'), { owner = account(alice), spender = account(bob), amount = 100 })
    local asBob = t:with { from = bob }
    asBob.transferFrom(account(alice), account(carol), 60)
    equal(t.allowance(account(alice), account(bob)), 40)
    expectError(function() asBob.transferFrom(account(alice), account(carol), 41) end, 'the allowance is too small')
    asBob.transferFrom(account(alice), account(carol), 40)
    equal({ t.allowance(account(alice), account(bob)), t.balanceOf(account(carol)) }, { 0, 100 })
    expectError(function() t:with { from = carol }.transferFrom(account(alice), account(carol), 1) end, 'allowance')
  end)

  test(language .. ': does not let an allowance change while it can still be spent', function()
    local t = token()
    t.approve(account(bob), 100)
    expectError(function() t.approve(account(bob), 50) end, 'to zero first')
    t.approve(account(bob), 0)
    t.approve(account(bob), 50)
    equal(t.allowance(account(alice), account(bob)), 50)
  end)

  test(language .. ': an allowance does not stand for money', function()
    local t = token()
    t:with { from = bob }.approve(account(carol), 100)
    expectError(function() t:with { from = carol }.transferFrom(account(bob), account(carol), 1) end, 'balance is too small')
    equal(t.allowance(account(bob), account(carol)), 100, 'what failed took nothing of it')
  end)

  test(language .. ': the minter makes tokens up to the cap, and nobody else does', function()
    local t = token { minter = account(bob) }
    local asBob = t:with { from = bob }
    expectError(function() t.mint(account(alice), 1) end, 'only the minter')
    asBob.mint(account(carol), 4000)
    equal({ t.totalSupply(), t.balanceOf(account(carol)) }, { 5000, 4000 })
    expectError(function() asBob.mint(account(carol), 1) end, 'the cap is reached')
    expectError(function() asBob.mint(account(carol), math.maxinteger) end, 'AMOUNT_RANGE')
    expectError(function() asBob.mint(('\0'):rep(32), 1) end, 'nobody')
  end)

  test(language .. ': the right to mint is passed on, or given up for ever', function()
    local t = token { minter = account(bob) }
    expectError(function() t.setMinter(account(alice)) end, 'only the minter')
    t:with { from = bob }.setMinter(account(carol))
    expectError(function() t:with { from = bob }.mint(account(bob), 1) end, 'only the minter')
    t:with { from = carol }.setMinter(nil)
    equal(t.minter(), nil)
    expectError(function() t:with { from = carol }.mint(account(carol), 1) end, 'only the minter')
  end)

  test(language .. ': without a minter nobody mints', function()
    local t = token()
    expectError(function() t.mint(account(alice), 1) end, 'only the minter')
    expectError(function() t.setMinter(account(alice)) end, 'only the minter')
  end)

  test(language .. ': holders burn what is theirs', function()
    local t = token()
    t.burn(400)
    equal({ t.totalSupply(), t.balanceOf(account(alice)) }, { 600, 600 })
    equal(event('Transfer'), { from = account(alice), to = ('\0'):rep(32), amount = 400 })
    expectError(function() t.burn(601) end, 'the balance is too small')
    expectError(function() t:with { from = bob }.burn(1) end, 'the balance is too small')
  end)

  test(language .. ': refuses a name, symbol, decimals or supply that cannot be', function()
    local function make(...)
      local args = table.pack(...)
      return function() publish(source, { args = args }) end
    end
    expectError(make('', 'A', 0, 1, 1, nil), 'a name has')
    expectError(make('A', 'a', 0, 1, 1, nil), 'a symbol has')
    expectError(make('A', 'ABCDEFGHIJKLM', 0, 1, 1, nil), 'a symbol has')
    expectError(make('A', 'A', 19, 1, 1, nil), 'decimal places')
    expectError(make('A', 'A', -1, 1, 1, nil), 'decimal places')
    expectError(make('A', 'A', 0, 2, 1, nil), 'the cap is reached')
  end)

  test(language .. ': gives the deposit for an empty balance back', function()
    local t = token()
    t.transfer(account(bob), 1000)
    equal(t.balanceOf(account(alice)), 0)
    t:with { from = bob }.transfer(account(alice), 1000)
    equal({ t.balanceOf(account(alice)), t.totalSupply() }, { 1000, 1000 })
  end)
end
