import { join } from 'node:path'
import type { Call, Commitment } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes, hashTagged, KeyPair, toHex } from '@smartshare/crypto'
import {
  attestationOf,
  commitCall,
  commitmentTo,
  isOpening,
  openCall,
  runningJobs,
  witnessesOf,
} from '@smartshare/runtime'
import type { Logger } from 'pino'
import type { CommittedState } from '../api.ts'
import type { NodeConfig } from '../config.ts'
import { AccountCaller, type CallerParts, HEAVY_LANE } from '../evidence/account-caller.ts'
import type { HeavyReply } from './heavy-messages.ts'
import { HeavyThread } from './heavy-thread.ts'
import { PromiseFile } from './promise-file.ts'

const PROMISE_FILE = 'heavy-promises.cbor'
/** Jobs looked at after each block, the oldest first. */
const MOST_JOBS = 64
/** A job that the thread could not compute is tried once more; then the executor does it, if it is certified. */
const MOST_ATTEMPTS = 2
/** Blocks after a refusal before the next try. */
const RETRY_BLOCKS = 2

/** A call that is due, and what it binds the delegate to. */
interface Due {
  readonly call: Call
  readonly promise: Commitment | null
}

interface WatcherParts {
  readonly log: Logger
  readonly chainId: Uint8Array
  readonly stateFolder: string
  readonly genesis: { readonly encoded: Uint8Array }
  readonly state: () => CommittedState
  /** Hands a result to the executor. */
  readonly give: (job: number, result: Uint8Array) => void
  /** Sends what the own delegate says of results; null if the node has no account. */
  readonly caller: AccountCaller | null
  /** What the own delegate committed to. */
  readonly promises: PromiseFile
  /** Secret of the salts; nobody else can guess them, and they are the same after a restart. */
  readonly saltSecret: Uint8Array
}

/** The watcher of a node, with the account that its settings name: it attests if that is a delegate's. */
export function watchHeavy({
  config,
  ...parts
}: CallerParts['node'] &
  Omit<WatcherParts, 'caller' | 'promises' | 'saltSecret'> & {
    readonly config: NodeConfig
  }): HeavyWatcher {
  const { accountSeed, dataDir } = config
  const promises = new PromiseFile(join(dataDir, PROMISE_FILE))
  if (accountSeed === null) return new HeavyWatcher({ ...parts, promises, caller: null, saltSecret: new Uint8Array() })
  const keys = KeyPair.fromSeed('ed25519', accountSeed)
  const caller = new AccountCaller({ keys, lane: HEAVY_LANE, node: parts })
  return new HeavyWatcher({ ...parts, promises, caller, saltSecret: hashTagged('heavy/salt-secret', accountSeed) })
}

/**
 * Computes heavy calls when they begin, so that their results are there when they are certified, and attests them for the own
 * delegate (docs/spec/heavy-calls.md).
 */
export class HeavyWatcher {
  /** Heavy calls that run on the chain. */
  running = 0
  private readonly parts: WatcherParts
  private readonly thread: HeavyThread
  private readonly hashes = new Map<number, Uint8Array>()
  private readonly attempts = new Map<number, number>()
  /** Jobs of which the own delegate said something else before, and now says nothing. */
  private readonly silent = new Set<number>()
  private waitHeight = 0
  private working: Promise<void> | undefined
  private stopped = false

  constructor(parts: WatcherParts) {
    this.parts = parts
    const order = { stateFolder: parts.stateFolder, genesis: parts.genesis.encoded }
    this.thread = new HeavyThread(order, (reply) => this.take(reply))
  }

  /** How many of those that run are computed. */
  get computed(): number {
    return this.hashes.size
  }

  /** A block is executed and on disk. */
  onBlock(): void {
    if (this.stopped) return
    const jobs = runningJobs(this.parts.state().reader, MOST_JOBS)
    this.running = jobs.length
    const numbers = new Set(jobs.map(({ number }) => number))
    for (const known of [this.hashes, this.attempts, this.silent]) {
      for (const number of known.keys()) if (!numbers.has(number)) known.delete(number)
    }
    const next = jobs.find(({ number }) => !this.hashes.has(number) && (this.attempts.get(number) ?? 0) < MOST_ATTEMPTS)
    if (next !== undefined && this.thread.job === undefined) this.thread.compute(next.number)
    if (jobs.length > 0) this.attest()
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.stopped = true
    await this.thread.stop()
    await this.working
    await this.parts.promises.settled()
  }

  private take(reply: HeavyReply): void {
    if (this.stopped) return
    const { log, give } = this.parts
    if (reply.type === 'result') {
      this.hashes.set(reply.job, reply.hash)
      give(reply.job, reply.result)
      log.info({ job: reply.job, result: toHex(reply.hash) }, 'a heavy call is computed')
    } else {
      this.attempts.set(reply.job, (this.attempts.get(reply.job) ?? 0) + 1)
      if (reply.type === 'failed')
        log.error({ job: reply.job, why: reply.message }, 'a heavy call could not be computed')
    }
    this.onBlock()
  }

  private attest(): void {
    const { caller, log, state } = this.parts
    if (caller === null || this.working !== undefined || state().height < this.waitHeight || !caller.isFree) return
    const due = this.due(caller.address)
    if (due === undefined) return
    this.working = this.say(caller, due)
      .catch((error: unknown) => {
        this.waitHeight = state().height + RETRY_BLOCKS
        // Others were faster, or the job has ended meanwhile.
        if (SmartshareError.is(error) && error.code.startsWith('HEAVY_')) log.debug({ err: error }, 'not attested')
        else log.error({ err: error }, 'a result could not be attested')
      })
      .finally(() => {
        this.working = undefined
      })
  }

  private async say(caller: AccountCaller, { call, promise }: Due): Promise<void> {
    if (promise === null || (await this.parts.promises.promise(promise))) await caller.send(call)
    else this.fallSilent(promise.job)
  }

  private fallSilent(job: number): void {
    this.silent.add(job)
    this.parts.log.error({ job }, 'the delegate committed to another result before: it says no more of this job')
  }

  /** What the delegate has to say next of any job. */
  private due(delegate: Uint8Array): Due | undefined {
    const { chainId, saltSecret, state } = this.parts
    const { reader, height } = state()
    for (const { number, run } of runningJobs(reader, MOST_JOBS)) {
      const hash = this.hashes.get(number)
      if (hash === undefined || this.silent.has(number) || height >= run.deadlineHeight) continue
      const seats = witnessesOf(reader, run)
      const seat = seats.findIndex(({ address }) => equalBytes(address, delegate))
      if (seat < 0) continue
      const opening = { chainId, number, resultHash: hash, delegate, salt: saltOf(saltSecret, number) }
      const said = attestationOf(reader, number, seat)
      const opens = isOpening(run, seats.length, height + 1)
      if (said === undefined && !opens) {
        const promise = { job: number, term: run.term, commitment: commitmentTo(opening) }
        return { call: commitCall(opening, run.term), promise }
      }
      if (said === undefined || said.resultHash !== null || !opens) continue
      if (equalBytes(said.commitment, commitmentTo(opening))) return { call: openCall(opening), promise: null }
      this.fallSilent(number)
    }
    return undefined
  }
}

function saltOf(secret: Uint8Array, job: number): Uint8Array {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, BigInt(job))
  return hashTagged('heavy/salt', secret, number)
}
