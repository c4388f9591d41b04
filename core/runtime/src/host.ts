import { type ChainEvent, MAX_EVENTS } from '@smartshare/chain'
import { encode, type Schema, SmartshareError, sharedBytes } from '@smartshare/codec'
import { type RangeOptions, type StateEntry, StateJournal, type StateReader } from '@smartshare/state'
import type { ContractEngine } from './contracts/engine.ts'
import { GAS, GasMeter } from './gas.ts'
import type { Parameters } from './parameters.ts'

/** Facts of the block that is being executed; all a module may know about the world. */
export interface BlockFacts {
  readonly chainId: Uint8Array
  readonly term: number
  readonly slot: number
  readonly height: number
  readonly timeMs: number
  /** Seat of the leader in the term's set. */
  readonly leader: number
  /** Randomness fixed by this block. */
  readonly accumulator: Uint8Array
  /** Grains for one gas. */
  readonly basePrice: bigint
}

/** What a heavy job knows of the world beside its contract's state: it was noted when the job came first in its queue. */
export interface JobView {
  /** What the contract may pay: its balance, and what came with the call. */
  readonly grains: bigint
}

/** An event kind: who emits it, its name and the record of its data. */
export interface EventKind<T> {
  readonly target: number
  readonly name: string
  readonly schema: Schema<T>
}

/** Most bytes of all events of one transaction; with `MAX_EVENTS` they bound a receipt. */
const MAX_EVENT_BYTES = 1024 * 1024

/** Who acts, how far the sender's balance may fall (docs/spec/chain.md, "Paying for bytes"), and how much it does at once. */
export interface Actor {
  readonly sender: Uint8Array
  readonly floorGrains: bigint
  /** Calls of the transaction. */
  readonly calls: number
}

/** A begun attempt: what to go back to. */
export interface Attempt {
  readonly depth: number
  readonly eventCount: number
  readonly eventBytes: number
  readonly storedBytes: number
}

/**
 * The host interface of the modules: state, events, gas and the facts of the block. Implements StateReader, so that
 * everything a query can read a method can read too, at a price.
 */
export class Host implements StateReader {
  readonly block: BlockFacts
  readonly parameters: Parameters
  events: ChainEvent[] = []
  /** Bytes of the events of the running transaction. */
  eventBytes = 0
  /** Undefined while the block itself acts. */
  actor: Actor | undefined
  gas = new GasMeter(Number.MAX_SAFE_INTEGER)
  /** By how many bytes the contracts' part of the state grew (or shrank) in this transaction. */
  storedBytes = 0
  /** Sources that were loaded in this block, by their hashes: loading is paid for once. */
  readonly loaded = new Set<string>()
  /** True while a final block is executed; not where calls are only tried, which must not run heavy jobs. */
  runsJobs = false
  /** Set while a heavy job runs: it sees nothing but its contract (docs/spec/heavy-calls.md). */
  readonly job: JobView | undefined = undefined
  /** Contracts that are being called, the innermost last. */
  readonly calling: string[] = []
  private readonly journal: StateJournal
  /** Runs contracts. It comes from outside, so that whoever only names calls, a page say, is spared the Lua machine. */
  readonly engine: ContractEngine

  constructor(journal: StateJournal, block: BlockFacts, parameters: Parameters, engine: ContractEngine) {
    this.journal = journal
    this.block = block
    this.parameters = parameters
    this.engine = engine
  }

  /** The state as it is now, read at no cost; what is written to it stays apart. */
  branch(): StateJournal {
    return new StateJournal(this.journal)
  }

  /** How many attempts are under way inside each other. */
  get depth(): number {
    return this.journal.depth
  }

  /** Forgets what the transaction before said and stored. */
  beginTransaction(): void {
    this.events = []
    this.eventBytes = 0
    this.storedBytes = 0
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.gas.charge(GAS.read)
    return this.journal.get(key)
  }

  /** The former value. */
  set(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
    this.gas.charge(GAS.write + GAS.writtenByte * (key.length + value.length))
    return this.journal.set(key, value)
  }

  /** The former value. */
  delete(key: Uint8Array): Uint8Array | undefined {
    this.gas.charge(GAS.write)
    return this.journal.delete(key)
  }

  *range(from: Uint8Array, to: Uint8Array | undefined, options?: RangeOptions): Generator<StateEntry> {
    for (const entry of this.journal.range(from, to, options)) {
      this.gas.charge(GAS.read)
      yield entry
    }
  }

  emit<T>(kind: EventKind<T>, value: T): void {
    this.pushEvent({ target: kind.target, name: kind.name, data: encode(kind.schema, value, sharedBytes) })
  }

  /** Throws EVENTS_FULL: what a transaction says must fit into its receipt. */
  pushEvent(event: ChainEvent): void {
    const { events } = this
    this.gas.charge(GAS.event + GAS.eventByte * event.data.length)
    if (this.actor !== undefined) {
      const sizeBytes = this.eventBytes + event.data.length
      if (events.length >= MAX_EVENTS || sizeBytes > MAX_EVENT_BYTES) {
        throw new SmartshareError('EVENTS_FULL', 'the events of a transaction are too many or too large')
      }
      this.eventBytes = sizeBytes
    }
    events.push(event)
  }

  /** Begins what can be taken back as a whole; ends by `keep` or `takeBack`, the innermost first. */
  begin(): Attempt {
    const { events, storedBytes, eventBytes } = this
    this.journal.begin()
    return { depth: this.journal.depth, eventCount: events.length, eventBytes, storedBytes }
  }

  keep(): void {
    this.journal.commit()
  }

  /** State and events are as they were when `attempt` began, also if others began inside it and did not end. */
  takeBack({ depth, eventCount, eventBytes, storedBytes }: Attempt): void {
    while (this.journal.depth >= depth) this.journal.revert()
    this.events.length = eventCount
    this.eventBytes = eventBytes
    this.storedBytes = storedBytes
  }

  /** Runs `act` as a whole: if it throws, state and events are as before. */
  attempt<T>(act: () => T): T {
    const attempt = this.begin()
    try {
      const result = act()
      this.keep()
      return result
    } catch (error) {
      this.takeBack(attempt)
      throw error
    }
  }
}
