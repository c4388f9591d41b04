// What `smartshare contract new` writes.

/** A first contract: state, money, an event, a right, views. */
export const CONTRACT = `-- A jar for tips. Anybody may put SSP in; its owner takes them out.
-- What stands in the signatures is the ABI, which wallets and programs read: name(parameter: type, ...): type

local owner = state.value('owner')
local total = state.value('total', 0)
local tips = state.map('tips')

local Tipped = abi.event('Tipped(from: address, amount: amount, note: string)')

-- Runs once, when the contract is published.
abi.constructor('(owner: address)', function(who) owner:set(who) end)

-- Amounts are integers in grains: 1 SSP is 100,000,000 of them. decimal.add fails instead of overflowing.
abi.payable('tip(note: string)', function(note)
  local amount, from = system.value(), system.caller()
  assert(amount > 0, 'a tip needs money')
  total:set(decimal.add(total:get(), amount))
  tips[from] = decimal.add(tips[from] or 0, amount)
  Tipped(from, amount, note)
end)

-- An error takes back all that the call did: state, money and events.
abi.method('withdraw(amount: amount)', function(amount)
  assert(system.caller() == owner:get(), 'only the owner takes money out')
  contract.send(owner:get(), amount)
end)

abi.view('owner(): address', function() return owner:get() end)
abi.view('total(): amount', function() return total:get() end)
abi.view('tipsOf(who: address): amount', function(who) return tips[who] or 0 end)
`

export const TEST = `-- Each test begins with a chain of its own, on which every account has money.

local function jar()
  return publish('contract.lua', { args = { account('alice') }, from = 'alice' })
end

test('keeps tips, and says who gave them', function()
  local j = jar()
  j:with { from = 'bob', value = ssp('1.5') }.tip('thanks')
  equal(event('Tipped'), { from = account('bob'), amount = ssp('1.5'), note = 'thanks' })
  j:with { from = 'bob', value = 1 }.tip('')
  equal(j.total(), ssp('1.5') + 1)
  equal(j.tipsOf(account('bob')), ssp('1.5') + 1)
  equal(j.tipsOf(account('carol')), 0)
end)

test('gives money to its owner alone', function()
  local j = jar()
  j:with { from = 'bob', value = 500 }.tip('for later')
  expectError(function() j:with { from = 'bob' }.withdraw(1) end, 'only the owner')
  j.withdraw(200)
  equal(balance(j), 300)
  expectError(function() j.withdraw(301) end, 'TOKENS_BALANCE')
end)

test('takes no tip without money', function()
  expectError(function() jar().tip('nothing') end, 'needs money')
end)
`

/** Settings of the Lua language server (LuaLS), which most editors use. */
export const EDITOR_SETTINGS = `${JSON.stringify(
  {
    'runtime.version': 'Lua 5.4',
    'runtime.builtin': { io: 'disable', os: 'disable', debug: 'disable', package: 'disable', ffi: 'disable' },
    'workspace.library': ['.definitions'],
    'workspace.checkThirdParty': false,
  },
  null,
  2,
)}
`

export function readmeOf(name: string): string {
  return `# ${name}

A contract for Smartshare.

| file | what |
| --- | --- |
| \`contract.lua\` | the source that is published |
| \`contract.test.lua\` | its tests, in Lua too |
| \`.definitions/\`, \`.luarc.json\` | what editors know about the functions that contracts and tests have |

\`\`\`sh
smartshare contract test .
smartshare contract publish contract.lua --name ${JSON.stringify(name)} --arg alice
smartshare contract call ADDRESS tip "thank you" --value 1.5
smartshare contract view ADDRESS total
smartshare contract events ADDRESS --follow
smartshare contract client ADDRESS -o client.ts
\`\`\`
`
}
