import type { ChainEvent } from '@smartshare/chain'
import { encode, type Schema } from '@smartshare/codec'
import type { RangeOptions, StateEntry, StateJournal, StateReader } from '@smartshare/state'
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
}

/** An event kind: who emits it, its name and the record of its data. */
export interface EventKind<T> {
  readonly target: number
  readonly name: string
  readonly schema: Schema<T>
}

/** Who acts, and how far the sender's balance may fall (docs/spec/chain.md, "Paying for bytes"). */
export interface Actor {
  readonly sender: Uint8Array
  readonly floorGrains: bigint
}

/**
 * The host interface of the modules: state, events, gas and the facts of the block. Implements StateReader, so that
 * everything a query can read a method can read too, at a price.
 */
export class Host implements StateReader {
  readonly block: BlockFacts
  readonly parameters: Parameters
  events: ChainEvent[] = []
  /** Undefined while the block itself acts. */
  actor: Actor | undefined
  gas = new GasMeter(Number.MAX_SAFE_INTEGER)
  private readonly journal: StateJournal

  constructor(journal: StateJournal, block: BlockFacts, parameters: Parameters) {
    this.journal = journal
    this.block = block
    this.parameters = parameters
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.gas.charge(GAS.read)
    return this.journal.get(key)
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.gas.charge(GAS.write + GAS.writtenByte * (key.length + value.length))
    this.journal.set(key, value)
  }

  delete(key: Uint8Array): void {
    this.gas.charge(GAS.write)
    this.journal.delete(key)
  }

  *range(from: Uint8Array, to: Uint8Array | undefined, options?: RangeOptions): Generator<StateEntry> {
    for (const entry of this.journal.range(from, to, options)) {
      this.gas.charge(GAS.read)
      yield entry
    }
  }

  emit<T>(kind: EventKind<T>, value: T): void {
    const data = encode(kind.schema, value)
    this.gas.charge(GAS.event + GAS.eventByte * data.length)
    this.events.push({ target: kind.target, name: kind.name, data })
  }

  /** Runs `act` as a whole: if it throws, state and events are as before. */
  attempt<T>(act: () => T): T {
    const eventCount = this.events.length
    this.journal.begin()
    try {
      const result = act()
      this.journal.commit()
      return result
    } catch (error) {
      this.journal.revert()
      this.events.length = eventCount
      throw error
    }
  }
}
