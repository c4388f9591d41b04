import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { decodeReceipt } from '@smartshare/chain'
import type { SmartshareError } from '@smartshare/codec'
import { addressOfContract, toHex } from '@smartshare/crypto'
import { encodeParameters, LATEST_VERSION } from '@smartshare/runtime'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import { ChainStore } from '@smartshare/store'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeFinal } from '../consensus/final-record.ts'
import { differenceAt } from '../follow/difference.ts'
import { MemoryNode } from '../rpc/memory-node.ts'
import { signed } from '../rpc/test-transaction.ts'
import { finalAt } from '../sync/write-chain.ts'
import { Executor, type ExecutorEvents } from './executor.ts'
import { type Place, Progress } from './progress.ts'
import type { Patience } from './stillness.ts'

// Each thread that is started loads everything anew.
vi.setConfig({ testTimeout: 240_000 })
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
    const work = {
      target: contract,
      method: 'work',
      arguments: encodeParameters(inputs, [height === 20 ? 300_000n : 30_000n]),
      funds: [],
    }
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

/** What an executor tells. */
class Told implements ExecutorEvents {
  readonly roots: string[] = []
  readonly codes: (string | undefined)[] = []
  readonly killed: Place[] = []
  deaths = 0
  committed = 0
  failed: SmartshareError | undefined
  /** Called at each executed block: the thread is in the middle of the next one by then. */
  onHeight: (height: number) => void = () => undefined

  readonly onExecuted: ExecutorEvents['onExecuted'] = ({ facts, receipts }) => {
    this.roots[facts.height] = (this.roots[facts.height] ?? '') + toHex(facts.stateRoot)
    this.codes[facts.height] = decodeReceipt(receipts[0]!).error?.code
    this.onHeight(facts.height)
  }
  readonly onCommitted = (height: number) => {
    this.committed = height
  }
  readonly onSnapshot = () => undefined
  readonly onFailed = (error: SmartshareError) => {
    this.failed = error
  }
  /** Called when another thread has been given what is left. */
  onDeath: () => void = () => undefined
  readonly onRestart = () => {
    this.deaths++
    this.onDeath()
  }
  readonly onKilled = (place: Place) => {
    this.killed.push(place)
  }
  readonly blockAt = async (height: number) => finals[height]
}

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'executor-'))
  folders.push(folder)
  return folder
}

/** An executor over a folder, and what it tells. */
async function start(folder = emptyFolder(), settledHeight = 0, patience?: Patience) {
  const told = new Told()
  const paths = { state: join(folder, 'state'), snapshots: join(folder, 'snapshots') }
  const options = { genesis: chain.genesis.encoded, protocolVersion: LATEST_VERSION }
  const executor = await Executor.start(paths, options, settledHeight, told, patience)
  const workerOf = () => (executor as unknown as { thread?: { worker: Worker } }).thread?.worker
  const executeAll = () => {
    for (let height = executor.startHeight + 1; height <= HEIGHT; height++) executor.execute(height, finals[height]!)
  }
  return { executor, told, workerOf, executeAll, folder, state: paths.state }
}

/**
 * Hands all blocks over, and kills the thread so many times in the transaction of one height, at which it has just been told
 * to begin: it takes far longer than the order to die. Whatever came before is on disk by then: a thread that dies within a
 * transaction of LMDB never ends.
 */
async function executeKilled(
  height: number,
  times: number,
  running: Awaited<ReturnType<typeof start>>,
  last = HEIGHT,
): Promise<void> {
  const { executor, state, told, workerOf } = running
  const progress = new Progress(state)
  let lives = 0
  const kill = () => {
    if (++lives > times) return
    progress.enter(height, 0)
    void workerOf()?.terminate()
  }
  for (let at = executor.startHeight + 1; at < height; at++) executor.execute(at, finals[at]!)
  await expect.poll(() => told.committed, { timeout: 120_000 }).toBe(height - 1)
  for (let at = height; at <= last; at++) executor.execute(at, finals[at]!)
  told.onDeath = kill
  kill()
}

const isAt = (executor: Executor, height: number) =>
  expect.poll(() => executor.executedHeight, { timeout: 120_000 }).toBe(height)

describe('an executor whose thread is killed in the middle of blocks', () => {
  it('executes them again with the same roots, and tells each once', async () => {
    const { executor, told, workerOf, executeAll } = await start()
    const killed = new Set<number>()
    told.onHeight = (height) => {
      if (height % 20 !== 3 || killed.has(height)) return
      killed.add(height)
      void workerOf()?.terminate()
    }
    executeAll()
    await isAt(executor, HEIGHT)
    await executor.stop()
    expect(told.failed).toBeUndefined()
    expect(told.killed).toEqual([])
    expect(told.deaths).toBeGreaterThanOrEqual(3)
    expect(told.roots.slice(1)).toEqual(finals.slice(1).map((_, i) => toHex(chain.executed(i + 1)!.stateRoot)))
  })

  it('stops if it is killed again and again, now here and now there', async () => {
    const { executor, told, workerOf, executeAll } = await start()
    executeAll()
    // Before it can execute a single block.
    const killed = new Set<Worker>()
    const timer = setInterval(() => {
      const worker = workerOf()
      if (worker === undefined || killed.has(worker)) return
      killed.add(worker)
      void worker.terminate()
    }, 1)
    await expect.poll(() => told.failed ?? told.killed[0], { timeout: 60_000 }).toBeDefined()
    clearInterval(timer)
    if (told.failed !== undefined) expect(told.failed.code).toBe('EXECUTOR_FAILED')
    await executor.stop()
  })
})

/** Another process that holds the lock for writing of the database, as a thread does that dies in a commit; to be killed. */
async function lockHolder(state: string) {
  const program = `
    import { ChainStore } from '@smartshare/store'
    ChainStore.open(${JSON.stringify(state)}).root.transactionSync(() => {
      process.stdout.write('held')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const words = ['--conditions=source', '--input-type=module', '-e', program]
  const child = spawn(process.execPath, words, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

describe('an executor whose thread cannot commit', () => {
  it('says that it is stuck, and not that anything is lost', async () => {
    const { executor, told, executeAll, state } = await start(undefined, 0, { lookMs: 50, looks: 40 })
    const holder = await lockHolder(state)
    executeAll()
    await expect.poll(() => told.failed?.code, { timeout: 120_000 }).toBe('EXECUTOR_STUCK')
    expect(told.committed).toBeLessThan(HEIGHT)
    holder.kill('SIGKILL')
    await executor.stop()
    const again = await start(join(state, '..'))
    again.executeAll()
    await isAt(again.executor, HEIGHT)
    await again.executor.stop()
    expect(again.told.failed).toBeUndefined()
  })
})

describe('an executor that a transaction kills', () => {
  const carrier = HEIGHT + 1
  const order = { height: 20, index: 0, carrier }

  /** Roots and codes of an executor that knows of the quarantine before it begins. */
  async function expected() {
    const { executor, told, executeAll } = await start()
    executor.quarantine(order)
    executeAll()
    await isAt(executor, HEIGHT)
    await executor.stop()
    return told
  }

  it('once goes on as if nothing had been', async () => {
    const running = await start()
    const { executor, told } = running
    await executeKilled(20, 1, running)
    await isAt(executor, HEIGHT)
    await executor.stop()
    expect(told).toMatchObject({ deaths: 1, killed: [], failed: undefined })
    expect(told.roots.at(-1)).toBe(toHex(chain.executed(HEIGHT)!.stateRoot))
  })

  it('twice waits before its block, and goes on when it is quarantined', async () => {
    const running = await start()
    const { executor, told } = running
    await executeKilled(20, 2, running)
    await expect.poll(() => told.killed, { timeout: 120_000 }).toEqual([{ height: 20, index: 0 }])
    expect(executor.executedHeight).toBe(19)
    expect(executor.blocked).toEqual({ height: 20, index: 0 })
    // Proofs of what is executed are still given.
    expect(await executor.prove(Uint8Array.of(1), 19)).not.toBeNull()
    executor.quarantine({ height: 19, index: 0, carrier })
    await expect.poll(() => told.failed, { timeout: 120_000 }).toBeDefined()
    await executor.stop()
    // It executed height 19 before it was quarantined.
    expect(told.failed?.code).toBe('EXECUTION_TAKEN_BACK')

    const again = await start(running.folder)
    expect(again.executor.startHeight).toBe(18)
    await executeKilled(20, 2, again)
    await expect.poll(() => again.told.killed, { timeout: 120_000 }).toEqual([{ height: 20, index: 0 }])
    again.executor.quarantine(order)
    await isAt(again.executor, HEIGHT)
    await again.executor.stop()
    const { roots, codes } = await expected()
    expect(again.told.codes[20]).toBe('TX_QUARANTINED')
    expect(again.told.roots.slice(19)).toEqual(roots.slice(19))
    expect(codes.filter((code) => code !== undefined)).toEqual(['TX_QUARANTINED'])
  })

  it('twice is followed over its block, by an order that leads to certified roots and begins with it', async () => {
    const sound = await start()
    sound.executeAll()
    await isAt(sound.executor, HEIGHT)
    await sound.executor.stop()
    const store = ChainStore.open(sound.state)
    const orderOf = (from: number, to: number) => {
      const heights = finals.slice(from, to + 1).map((_, i) => from + i)
      const blocks = heights.map((at) => ({ final: finals[at]!, difference: differenceAt(store, at)!, chosen: false }))
      return { from, to, blocks, root: store.facts(to)! }
    }

    const running = await start()
    const { executor, told } = running
    await executeKilled(20, 2, running, 20)
    // It stands behind the block that kills: it can never be reached.
    const behind = executor.follow(orderOf(21, 22)).catch(({ code }: SmartshareError) => code)
    await expect.poll(() => told.killed, { timeout: 120_000 }).toEqual([{ height: 20, index: 0 }])
    expect(await behind).toBe('EXECUTION_WAITS')
    for (let at = 21; at <= HEIGHT; at++) executor.execute(at, finals[at]!)
    await expect(executor.follow(orderOf(21, 22))).rejects.toMatchObject({ code: 'EXECUTION_WAITS' })
    const wrong = { ...orderOf(20, 22), root: store.facts(21)! }
    expect(await executor.follow(wrong)).toMatch(/does not lead/)
    expect(executor.blocked).toEqual({ height: 20, index: 0 })
    expect(await executor.follow(orderOf(20, 22))).toBeUndefined()
    expect(executor.blocked).toBeUndefined()
    await isAt(executor, HEIGHT)
    await executor.stop()
    await store.close()
    expect(told).toMatchObject({ deaths: 2, killed: [{ height: 20 }], failed: undefined })
    expect(told.roots.slice(1)).toEqual(finals.slice(1).map((_, i) => toHex(chain.executed(i + 1)!.stateRoot)))
  })

  it('not at all takes it back when others quarantine it, whatever is on disk', async () => {
    const { executor, told, executeAll, folder } = await start()
    executeAll()
    await isAt(executor, HEIGHT)
    executor.quarantine(order)
    await expect.poll(() => told.failed?.code, { timeout: 60_000 }).toBe('EXECUTION_TAKEN_BACK')
    await executor.stop()
    const again = await start(folder)
    expect(again.executor.startHeight).toBe(19)
    again.executor.quarantine(order)
    again.executeAll()
    await isAt(again.executor, HEIGHT)
    await again.executor.stop()
    expect(again.told.roots.slice(20)).toEqual((await expected()).roots.slice(20))
    // What is executed so already stays, also after a restart.
    const last = await start(folder)
    last.executor.quarantine(order)
    await last.executor.stop()
    expect(last.executor.startHeight).toBe(HEIGHT)
    expect(last.told.failed).toBeUndefined()
  })

  it('with the whole process twice is not tried again, unless others executed it', async () => {
    const { executor, folder, state } = await start()
    for (let height = 1; height <= 19; height++) executor.execute(height, finals[height]!)
    await isAt(executor, 19)
    await executor.stop()
    const place = { height: 20, index: 0 }
    const die = () => {
      const progress = new Progress(state)
      progress.enter(place.height, place.index)
      progress.countDeath(place)
      progress.enter(place.height, place.index)
      progress.close()
    }
    die()
    const waiting = await start(folder, 15)
    expect(waiting.executor.blocked).toEqual(place)
    await waiting.executor.stop()
    // An operator started it again.
    const tried = await start(folder, 15)
    expect(tried.executor.blocked).toBeUndefined()
    await tried.executor.stop()
    die()
    const settled = await start(folder, 20)
    expect(settled.executor.blocked).toBeUndefined()
    await settled.executor.stop()
  })
})
