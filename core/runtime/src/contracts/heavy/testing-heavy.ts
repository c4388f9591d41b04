import type { Call } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { sha256 } from '@smartshare/crypto'
import { callOf, delegateName, type TestBlock, type TestChain } from '../../testing.ts'
import { ContractEngine } from '../engine.ts'
import { findRun, getRun } from './jobs.ts'
import { commitmentTo, PACKING_GAS, resultHash } from './result.ts'
import { runJob } from './run-job.ts'

// What the delegates of a test chain's first set say of heavy calls, for tests.

/** Enough for any opening. */
const OPEN_GAS = PACKING_GAS + 50_000
const utf8 = new TextEncoder()

/** Hash of the result that an honest delegate gets, on an engine of its own. */
export function honestResult(chain: TestChain, job: number): Uint8Array {
  const { chainId, parameters, state } = chain
  const result = runJob(state, job, { chainId, parameters, engine: new ContractEngine() })
  return resultHash(job, getRun(state, job).contract, result)
}

export function commitCall(chain: TestChain, seat: number, job: number, hash: Uint8Array): Call {
  const delegate = chain.account(delegateName(seat)).address
  const commitment = commitmentTo({
    ...{ chainId: chain.chainId, number: job, resultHash: hash },
    ...{ delegate, salt: saltOf(seat) },
  })
  return callOf('contracts', 'commitResult', { job, term: findRun(chain.state, job)?.term ?? 0, commitment })
}

export function openCall(seat: number, job: number, hash: Uint8Array): Call {
  return callOf('contracts', 'openResult', { job, resultHash: hash, salt: saltOf(seat) })
}

/** All of these seats commit, in one block, and open in others as soon as they may. Gives the block of the last opening. */
export function attest(chain: TestChain, job: number, hashes: ReadonlyMap<number, Uint8Array>): TestBlock {
  const said = [...hashes]
  chain.makeBlock(
    said.map(([seat, hash]) => chain.transaction(delegateName(seat), [commitCall(chain, seat, job, hash)])),
  )
  const { openHeight } = getRun(chain.state, job)
  while (openHeight !== null && chain.head.height + 1 < openHeight) chain.makeBlock()
  let last: TestBlock | undefined
  for (const [seat, hash] of said) {
    const open = chain.transaction(delegateName(seat), [openCall(seat, job, hash)], { gasLimit: OPEN_GAS })
    last = chain.makeBlock([open])
    const { error } = last.receipts[0]!
    if (error !== null) throw new SmartshareError(error.code, error.message)
  }
  return last!
}

function saltOf(seat: number): Uint8Array {
  return sha256(utf8.encode(`salt ${seat}`))
}
