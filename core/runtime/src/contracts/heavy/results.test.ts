import { headerHash } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { StateJournal } from '@smartshare/state'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ExecutedBlock, executeBlock } from '../../execute-block.ts'
import { delegateName, TestChain } from '../../testing.ts'
import { ContractEngine } from '../engine.ts'
import { getRun } from './jobs.ts'
import { type JobResult, JobResults, PACKING_GAS, resultHash } from './result.ts'
import { runJob } from './run-job.ts'
import { commitCall, openCall } from './testing-heavy.ts'

const SOURCE = `
local total = state.value('total', 0)
abi.heavy('set(n: integer)', function(n) total:set(n) end, { gas = 1000000, deposit = 10000000 })
abi.view('total(): integer', function() return total:get() end)`

let chain: TestChain
let contract: Uint8Array
let honest: JobResult

beforeEach(() => {
  chain = new TestChain({ accounts: ['alice'], delegates: 4 })
  contract = chain.publish('alice', SOURCE)
  chain.run('alice', chain.contractCall(contract, 'set', [5n]))
  const { chainId, parameters, state } = chain
  honest = runJob(state, 0, { chainId, parameters, engine: new ContractEngine() })
})

/** A block in which the last of a quorum opens this result, by a node with an engine of its own. Nothing of it stays. */
function certifying(result: JobResult): (engine: ContractEngine) => ExecutedBlock {
  const hash = resultHash(0, contract, result)
  const seats = [0, 1, 2]
  chain.makeBlock(seats.map((seat) => chain.transaction(delegateName(seat), [commitCall(chain, seat, 0, hash)])))
  while (chain.head.height + 1 < getRun(chain.state, 0).openHeight!) chain.makeBlock()
  for (const seat of seats.slice(1)) chain.run(delegateName(seat), openCall(seat, 0, hash))
  const transactions = [chain.transaction(delegateName(0), [openCall(0, 0, hash)], { gasLimit: PACKING_GAS + 50_000 })]
  const header = { ...chain.head, height: chain.head.height + 1 }
  const block = { hash: headerHash(header), header, rootCertificate: null, transactions }
  return (engine) => executeBlock(new StateJournal(chain.state), block, chain.parameters, undefined, engine)
}

function knowing(result: JobResult): ContractEngine {
  const engine = new ContractEngine()
  engine.results.add(0, result)
  return engine
}

function failureOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (SmartshareError.is(error)) return error.code
    throw error
  }
  return 'none'
}

describe('a result that was computed beforehand', () => {
  it('makes the same block as one that is computed when it is packed', () => {
    const run = certifying(honest)
    const [ready, late] = [run(knowing(honest)), run(new ContractEngine())]
    expect([ready.receipts, ready.changes]).toEqual([late.receipts, late.changes])
    expect(ready.changes.length).toBeGreaterThan(3)
  })

  it('is taken without running the call again', () => {
    // No honest node would get this one: so only who has it at hand can go on.
    const other = { ...honest, gasUsed: honest.gasUsed + 1 }
    const run = certifying(other)
    expect(run(knowing(other)).receipts).toHaveLength(2)
    expect(failureOf(() => run(new ContractEngine()))).toBe('HEAVY_DIVERGED')
    expect(failureOf(() => run(knowing(honest)))).toBe('HEAVY_DIVERGED')
  })

  it('that is wrong is computed again, and the right one is taken', () => {
    const run = certifying(honest)
    const wrong = { ...honest, writes: [] }
    expect(run(knowing(wrong)).changes).toEqual(run(new ContractEngine()).changes)
  })

  it('is forgotten when too many others wait', () => {
    const results = new JobResults()
    for (let job = 0; job < 65; job++) results.add(job, honest)
    expect([results.get(0), results.get(1), results.get(64)]).toEqual([undefined, honest, honest])
  })
})

describe('the hash of a result', () => {
  it('depends on each part of it, on its job and on its contract', () => {
    const changed: Partial<JobResult>[] = [
      { writes: [] },
      { sayings: [{ pays: false, name: 'x', data: new Uint8Array() }] },
      { gasUsed: honest.gasUsed + 1 },
      { grownBytes: honest.grownBytes + 1 },
      { freedBytes: 1 },
      { output: Uint8Array.of(1) },
      { error: { code: 'X', message: '' } },
    ]
    const hashes = [
      ...changed.map((change) => resultHash(0, contract, { ...honest, ...change })),
      resultHash(0, contract, honest),
      resultHash(1, contract, honest),
      resultHash(0, new Uint8Array(32), honest),
    ]
    expect(new Set(hashes.map(String)).size).toBe(10)
  })
})
