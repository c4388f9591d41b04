import { HASH_BYTES } from '@smartshare/chain'
import {
  decode,
  encode,
  fixedBytes,
  type Infer,
  optional,
  pack,
  record,
  SmartshareError,
  uint,
  unpack,
} from '@smartshare/codec'
import {
  type NewPage,
  type PageStore,
  pageText,
  type RangeOptions,
  type StateChange,
  type StateEntry,
  type StateReader,
} from '@smartshare/state'
import { type Database, open, type RootDatabase } from 'lmdb'

const MAX_PENDING_UNDO = 4_096
const TIP = Buffer.from('tip')
const RANGE = Buffer.from('range')

const hash = fixedBytes(HASH_BYTES)
const factsSchema = record({
  height: uint(),
  blockHash: hash,
  stateRoot: hash,
  /** Root of the range over heights 0 … height. */
  rangeRoot: hash,
  receiptsRoot: hash,
  /** Term that runs at this state, and the hash of the next set once it is elected. */
  term: uint(),
  nextSetHash: optional(hash),
})
const placeSchema = record({ height: uint(), index: uint() })

/** What the execution of a height came to. */
export type ExecutedFacts = Infer<typeof factsSchema>

/** Everything that one executed height leaves on disk. */
export interface ExecutedHeight {
  readonly facts: ExecutedFacts
  /** `RangeAccumulator.encode` over heights 0 … this one. */
  readonly range: Uint8Array
  readonly changes: readonly StateChange[]
  readonly pages: readonly NewPage[]
  /** Encoded receipts, the block's own last. */
  readonly receipts: readonly Uint8Array[]
  /** Transactions in the order of their receipts. */
  readonly transactionIds: readonly Uint8Array[]
}

type Bytes = Database<Buffer, Buffer>

/**
 * The executed state on disk (LMDB): state, tree pages, receipts, index of transactions, and what the last heights changed.
 * One thread commits; any number of threads open the same folder and read what is committed.
 */
export class ChainStore {
  readonly state: StateReader
  readonly pages: PageStore
  private readonly root: RootDatabase<Buffer, Buffer>
  private readonly stateDb: Bytes
  private readonly pageDb: Bytes
  private readonly factsDb: Bytes
  private readonly receiptDb: Bytes
  private readonly placeDb: Bytes
  private readonly undoDb: Bytes
  private readonly metaDb: Bytes

  private constructor(root: RootDatabase<Buffer, Buffer>) {
    this.root = root
    const database = (name: string): Bytes =>
      root.openDB({ name, encoding: 'binary', keyEncoding: 'binary', cache: false })
    this.stateDb = database('state')
    this.pageDb = database('pages')
    this.factsDb = database('facts')
    this.receiptDb = database('receipts')
    this.placeDb = database('places')
    this.undoDb = database('undo')
    this.metaDb = database('meta')
    this.state = new LmdbState(this.stateDb)
    this.pages = { get: (name) => this.pageDb.get(pageKey(name)) }
  }

  /** Opens or makes the store in a folder. A commit is on disk when `commit` returns. */
  static open(folder: string): ChainStore {
    return new ChainStore(
      open<Buffer, Buffer>({
        path: folder,
        encoding: 'binary',
        keyEncoding: 'binary',
        maxDbs: 16,
        overlappingSync: false,
        noSubdir: false,
      }),
    )
  }

  /** Height up to which everything is on disk; undefined before genesis. */
  get height(): number | undefined {
    const tip = this.metaDb.get(TIP)
    return tip === undefined ? undefined : decode(uint(), tip)
  }

  /** The range accumulator at the tip. */
  get range(): Uint8Array | undefined {
    return this.metaDb.get(RANGE)
  }

  facts(height: number): ExecutedFacts | undefined {
    const stored = this.factsDb.get(heightKey(height))
    return stored === undefined ? undefined : decode(factsSchema, stored)
  }

  receipts(height: number): Uint8Array[] | undefined {
    const stored = this.receiptDb.get(heightKey(height))
    return stored === undefined ? undefined : unpack(stored)
  }

  place(transactionId: Uint8Array): { height: number; index: number } | undefined {
    const stored = this.placeDb.get(asBuffer(transactionId))
    return stored === undefined ? undefined : decode(placeSchema, stored)
  }

  /** What a recent height changed; undefined if it is no longer kept. */
  changes(height: number): StateChange[] | undefined {
    const stored = this.undoDb.get(heightKey(height))
    if (stored === undefined) return undefined
    const parts = unpack(stored)
    const changes: StateChange[] = []
    for (let i = 0; i < parts.length; i += 3) {
      const value = parts[i + 1]!
      const previous = parts[i + 2]!
      // No value in the state is empty, so an empty one stands for none.
      changes.push({
        key: parts[i]!,
        value: value.length === 0 ? null : value,
        previous: previous.length === 0 ? undefined : previous,
      })
    }
    return changes
  }

  /**
   * Writes consecutive heights as one transaction, durable when it returns. `keepChangesFrom`: of lower heights the
   * changes are dropped. Throws STORE_FULL if the disk has no room: nothing of the heights is then stored.
   */
  commit(heights: readonly ExecutedHeight[], keepChangesFrom: number): void {
    try {
      this.root.transactionSync(() => {
        for (const height of heights) this.write(height)
        this.dropChanges(keepChangesFrom)
      })
    } catch (error) {
      if (/ENOSPC|MDB_MAP_FULL|No space left/.test(String(error))) {
        throw new SmartshareError('STORE_FULL', 'the disk has no room for the state', {}, error)
      }
      throw error
    }
  }

  async close(): Promise<void> {
    await this.root.close()
  }

  private write({ facts, range, changes, pages, receipts, transactionIds }: ExecutedHeight): void {
    const key = heightKey(facts.height)
    for (const { key: stateKey, value } of changes) {
      if (value === null) this.stateDb.removeSync(asBuffer(stateKey))
      else this.stateDb.putSync(asBuffer(stateKey), asBuffer(value))
    }
    for (const { name, bytes } of pages) {
      if (bytes === null) this.pageDb.removeSync(pageKey(name))
      else this.pageDb.putSync(pageKey(name), asBuffer(bytes))
    }
    const nothing = new Uint8Array()
    const undo = changes.flatMap((change) => [change.key, change.value ?? nothing, change.previous ?? nothing])
    this.undoDb.putSync(key, asBuffer(pack(undo)))
    this.receiptDb.putSync(key, asBuffer(pack(receipts)))
    this.factsDb.putSync(key, asBuffer(encode(factsSchema, facts)))
    for (const [index, id] of transactionIds.entries()) {
      this.placeDb.putSync(asBuffer(id), asBuffer(encode(placeSchema, { height: facts.height, index })))
    }
    this.metaDb.putSync(RANGE, asBuffer(range))
    this.metaDb.putSync(TIP, asBuffer(encode(uint(), facts.height)))
  }

  private dropChanges(below: number): void {
    const keys = [...this.undoDb.getKeys({ end: heightKey(below), limit: MAX_PENDING_UNDO })]
    for (const key of keys) this.undoDb.removeSync(key)
  }
}

/** The state as a reader; every turn of the event loop sees the latest commit. */
class LmdbState implements StateReader {
  private readonly database: Bytes

  constructor(database: Bytes) {
    this.database = database
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.database.get(asBuffer(key))
  }

  *range(from: Uint8Array, to: Uint8Array | undefined, options: RangeOptions = {}): Generator<StateEntry> {
    const limit = options.limit === undefined ? {} : { limit: options.limit }
    const upper = to === undefined ? {} : { end: asBuffer(to) }
    // lmdb walks downwards from `start`; ours names the lower bound first and the upper bound as exclusive.
    const bounds =
      options.reverse === true
        ? {
            ...(to === undefined ? {} : { start: asBuffer(to), exclusiveStart: true }),
            end: asBuffer(from),
            inclusiveEnd: true,
            reverse: true,
          }
        : { start: asBuffer(from), ...upper }
    for (const { key, value } of this.database.getRange({ ...bounds, ...limit })) yield [key, value]
  }
}

function pageKey(name: NewPage['name']): Buffer {
  return Buffer.from(pageText(name), 'latin1')
}

function heightKey(height: number): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64BE(BigInt(height))
  return key
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
