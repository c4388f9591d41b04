// The same token as in contract.lua, in TypeScript: `smartshare`'s contract kit compiles it to Lua. The tests run on both.

interface Holdings {
  name: string
  symbol: string
  decimals: Integer
  cap: Amount
}

const about = state.value<Holdings>('about')
const supply = state.value<Amount>('supply', 0)
const minter = state.value<Address>('minter')
const balances = state.map<Address, Amount>('balances')
const allowances = state.map<string, Amount>('allowances')

// Minting comes from the empty address, burning goes to it, as wallets expect.
const NOBODY: Address = '\0'.repeat(32)

const Transfer = abi.event('Transfer(from: address, to: address, amount: amount)')
const Approval = abi.event('Approval(owner: address, spender: address, amount: amount)')
const MinterChanged = abi.event('MinterChanged(from: address, to: address)')

function known(): Holdings {
  const found = about.get()
  assert(found !== undefined, 'the constructor did not run')
  return found
}

function balanceOf(owner: Address): Amount {
  return balances[owner] ?? 0
}

// An entry of zero is taken away: its bytes lock no grains any more.
function setBalance(owner: Address, amount: Amount): void {
  balances[owner] = amount > 0 ? amount : undefined
}

function setAllowance(key: string, amount: Amount): void {
  allowances[key] = amount > 0 ? amount : undefined
}

function move(from: Address, to: Address, amount: Amount): void {
  assert(to !== NOBODY, 'nobody would own these tokens; burn destroys them')
  const held = balanceOf(from)
  assert(held >= amount, 'the balance is too small')
  setBalance(from, held - amount)
  // Read after the line above: from and to may be the same.
  setBalance(to, balanceOf(to) + amount)
  Transfer(from, to, amount)
}

function mint(to: Address, amount: Amount): void {
  assert(to !== NOBODY, 'nobody would own these tokens')
  const total = decimal.add(supply.get(), amount)
  assert(total <= known().cap, 'the cap is reached')
  supply.set(total)
  setBalance(to, balanceOf(to) + amount)
  Transfer(NOBODY, to, amount)
}

function isSymbol(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    const isLetter = c >= 'A' && c <= 'Z'
    if (!isLetter && (i === 0 || c < '0' || c > '9')) return false
  }
  return text.length > 0
}

abi.constructor(
  '(name: string, symbol: string, decimals: integer, supply: amount, cap: amount, minter: address?)',
  (name: string, symbol: string, decimals: Integer, first: Amount, cap: Amount, whoMints: Address | undefined) => {
    assert(name.length > 0 && name.length <= 64, 'a name has 1 to 64 bytes')
    assert(isSymbol(symbol) && symbol.length <= 12, 'a symbol has 1 to 12 capital letters and digits')
    assert(decimals >= 0 && decimals <= 18, 'decimal places are from 0 to 18')
    about.set({ name, symbol, decimals, cap })
    minter.set(whoMints)
    mint(system.sender(), first)
  },
)

abi.view('name(): string', () => known().name)
abi.view('symbol(): string', () => known().symbol)
abi.view('decimals(): integer', () => known().decimals)
abi.view('totalSupply(): amount', () => supply.get())
abi.view('cap(): amount', () => known().cap)
abi.view('minter(): address?', () => minter.get())
abi.view('balanceOf(owner: address): amount', balanceOf)
abi.view('allowance(owner: address, spender: address): amount', (owner: Address, spender: Address) => {
  return allowances[owner + spender] ?? 0
})

abi.method('transfer(to: address, amount: amount): boolean', (to: Address, amount: Amount) => {
  move(system.caller(), to, amount)
  return true
})

// Who changes an allowance that is not zero sets it to zero first, or the spender may take both (EIP-20).
abi.method('approve(spender: address, amount: amount): boolean', (spender: Address, amount: Amount) => {
  const key = system.caller() + spender
  assert(amount === 0 || allowances[key] === undefined, 'set the allowance to zero first')
  setAllowance(key, amount)
  Approval(system.caller(), spender, amount)
  return true
})

abi.method(
  'transferFrom(from: address, to: address, amount: amount): boolean',
  (from: Address, to: Address, amount: Amount) => {
    const key = from + system.caller()
    const allowed = allowances[key] ?? 0
    assert(allowed >= amount, 'the allowance is too small')
    setAllowance(key, allowed - amount)
    move(from, to, amount)
    return true
  },
)

abi.method('mint(to: address, amount: amount)', (to: Address, amount: Amount) => {
  assert(system.caller() === minter.get(), 'only the minter makes tokens')
  mint(to, amount)
})

abi.method('burn(amount: amount)', (amount: Amount) => {
  const from = system.caller()
  const held = balanceOf(from)
  assert(held >= amount, 'the balance is too small')
  setBalance(from, held - amount)
  supply.set(supply.get() - amount)
  Transfer(from, NOBODY, amount)
})

// Undefined gives the right up for ever: the supply can only fall from then on.
abi.method('setMinter(to: address?)', (to: Address | undefined) => {
  assert(system.caller() === minter.get(), 'only the minter passes its right on')
  minter.set(to)
  MinterChanged(system.caller(), to ?? NOBODY)
})
