import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { SmartshareError } from '@smartshare/codec'
import { ChunkMemory } from './chunk-memory.ts'
import type { TaskArgs, TaskName, TaskReply, TaskResult } from './tasks.ts'

/** Workers at most, however many processors there are: the network is the limit then. */
const MOST_WORKERS = 8
/** Tasks given to one worker at a time: the next is there when one is done. */
const TASKS_PER_WORKER = 2
/** Tasks that wait; beyond it `run` refuses. */
const MAX_WAITING_TASKS = 4_096
/** Workers without work end after this, milliseconds: an idle agent holds no memory for them. */
const IDLE_MS = 20_000

interface Waiting {
  readonly name: TaskName
  readonly args: object
  readonly transfer: readonly ArrayBuffer[]
  resolve(result: TaskResult<TaskName>): void
  reject(error: SmartshareError): void
}

interface Hand {
  readonly worker: Worker
  readonly running: Map<number, Waiting>
}

/** A bounded pool of threads for encryption, hashing and files; the main thread is left to the network. */
export class WorkerPool {
  /** For chunks on their way to the workers and back. */
  readonly memory: ChunkMemory
  readonly #size: number
  readonly #hands = new Set<Hand>()
  #waiting: Waiting[] = []
  #nextId = 0
  #idleTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(size: number = Math.min(MOST_WORKERS, availableParallelism()), memory = new ChunkMemory()) {
    this.#size = size
    this.memory = memory
  }

  /** Tasks that wait or run. */
  get load(): number {
    return [...this.#hands].reduce((sum, hand) => sum + hand.running.size, this.#waiting.length)
  }

  /**
   * Runs a task. With `give`, the memory behind the byte arrays right in `args` is handed over, all of it: nothing may
   * use it afterwards. What lies in `memory` is shared instead, and nothing may change it before the task has ended. Throws what the task threw, STORAGE_BUSY when too many wait, STORAGE_WORKER when the thread died.
   */
  run<K extends TaskName>(name: K, args: TaskArgs<K>, give = false): Promise<TaskResult<K>> {
    if (this.#closed) return Promise.reject(new SmartshareError('STORAGE_CLOSED', 'the worker pool has been closed'))
    if (this.#waiting.length >= MAX_WAITING_TASKS) {
      return Promise.reject(new SmartshareError('STORAGE_BUSY', 'too many tasks wait', { max: MAX_WAITING_TASKS }))
    }
    const { promise, resolve, reject } = Promise.withResolvers<TaskResult<K>>()
    this.#waiting.push({
      name,
      args,
      transfer: give ? buffersOf(args) : [],
      resolve: resolve as (result: TaskResult<TaskName>) => void,
      reject,
    })
    this.#pump()
    return promise
  }

  /** Ends the threads; what still waits or runs fails with STORAGE_CLOSED. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idleTimer)
    const error = new SmartshareError('STORAGE_CLOSED', 'the worker pool has been closed')
    for (const task of this.#waiting.splice(0)) task.reject(error)
    const hands = [...this.#hands]
    this.#hands.clear()
    for (const { running } of hands) for (const task of running.values()) task.reject(error)
    await Promise.all(hands.map(({ worker }) => worker.terminate()))
  }

  #pump(): void {
    while (this.#waiting.length > 0) {
      const hand = this.#freeHand()
      if (hand === undefined) return
      const task = this.#waiting.shift() as Waiting
      const id = this.#nextId++
      hand.running.set(id, task)
      hand.worker.ref()
      hand.worker.postMessage({ id, name: task.name, args: task.args }, task.transfer)
    }
  }

  #freeHand(): Hand | undefined {
    clearTimeout(this.#idleTimer)
    let best: Hand | undefined
    for (const hand of this.#hands) {
      if (hand.running.size < (best?.running.size ?? TASKS_PER_WORKER)) best = hand
    }
    if (best?.running.size !== 0 && this.#hands.size < this.#size) best = this.#hire()
    return best
  }

  #hire(): Hand {
    const file = import.meta.url.endsWith('.ts') ? './storage-worker.ts' : './storage-worker.js'
    const hand: Hand = { worker: new Worker(new URL(file, import.meta.url)), running: new Map() }
    hand.worker.on('message', (reply: TaskReply) => this.#onReply(hand, reply))
    hand.worker.on('error', (error) => this.#onDeath(hand, error))
    hand.worker.on('exit', () => this.#onDeath(hand, undefined))
    this.#hands.add(hand)
    return hand
  }

  #onReply(hand: Hand, reply: TaskReply): void {
    const task = hand.running.get(reply.id)
    hand.running.delete(reply.id)
    // A thread without a task must not keep the process alive.
    if (hand.running.size === 0) hand.worker.unref()
    if ('error' in reply) task?.reject(SmartshareError.fromPlain(reply.error))
    else task?.resolve(reply.result)
    this.#pump()
    if (this.load === 0) this.#armIdle()
  }

  #onDeath(hand: Hand, cause: unknown): void {
    if (!this.#hands.delete(hand)) return
    const error = new SmartshareError('STORAGE_WORKER', 'a worker thread ended in the middle of a task', {}, cause)
    for (const task of hand.running.values()) task.reject(error)
    this.#pump()
  }

  #armIdle(): void {
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => {
      for (const hand of this.#hands) void hand.worker.terminate()
      this.#hands.clear()
      this.memory.clear()
    }, IDLE_MS)
    this.#idleTimer.unref()
  }
}

function buffersOf(args: object): ArrayBuffer[] {
  return Object.values(args)
    .filter((value) => value instanceof Uint8Array)
    .map(({ buffer }) => buffer)
    .filter((buffer) => buffer instanceof ArrayBuffer)
}
