import { SmartshareError } from '@smartshare/codec'
import { sha256 } from '@smartshare/crypto'
import { textBytes } from '@smartshare/lvm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callOf, delegateName, type TestBlock, TestChain } from '../../testing.ts'
import { pools } from '../../tokens/tokens.ts'
import { getContract } from '../registry.ts'
import { storedBytes } from '../testing-contracts.ts'
import { findRun, getJob, heavyTotals, queueOf, runningJobs } from './jobs.ts'
import { lockedBy } from './queue.ts'
import { attest, commitCall, honestResult } from './testing-heavy.ts'

const SOURCE = `
local m = state.map('m')
local got = state.value('got', 0)
abi.heavy('fill(key: integer, size: integer)', function(key, size)
  m[key] = string.rep('x', size)
  got:set(got:get() + system.value())
  if size == 13 then error('unlucky') end
end, { gas = 200000, deposit = 4000000 })
abi.heavy('clear()', function() for key in pairs(m) do m[key] = nil end end, { gas = 400000 })
abi.heavy('give(to: address, part: amount)', function(to, part)
  contract.pcall(function() contract.send(to, 7) error('no') end)
  contract.send(to, part)
end, { gas = 200000 })
abi.heavy('spin()', function() while true do end end, { gas = 100000 })
abi.payable('put(key: integer, size: integer)', function(key, size) m[key] = string.rep('y', size) end)`

const WRONG = sha256(textBytes('wrong'))
const [DEADLINE, QUEUE, SEATS] = [12, 3, 4]

const who = fc.constantFrom('alice', 'bob')
const at = fc.constantFrom(0, 1)
const key = fc.integer({ min: 0, max: 3 })
const size = fc.oneof(fc.integer({ min: 0, max: 500 }), fc.constant(13))
const grains = fc.constantFrom(0n, 5n, 1_000n)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('fill' as const), who, at, key, size, grains }) },
  fc.record({ kind: fc.constantFrom('clear' as const, 'spin' as const), who, at }),
  fc.record({ kind: fc.constant('give' as const), who, at, grains }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('put' as const), who, at, key, size, grains }) },
  fc.record({ kind: fc.constant('transfer' as const), who, at, grains }),
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('certify' as const, 'freeze' as const), at, traitor: fc.nat(3) }),
  },
  fc.record({ kind: fc.constant('commit' as const), at, seat: fc.constantFrom(0, 1, 2) }),
  fc.record({ kind: fc.constant('wait' as const), blocks: fc.integer({ min: 1, max: DEADLINE }) }),
  fc.record({ kind: fc.constant('expire' as const), who, at }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A failed transaction is an answer too; a failed block is none. */
function tried(act: () => TestBlock): TestBlock | undefined {
  try {
    return act()
  } catch (error) {
    if (
      !SmartshareError.is(error) ||
      !/^(HEAVY_(PHASE|REPEATED|DEADLINE|UNKNOWN|FULL)|CONTRACT_BUSY)$/.test(error.code)
    )
      throw error
    return undefined
  }
}

function perform(chain: TestChain, contracts: readonly Uint8Array[], one: Step): TestBlock | undefined {
  if (one.kind === 'wait') {
    for (let i = 0; i < one.blocks; i++) chain.makeBlock()
    return undefined
  }
  const contract = contracts[one.at]!
  const [running] = queueOf(chain.state, contract)
  const call = (method: string, args: readonly (bigint | Uint8Array)[], money = 0n, name = 'alice') =>
    tried(() => chain.run(name, chain.contractCall(contract, method, args, money)))
  switch (one.kind) {
    case 'fill':
    case 'put':
      return call(one.kind, [BigInt(one.key), BigInt(one.size)], one.grains, one.who)
    case 'clear':
    case 'spin':
      return call(one.kind, [], 0n, one.who)
    case 'give':
      return call('give', [chain.account('carol').address, one.grains], 0n, one.who)
    case 'transfer':
      if (one.grains === 0n) return undefined
      return chain.run(
        one.who,
        callOf('tokens', 'transfer', { to: contract, token: 0, amount: one.grains, memo: null }),
      )
    case 'expire':
      return tried(() => chain.run(one.who, callOf('contracts', 'expireJob', { job: running ?? 999 })))
    case 'commit':
      if (running === undefined) return undefined
      return tried(() =>
        chain.run(delegateName(one.seat), commitCall(chain, one.seat, running, honestResult(chain, running))),
      )
    default: {
      if (running === undefined || findRun(chain.state, running)?.commits !== 0) return undefined
      if (chain.head.height + 2 * SEATS > findRun(chain.state, running)!.deadlineHeight) return undefined
      const honest = honestResult(chain, running)
      const others = [0, 1, 2, 3].filter((seat) => seat !== one.traitor)
      const says = (seat: number): [number, Uint8Array] => [
        seat,
        seat === others[2] && one.kind === 'freeze' ? sha256(WRONG) : honest,
      ]
      return tried(() => attest(chain, running, new Map([[one.traitor, WRONG], ...others.map(says)])))
    }
  }
}

describe('heavy calls, whatever happens', () => {
  it('lock exactly what they may cost, and the price of exactly the bytes that are stored', () => {
    const said = new Set<string>()
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
        const chain = new TestChain({
          ...{ accounts: ['alice', 'bob'], delegates: SEATS },
          parameters: { heavyDeadlineBlocks: DEADLINE, heavyQueue: QUEUE },
        })
        const contracts = [chain.publish('alice', SOURCE), chain.publish('bob', SOURCE)]
        for (const one of steps) {
          const block = perform(chain, contracts, one)
          for (const { events } of block?.receipts ?? []) for (const { name } of events) said.add(name)
          const queues = contracts.map((contract) => queueOf(chain.state, contract))
          const jobs = queues.flat().map((number) => getJob(chain.state, number))
          expect(chain.balance(pools.heavyJobs)).toBe(jobs.reduce((sum, job) => sum + lockedBy(job), 0n))
          expect(heavyTotals(chain.state).gas).toBe(jobs.reduce((sum, { gas }) => sum + gas, 0))
          expect(contracts.map((contract) => getContract(chain.state, contract).jobs)).toEqual(
            queues.map((queue) => queue.length),
          )
          expect(runningJobs(chain.state, 9).map(({ number }) => number)).toEqual(
            queues.flatMap(([first]) => (first === undefined ? [] : [first])).sort((a, b) => a - b),
          )
          const bytes = BigInt(storedBytes(chain))
          expect(chain.balance(pools.contractState)).toBe(bytes * chain.parameters.stateByteGrains)
        }
      }),
      { numRuns: 20 },
    )
    expect([...said]).toEqual(expect.arrayContaining(['jobBegan', 'jobDone', 'jobFrozen', 'jobExpired']))
  })
})
