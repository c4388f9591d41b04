import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { SmartshareError } from '@smartshare/codec'
import { addressOfContract, toHex } from '@smartshare/crypto'
import { encodeParameters, LATEST_VERSION } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeFinal } from '../consensus/final-record.ts'
import { MemoryNode } from '../rpc/memory-node.ts'
import { signed } from '../rpc/test-transaction.ts'
import { finalAt } from '../sync/write-chain.ts'
import { Executor, type ExecutorEvents } from './executor.ts'

const HEIGHT = 60
const GAS = 5_000_000
const BUSY = `
local sum = state.value('sum', 0)
abi.method('work(n: integer)', function(n)
  local total = sum:get()
  for i = 1, n do total = (total * 31 + i) % 1000003 end
  sum:set(total)
end)`

/** Blocks in which a contract computes for a while, and the state roots that they lead to. */
const chain = new MemoryNode({ accounts: ['alice'] })
const finals: Uint8Array[] = []
const folders: string[] = []

beforeAll(async () => {
  const { address } = testAccount('alice')
  const contract = addressOfContract(address, 0)
  const publish = callOf('contracts', 'publish', {
    ...{ name: 'busy', source: new TextEncoder().encode(BUSY), metadata: '', upgrade: null, pauser: null },
    ...{ arguments: null, value: 0n },
  })
  const inputs = [{ name: 'n', type: 'integer' }]
  for (let height = 1; height <= HEIGHT; height++) {
    const work = { target: contract, method: 'work', arguments: encodeParameters(inputs, [100_000n]), funds: [] }
    const transaction = signed(chain, testAccount('alice'), [height === 1 ? publish : work], {
      nonce: BigInt(height - 1),
      gasLimit: GAS,
    })
    const [outcome] = await chain.submit([transaction.wire])
    expect(outcome).toHaveProperty('id')
    chain.makeBlock()
    finals[height] = encodeFinal(await finalAt(chain, height))
  }
})

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** An executor over an empty folder, and what it tells. */
async function start(kill: (height: number) => boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'executor-'))
  folders.push(folder)
  const told = { roots: [] as string[], deaths: 0, failed: undefined as SmartshareError | undefined }
  const workerOf = () => (executor as unknown as { thread?: { worker: Worker } }).thread?.worker
  const events: ExecutorEvents = {
    onExecuted: ({ facts }) => {
      told.roots[facts.height] = (told.roots[facts.height] ?? '') + toHex(facts.stateRoot)
      // The thread is in the middle of the next block by now.
      if (kill(facts.height)) void workerOf()?.terminate()
    },
    onCommitted: () => undefined,
    onSnapshot: () => undefined,
    onFailed: (error) => {
      told.failed = error
    },
    onRestart: () => {
      told.deaths++
    },
  }
  const paths = { state: join(folder, 'state'), snapshots: join(folder, 'snapshots') }
  const options = { genesis: chain.genesis.encoded, protocolVersion: LATEST_VERSION }
  const executor: Executor = await Executor.start(paths, options, events)
  return { executor, told, workerOf }
}

describe('an executor whose thread is killed in the middle of blocks', () => {
  it('executes them again with the same roots, and tells each once', async () => {
    const killed = new Set<number>()
    const { executor, told } = await start(
      (height) => height % 7 === 3 && !killed.has(height) && killed.add(height).has(height),
    )
    for (let height = 1; height <= HEIGHT; height++) executor.execute(height, finals[height]!)
    await expect.poll(() => executor.executedHeight, { timeout: 60_000 }).toBe(HEIGHT)
    await executor.stop()
    expect(told.failed).toBeUndefined()
    expect(told.deaths).toBeGreaterThanOrEqual(3)
    const roots = Array.from({ length: HEIGHT }, (_, i) => i + 1).map((height) => told.roots[height])
    expect(roots).toEqual(roots.map((_, i) => toHex(chain.executed(i + 1)!.stateRoot)))
  })

  it('stops where a block kills every thread that executes it', async () => {
    const { executor, told, workerOf } = await start(() => false)
    const killed = new Set<Worker>()
    const killing = () => {
      const worker = workerOf()
      if (worker === undefined || killed.has(worker)) return
      killed.add(worker)
      void worker.terminate()
    }
    for (let height = 1; height <= HEIGHT; height++) executor.execute(height, finals[height]!)
    const timer = setInterval(killing, 1)
    await expect.poll(() => told.failed, { timeout: 60_000 }).toBeDefined()
    clearInterval(timer)
    expect(told.failed?.code).toBe('EXECUTOR_FAILED')
    await executor.stop()
  })
})
