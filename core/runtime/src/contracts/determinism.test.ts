import { headerHash, STATUS_DONE } from '@smartshare/chain'
import { textBytes } from '@smartshare/lvm'
import { StateJournal } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { executeBlock } from '../execute-block.ts'
import { Host } from '../host.ts'
import { modules } from '../modules.ts'
import { runCall } from '../run-call.ts'
import { TestChain } from '../testing.ts'
import { pools } from '../tokens/tokens.ts'
import { ContractEngine } from './engine.ts'
import { storedBytes } from './testing-contracts.ts'

const STORE = `
local m = state.map('m')
local l = state.list('l')
abi.method('put(key: string, value: string)', function(key, value) m[key] = value end)
abi.method('drop(key: string)', function(key) m[key] = nil end)
abi.method('push(value: string)', function(value) l:push(value) end)
abi.method('pop()', function() l:pop() end)
abi.method('broken(key: string)', function(key) m[key] = 'never' error('broken') end)
abi.method('half(key: string)', function(key)
  contract.pcall(function() m[key .. '!'] = 'taken back' error('x') end)
  m[key] = 'kept'
end)
abi.method('other(to: address, key: string)', function(to, key) pcall(contract.call, to, 'broken', key) contract.call(to, 'put', key, key) end)`

type Step = { method: string; who: string; contract: number; key: string; size: number }
const step: fc.Arbitrary<Step> = fc.record({
  method: fc.constantFrom('put', 'drop', 'push', 'pop', 'broken', 'half', 'other'),
  who: fc.constantFrom('alice', 'bob'),
  contract: fc.constantFrom(0, 1),
  key: fc.constantFrom('a', 'b', 'cc'),
  size: fc.integer({ min: 0, max: 300 }),
})

function callOfStep(chain: TestChain, contracts: readonly Uint8Array[], { method, contract, key, size }: Step) {
  const value = textBytes('v'.repeat(size))
  const args = {
    ...{ put: [textBytes(key), value], drop: [textBytes(key)], push: [value], pop: [] },
    ...{ broken: [textBytes(key)], half: [textBytes(key)], other: [contracts[1 - contract]!, textBytes(key)] },
  }[method]!
  return chain.contractCall(contracts[contract]!, method, args)
}

describe('contracts, whatever they do', () => {
  it('lock the price of exactly the bytes that are stored', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
        const chain = new TestChain({ accounts: ['alice', 'bob'] })
        const contracts = [chain.publish('alice', STORE), chain.publish('bob', STORE)]
        for (const one of steps) {
          chain.makeBlock([chain.transaction(one.who, [callOfStep(chain, contracts, one)])])
          const locked = BigInt(storedBytes(chain)) * chain.parameters.stateByteGrains
          expect(chain.balance(pools.contractState)).toBe(locked)
        }
      }),
      { numRuns: 15 },
    )
  })

  it('cost the same gas on a node that has nothing loaded', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const store = chain.publish('alice', STORE)
    const call = chain.contractCall(store, 'put', [textBytes('a'), textBytes('b')])
    const used = (engine: ContractEngine) => {
      const host = new Host(new StateJournal(chain.state), chain.head, chain.parameters, engine)
      host.actor = { sender: chain.account('alice').address, floorGrains: 0n, calls: 1 }
      runCall(host, modules, call, host.actor.sender)
      return host.gas.used
    }
    const warm = new ContractEngine()
    expect([used(warm), used(warm)]).toEqual([used(new ContractEngine()), used(new ContractEngine())])
  })

  it('give the same receipts and changes on a node that has nothing loaded', () => {
    const chain = new TestChain({ accounts: ['alice', 'bob'] })
    const contracts = [chain.publish('alice', STORE), chain.publish('bob', STORE)]
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const transactions = steps.map((one) => chain.transaction(one.who, [callOfStep(chain, contracts, one)]))
        const header = { ...chain.head, height: chain.head.height + 1 }
        const block = { hash: headerHash(header), header, rootCertificate: null, transactions }
        const run = (engine: ContractEngine) => {
          return executeBlock(new StateJournal(chain.state), block, chain.parameters, undefined, engine)
        }
        const warm = new ContractEngine()
        run(warm)
        const [again, fresh] = [run(warm), run(new ContractEngine())]
        expect(again.receipts).toEqual(fresh.receipts)
        expect(again.changes).toEqual(fresh.changes)
        expect(chain.makeBlock(transactions).receipts.every(({ status }) => status >= STATUS_DONE)).toBe(true)
      }),
      { numRuns: 15 },
    )
  })
})
