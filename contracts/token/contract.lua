-- A token that follows the IOT_Coin protocol: name, symbol, decimals, total supply, balances, allowances.
-- The minter, if there is one, makes new tokens up to the cap; every holder may burn what is its own.

local name = state.value('name')
local symbol = state.value('symbol')
local decimals = state.value('decimals')
local supply = state.value('supply', 0)
local cap = state.value('cap')
local minter = state.value('minter')
local balances = state.map('balances')
local allowances = state.map('allowances')

-- Minting comes from the empty address, burning goes to it, as wallets expect.
local NOBODY = ('\0'):rep(32)

local Transfer = abi.event('Transfer(from: address, to: address, amount: amount)')
local Approval = abi.event('Approval(owner: address, spender: address, amount: amount)')
local MinterChanged = abi.event('MinterChanged(from: address, to: address)')

local function balanceOf(owner)
  return balances[owner] or 0
end

-- An entry of zero is taken away: its bytes lock no grains any more.
local function set(map, key, amount)
  map[key] = amount > 0 and amount or nil
end

local function move(from, to, amount)
  assert(to ~= NOBODY, 'nobody would own these tokens; burn destroys them')
  local held = balanceOf(from)
  assert(held >= amount, 'the balance is too small')
  set(balances, from, held - amount)
  -- Read after the line above: from and to may be the same.
  set(balances, to, balanceOf(to) + amount)
  Transfer(from, to, amount)
end

local function mint(to, amount)
  assert(to ~= NOBODY, 'nobody would own these tokens')
  local total = decimal.add(supply:get(), amount)
  assert(total <= cap:get(), 'the cap is reached')
  supply:set(total)
  set(balances, to, balanceOf(to) + amount)
  Transfer(NOBODY, to, amount)
end

abi.constructor(
  '(name: string, symbol: string, decimals: integer, supply: amount, cap: amount, minter: address?)',
  function(itsName, itsSymbol, itsDecimals, first, most, whoMints)
    assert(#itsName > 0 and #itsName <= 64, 'a name has 1 to 64 bytes')
    assert(itsSymbol:match('^[A-Z][A-Z0-9]*$') and #itsSymbol <= 12, 'a symbol has 1 to 12 capital letters and digits')
    assert(itsDecimals >= 0 and itsDecimals <= 18, 'decimal places are from 0 to 18')
    name:set(itsName)
    symbol:set(itsSymbol)
    decimals:set(itsDecimals)
    cap:set(most)
    minter:set(whoMints)
    mint(system.sender(), first)
  end
)

abi.view('name(): string', function() return name:get() end)
abi.view('symbol(): string', function() return symbol:get() end)
abi.view('decimals(): integer', function() return decimals:get() end)
abi.view('totalSupply(): amount', function() return supply:get() end)
abi.view('cap(): amount', function() return cap:get() end)
abi.view('minter(): address?', function() return minter:get() end)
abi.view('balanceOf(owner: address): amount', balanceOf)
abi.view('allowance(owner: address, spender: address): amount', function(owner, spender)
  return allowances[owner .. spender] or 0
end)

abi.method('transfer(to: address, amount: amount): boolean', function(to, amount)
  move(system.caller(), to, amount)
  return true
end)

-- Who changes an allowance that is not zero sets it to zero first, or the spender may take both (EIP-20).
abi.method('approve(spender: address, amount: amount): boolean', function(spender, amount)
  local key = system.caller() .. spender
  assert(amount == 0 or allowances[key] == nil, 'set the allowance to zero first')
  set(allowances, key, amount)
  Approval(system.caller(), spender, amount)
  return true
end)

abi.method('transferFrom(from: address, to: address, amount: amount): boolean', function(from, to, amount)
  local key = from .. system.caller()
  local allowed = allowances[key] or 0
  assert(allowed >= amount, 'the allowance is too small')
  set(allowances, key, allowed - amount)
  move(from, to, amount)
  return true
end)

abi.method('mint(to: address, amount: amount)', function(to, amount)
  assert(system.caller() == minter:get(), 'only the minter makes tokens')
  mint(to, amount)
end)

abi.method('burn(amount: amount)', function(amount)
  local from = system.caller()
  local held = balanceOf(from)
  assert(held >= amount, 'the balance is too small')
  set(balances, from, held - amount)
  supply:set(supply:get() - amount)
  Transfer(from, NOBODY, amount)
end)

-- Nil gives the right up for ever: the supply can only fall from then on.
abi.method('setMinter(to: address?)', function(to)
  assert(system.caller() == minter:get(), 'only the minter passes its right on')
  minter:set(to)
  MinterChanged(system.caller(), to or NOBODY)
end)
