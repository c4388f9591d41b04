import { SmartshareError } from '@smartshare/codec'
import { type LuaValue, textBytes } from '@smartshare/lvm'
import { beforeEach, describe, expect, it } from 'vitest'
import { callOf, TestChain } from '../testing.ts'
import { issueToken, tokenOf, units } from '../testing-tokens.ts'
import { pools } from '../tokens/tokens.ts'
import { encodeParameters } from './abi.ts'
import { entriesOf } from './contract-state.ts'
import { codeHashOf } from './contracts.ts'
import { contractCount, contractsFrom, getCode, getContract } from './registry.ts'

const COUNTER = `
local count = state.value('count', 0)
local Counted = abi.event('Counted(by: address, total: integer)')

abi.method('add(n: integer)', function(n)
  count:set(count:get() + n)
  Counted(system.sender(), count:get())
end)
abi.view('total(): integer', function() return count:get() end)
abi.method('fail()', function()
  count:set(999)
  error('never')
end)
abi.method('spin()', function() while true do end end)
`

let chain: TestChain

beforeEach(() => {
  chain = new TestChain({ accounts: ['alice', 'bob'] })
})

/** The error that a call of a contract fails with. */
function failure(act: () => unknown): SmartshareError {
  try {
    act()
  } catch (error) {
    if (SmartshareError.is(error)) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('a contract', () => {
  it('keeps state, says events and answers views', () => {
    const counter = chain.publish('alice', COUNTER)
    const { receipt } = chain.run('bob', chain.contractCall(counter, 'add', [5n]))
    expect(receipt.events.find(({ name }) => name === 'Counted')?.data).toEqual({
      by: chain.account('bob').address,
      total: 5n,
    })
    chain.run('bob', chain.contractCall(counter, 'add', [-2n]))
    expect(chain.view(counter, 'total')).toBe(3n)
  })

  it('takes back everything of a call that fails, but not its fee', () => {
    const counter = chain.publish('alice', COUNTER)
    const before = chain.balance('bob')
    const error = failure(() => chain.run('bob', chain.contractCall(counter, 'fail')))
    expect(error.code).toBe('CONTRACT_FAILED')
    expect(error.message).toBe('contract:12: never')
    expect(chain.view(counter, 'total')).toBe(0n)
    expect(chain.balance('bob')).toBeLessThan(before)
  })

  it('ends within its gas whatever it does', () => {
    const counter = chain.publish('alice', COUNTER)
    expect(failure(() => chain.run('bob', chain.contractCall(counter, 'spin'))).code).toBe('GAS_EXHAUSTED')
    chain.run('bob', chain.contractCall(counter, 'add', [1n]))
    expect(chain.view(counter, 'total')).toBe(1n)
  })

  it('locks grains for what it stores and gives them back when it is freed', () => {
    const map = chain.publish(
      'alice',
      `local m = state.map('m')
      abi.method('put(key: string, value: string)', function(key, value) m[key] = value end)
      abi.method('drop(key: string)', function(key) m[key] = nil end)`,
    )
    const price = chain.parameters.stateByteGrains
    const locked = () => {
      const bytes = [...entriesOf(chain.state, map, { limit: 100 })].length
      return { grains: chain.balance(pools.contractState), entries: bytes }
    }
    const first = locked()
    expect(first.entries).toBe(0)
    chain.run('bob', chain.contractCall(map, 'put', [textBytes('k'), textBytes('x'.repeat(100))]))
    // 2 + 32 bytes of place, 2 of the name, 2 of the key; 102 of the value.
    expect(locked()).toEqual({ grains: first.grains + 140n * price, entries: 1 })
    chain.run('bob', chain.contractCall(map, 'put', [textBytes('k'), textBytes('x'.repeat(10))]))
    expect(locked().grains).toBe(first.grains + (38n + 11n) * price)
    const { receipt } = chain.run('alice', chain.contractCall(map, 'drop', [textBytes('k')]))
    expect(locked()).toEqual(first)
    const refund = receipt.events.find(({ name }) => name === 'transfer')?.data
    expect(refund).toMatchObject({ to: chain.account('alice').address, amount: 49n * price })
  })

  it('holds and pays money, and only payable methods take it', () => {
    const box = chain.publish(
      'alice',
      `abi.payable('pay(): amount', function() return system.value() end)
      abi.method('take(amount: amount)', function(amount) contract.send(system.caller(), amount) end)
      abi.view('held(): amount', function() return contract.balance() end)`,
    )
    chain.run('bob', chain.contractCall(box, 'pay', [], 500n))
    expect(chain.view(box, 'held')).toBe(500n)
    expect(failure(() => chain.run('bob', chain.contractCall(box, 'take', [5n], 1n))).code).toBe('CONTRACT_FUNDS')
    expect(failure(() => chain.run('bob', chain.contractCall(box, 'take', [501n]))).message).toContain('TOKENS_BALANCE')
    const { receipt } = chain.run('alice', chain.contractCall(box, 'take', [400n]))
    expect(receipt.events.map(({ data }) => data.amount)).toEqual([400n])
    expect(chain.view(box, 'held')).toBe(100n)
  })

  it('holds and pays tokens of vendors like SSP', () => {
    chain.run('alice', issueToken())
    const token = tokenOf(chain, 'alice')
    const box = chain.publish(
      'alice',
      `abi.payable('pay(token: address): amount', function(token) return system.value(token) end)
      abi.method('take(token: address, amount: amount)', function(token, amount)
        contract.send(system.caller(), amount, token)
      end)
      abi.view('held(token: address): amount', function(token) return contract.balance(nil, token) end)`,
    )
    const call = chain.contractCall(box, 'pay', [token])
    chain.run('alice', { ...call, funds: [{ token, amount: 300n }] })
    expect(chain.view(box, 'held', token)).toBe(300n)
    chain.run('bob', chain.contractCall(box, 'take', [token, 120n]))
    expect(['alice', 'bob', box].map((of) => units(chain, token, of))).toEqual([700n, 120n, 180n])
    expect(failure(() => chain.run('bob', chain.contractCall(box, 'take', [token, 181n]))).message).toContain(
      'TOKENS_BALANCE',
    )
  })

  it('calls tokens of vendors as it calls tokens that are contracts, and may mint them', () => {
    const vault = chain.publish(
      'alice',
      `abi.method('fill(token: address, amount: amount)', function(token, amount)
        contract.call(token, 'transferFrom', system.caller(), system.contract(), amount)
        contract.call(token, 'mint', system.caller(), 7)
      end)
      abi.method('empty(token: address, to: address)', function(token, to)
        contract.call(token, 'transfer', to, contract.view(token, 'balanceOf', system.contract()))
      end)
      abi.view('about(token: address): any', function(token)
        local function ask(what) return contract.view(token, what) end
        return { ask('name'), ask('symbol'), ask('decimals'), ask('totalSupply') }
      end)
      abi.view('steal(token: address)', function(token) contract.call(token, 'transfer', system.contract(), 1) end)`,
    )
    chain.run('alice', issueToken({ minter: vault }))
    const token = tokenOf(chain, 'alice')
    const held = () => ['alice', 'bob', vault].map((of) => units(chain, token, of))
    // Called by its address like a contract, by a transaction.
    const asContract = (method: string, inputs: string[], args: LuaValue[]) => {
      const parameters = inputs.map((type, i) => ({ name: `p${i}`, type }))
      return { target: token, method, arguments: encodeParameters(parameters, args), funds: [] }
    }
    chain.run('alice', asContract('approve', ['address', 'amount'], [vault, 400n]))
    chain.run('alice', chain.contractCall(vault, 'fill', [token, 400n]))
    expect(held()).toEqual([607n, 0n, 400n])
    expect(failure(() => chain.run('alice', chain.contractCall(vault, 'fill', [token, 1n]))).message).toContain(
      'TOKENS_ALLOWANCE',
    )
    chain.run('alice', chain.contractCall(vault, 'empty', [token, chain.account('bob').address]))
    chain.run('bob', asContract('transfer', ['address', 'amount'], [chain.account('alice').address, 100n]))
    expect(held()).toEqual([707n, 300n, 0n])
    expect(chain.view(vault, 'about', token)).toEqual([textBytes('Acme Coin'), textBytes('ACME'), 2n, 1_007n])
    expect(failure(() => chain.view(vault, 'steal', token)).message).toContain('a view')
    const mint = asContract('mint', ['address', 'amount'], [chain.account('bob').address, 1n])
    expect(failure(() => chain.run('bob', mint)).code).toBe('TOKENS_ROLE')
    expect(failure(() => chain.run('bob', asContract('steal', [], []))).code).toBe('CONTRACT_METHOD')
  })

  it('cannot write in a view', () => {
    const bad = chain.publish(
      'alice',
      `local v = state.value('v')
      abi.view('write()', function() v:set(1) end)`,
    )
    expect(failure(() => chain.view(bad, 'write')).message).toContain('a view cannot write')
    // Nor when a transaction calls it.
    const called = () => chain.run('bob', chain.contractCall(bad, 'write'))
    expect(failure(called).message).toContain('a view cannot write')
  })
})

describe('publishing', () => {
  it('runs the constructor with money and stores source and ABI', () => {
    const source = `
      local owner = state.value('owner')
      abi.constructor('(owner: address, note: string)', function(who, note) owner:set(who .. note) end)
      abi.view('owner(): bytes', function() return owner:get() end)`
    const bob = chain.account('bob').address
    const address = chain.publish('alice', source, { arguments: [bob, textBytes('!')], value: 7n })
    expect(chain.view(address, 'owner')).toEqual(Uint8Array.of(...bob, 33))
    expect(chain.balance(address)).toBe(7n)
    expect(new TextDecoder().decode(getCode(chain.state, address).source)).toBe(source)
    expect([contractCount(chain.state), contractsFrom(chain.state, 0, 10)]).toEqual([1, [address]])
    expect(failure(() => chain.run('bob', chain.contractCall(address, 'constructor', [bob, textBytes('')]))).code).toBe(
      'CONTRACT_METHOD',
    )
  })

  it('insists on running a constructor', () => {
    const source = "abi.constructor('(n: integer)', function() end)"
    expect(failure(() => chain.publish('alice', source)).code).toBe('CONTRACT_METHOD')
    chain.publish('alice', source, { arguments: [1n] })
  })

  it.each([
    ['a wrong line', 'abi.method(', 'contract:1:'],
    ['a name twice', "abi.view('a()', function() end) abi.view('a()', function() end)", 'declared twice'],
    ['a signature without end', "abi.view((' '):rep(100000) .. 'x', function() end)", 'at most 2048 characters'],
    ['a type that does not exist', "abi.view('a(b: uint256)', function() end)", 'there is no type uint256'],
    ['state while it loads', "state.value('a'):set(1)", 'only while a method runs'],
    ['bytecode', '\u001bLua', 'binary chunk'],
  ])('refuses %s', (_, source, why) => {
    const error = failure(() => chain.publish('alice', source))
    expect(error.code).toBe('CONTRACT_SOURCE')
    expect(error.message).toContain(why)
  })

  it('refuses a source that loads for ever, within its gas', () => {
    expect(failure(() => chain.publish('alice', 'while true do end')).code).toBe('GAS_EXHAUSTED')
  })

  it('upgrades only by the rule that was declared, after the time that was declared', () => {
    const alice = chain.account('alice').address
    const source = textBytes(COUNTER.replace('count:get() + n', 'count:get() + 10 * n'))
    const upgrade = (contract: Uint8Array) => callOf('contracts', 'upgrade', { contract, source, metadata: '' })
    const fixed = chain.publish('alice', COUNTER)
    expect(failure(() => chain.run('alice', upgrade(fixed))).code).toBe('CONTRACT_RULE')
    const open = chain.publish('alice', COUNTER, { upgrade: { by: alice, delayMs: 60_000 } })
    chain.run('bob', chain.contractCall(open, 'add', [1n]))
    expect(failure(() => chain.run('bob', upgrade(open))).code).toBe('CONTRACT_RULE')
    expect(failure(() => chain.run('alice', upgrade(open))).code).toBe('CONTRACT_UPGRADE')
    chain.run('alice', callOf('contracts', 'announceUpgrade', { contract: open, codeHash: codeHashOf(source) }))
    expect(failure(() => chain.run('alice', upgrade(open))).code).toBe('CONTRACT_UPGRADE')
    chain.makeBlock([], 60_000)
    chain.run('alice', upgrade(open))
    chain.run('bob', chain.contractCall(open, 'add', [1n]))
    expect([chain.view(open, 'total'), getContract(chain.state, open).version]).toEqual([11n, 2])
  })

  it('lets be paused by whom the rules name, and views go on', () => {
    const { address } = chain.account('bob')
    const contract = chain.publish('alice', COUNTER, { pauser: address })
    const pause = (paused: boolean) => callOf('contracts', 'setPaused', { contract, paused })
    expect(failure(() => chain.run('alice', pause(true))).code).toBe('CONTRACT_RULE')
    chain.run('bob', pause(true))
    expect(failure(() => chain.run('bob', chain.contractCall(contract, 'add', [1n]))).code).toBe('CONTRACT_PAUSED')
    expect(chain.view(contract, 'total')).toBe(0n)
    chain.run('bob', pause(false))
    chain.run('bob', chain.contractCall(contract, 'add', [1n]))
  })
})

describe('calls between contracts', () => {
  const callee = `
    local v = state.value('v', 0)
    abi.payable('set(n: integer): integer', function(n) v:set(n) return v:get() end)
    abi.view('get(): integer', function() return v:get() end)
    abi.method('fail()', function() v:set(77) error('callee') end)
    abi.method('back(to: address)', function(to) return contract.call(to, 'direct', system.contract()) end)
    abi.view('who(): address', function() return system.caller() end)`
  const caller = `
    abi.payable('set(to: address, n: integer): integer', function(to, n)
      return contract.call({ to = to, value = system.value() }, 'set', n)
    end)
    abi.view('get(to: address): integer', function(to) return contract.view(to, 'get') end)
    abi.method('tryFail(to: address): string', function(to)
      contract.call(to, 'set', 5)
      local ok, why = contract.pcall(function() contract.call(to, 'set', 6) contract.call(to, 'fail') end)
      return tostring(ok) .. ' ' .. why
    end)
    abi.method('direct(to: address): integer', function(to) return contract.call(to, 'set', 1) end)
    abi.method('loop(to: address)', function(to) contract.call(to, 'back', system.contract()) end)
    abi.method('deep(n: integer)', function(n) contract.call(system.contract(), 'deep', n - 1) end, { reentrant = true })
    abi.view('who(to: address): address', function(to) return contract.view(to, 'who') end)`
  let a: Uint8Array
  let b: Uint8Array

  beforeEach(() => {
    a = chain.publish('alice', caller)
    b = chain.publish('bob', callee)
  })

  it('pass arguments, money and results', () => {
    chain.run('alice', chain.contractCall(a, 'set', [b, 42n], 10n))
    expect(chain.view(a, 'get', b)).toBe(42n)
    expect([chain.balance(a), chain.balance(b)]).toEqual([0n, 10n])
    expect(chain.view(a, 'who', b)).toEqual(a)
  })

  it('revert by contract.pcall what happened inside', () => {
    chain.run('alice', chain.contractCall(a, 'tryFail', [b]))
    expect(chain.view(b, 'get')).toBe(5n)
  })

  it('refuse to come back into a contract that does not allow it', () => {
    expect(failure(() => chain.run('alice', chain.contractCall(a, 'loop', [b]))).message).toContain(
      'CONTRACT_REENTRANT',
    )
  })

  it('end at a depth that all machines bear', () => {
    expect(failure(() => chain.run('alice', chain.contractCall(a, 'deep', [100n]))).message).toContain('CONTRACT_DEPTH')
  })
})

describe('state of contracts', () => {
  it('walks maps in the order of keys, forwards and backwards, over many pages', () => {
    const address = chain.publish(
      'alice',
      `local m = state.map('m')
      abi.method('fill(n: integer)', function(n) for i = -n, n do m[i] = i * i end end)
      abi.view('keys(from: integer?, to: integer?, reverse: boolean): integer[]', function(from, to, reverse)
        local keys = {}
        for key, value in state.range(m, from, to, reverse) do
          assert(value == key * key)
          keys[#keys + 1] = key
        end
        return keys
      end)
      abi.view('count(): integer', function() local n = 0 for _ in pairs(m) do n = n + 1 end return n end)`,
    )
    chain.run('alice', chain.contractCall(address, 'fill', [50n]))
    const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i))
    const keys = (...args: LuaValue[]) => chain.view(address, 'keys', ...args)
    expect(keys(null, null, false)).toEqual(numbers(-50, 51))
    expect(keys(null, null, true)).toEqual(numbers(-50, 51).reverse())
    expect(keys(-3n, 4n, false)).toEqual(numbers(-3, 4))
    expect(keys(-40n, 40n, true)).toEqual(numbers(-40, 40).reverse())
    expect(chain.view(address, 'count')).toBe(101n)
  })

  it('keeps lists', () => {
    const address = chain.publish(
      'alice',
      `local l = state.list('l')
      abi.method('push(s: string)', function(s) l:push(s) end)
      abi.method('pop()', function() l:pop() end)
      abi.method('set(i: integer, s: string)', function(i, s) l[i] = s end)
      abi.view('all(): string[]', function() local r = {} for i = 1, #l do r[i] = l[i] end return r end)`,
    )
    const all = () => (chain.view(address, 'all') as Uint8Array[]).map((item) => new TextDecoder().decode(item))
    for (const s of ['a', 'b', 'c']) chain.run('alice', chain.contractCall(address, 'push', [textBytes(s)]))
    chain.run('alice', chain.contractCall(address, 'set', [2n, textBytes('B')]))
    expect(all()).toEqual(['a', 'B', 'c'])
    chain.run('alice', chain.contractCall(address, 'pop'))
    expect(all()).toEqual(['a', 'B'])
    expect(failure(() => chain.run('alice', chain.contractCall(address, 'set', [3n, textBytes('x')]))).code).toBe(
      'CONTRACT_FAILED',
    )
    for (let i = 0; i < 2; i++) chain.run('alice', chain.contractCall(address, 'pop'))
    expect([...entriesOf(chain.state, address, { limit: 10 })]).toEqual([])
  })
})
