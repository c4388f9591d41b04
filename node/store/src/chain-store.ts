import { statfsSync } from 'node:fs'
import { constants } from 'node:os'
import { HASH_BYTES } from '@smartshare/chain'
import {
  bytes,
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
import { type RangeAccumulator, type RangeNode, rangeAt } from '@smartshare/crypto'
import {
  type NewPage,
  type PageStore,
  type RangeOptions,
  type StateChange,
  type StateEntry,
  type StateReader,
  StateTree,
} from '@smartshare/state'
import { type Database, open, type RootDatabase } from 'lmdb'
import { type Place, PlaceIndex } from './place-index.ts'
import type { StateView } from './snapshot-writer.ts'
import { heightKey, heightOfKey, pageKey, rangeKey } from './store-keys.ts'

/** Most heights whose changes are dropped by one commit; the rest follows with the next. */
const MOST_DROPPED = 4_096
const MOST_PRUNED = 256
/** Entries and bytes that one transaction of `load` has at least, unless it is the last. */
const LOAD_ENTRIES = 40_000
const LOAD_BYTES = 16 * 1_048_576
/** The error number (EIO) that LMDB gives for a write that fell short, which is what a full disk looks like to it. */
const SHORT_WRITE = 5
const MAP_FULL = -30792
/** What LMDB hands on where not a single byte had room. */
const FULL = [MAP_FULL, constants.errno.ENOSPC, constants.errno.EDQUOT, constants.errno.EFBIG]
/** A commit rewrites about as many pages of 4 KiB as it has entries; with less room than this it may well fail. */
const ROOM_PER_ENTRY_BYTES = 8_192
const LEAST_ROOM_BYTES = 1_048_576
/** An encoded header has at most 441 bytes, a certificate 186. */
const MAX_STORED_HEADER_BYTES = 512
const LOWEST_KEY = Uint8Array.of(0)
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

const headerSchema = record({
  header: bytes(MAX_STORED_HEADER_BYTES),
  certificate: optional(bytes(MAX_STORED_HEADER_BYTES)),
})

/** An encoded header, with its own Final certificate if it has one: what stays of a block when its body is dropped. */
export type StoredHeader = Infer<typeof headerSchema>

/**
 * How a node came to a height that it did not simply execute: it followed the difference that peers gave, was yet to execute it by
 * itself for a sample, or has done that.
 */
export type Following = 'followed' | 'chosen' | 'sampled'

const FOLLOWINGS: readonly Following[] = ['followed', 'chosen', 'sampled']

/** What the execution of a height came to. */
export type ExecutedFacts = Infer<typeof factsSchema>

/** Everything that one executed height leaves on disk. */
export interface ExecutedHeight {
  readonly facts: ExecutedFacts
  /** `RangeAccumulator.encode` over heights 0 … this one. */
  readonly range: Uint8Array
  /** Nodes that this height added to the range. */
  readonly rangeNodes: readonly RangeNode[]
  /** Header and Final certificate of the block, null where it has none; null for genesis. */
  readonly header: StoredHeader | null
  readonly changes: readonly StateChange[]
  readonly pages: Iterable<NewPage>
  /** Encoded receipts, the block's own last. */
  readonly receipts: readonly Uint8Array[]
  /** The set of a later term that this height elected, encoded. */
  readonly elected: { readonly term: number; readonly set: Uint8Array } | null
  /** Transactions in the order of their receipts. */
  readonly transactionIds: readonly Uint8Array[]
  /** Absent if the node executed it. */
  readonly following?: Following | undefined
}

/** The height at which a snapshot was taken, and what came before it as far as it still matters. */
export interface LoadedHeight {
  readonly facts: ExecutedFacts
  readonly range: RangeAccumulator
  readonly header: StoredHeader
  /** Encoded sets of the terms that still matter. */
  readonly sets: readonly { readonly term: number; readonly set: Uint8Array }[]
}

type Bytes = Database<Uint8Array, Uint8Array>

/**
 * The executed state on disk (LMDB): state, tree pages, receipts, index of transactions, and what the last heights changed.
 * One thread commits; any number of threads open the same folder and read what is committed.
 */
export class ChainStore {
  readonly state: StateReader
  readonly pages: PageStore
  private readonly root: RootDatabase<Uint8Array, Uint8Array>
  private readonly folder: string
  private readonly stateDb: Bytes
  private readonly pageDb: Bytes
  private readonly factsDb: Bytes
  private readonly receiptDb: Bytes
  private readonly placeDb: Bytes
  private readonly places: PlaceIndex
  private readonly undoDb: Bytes
  private readonly setDb: Bytes
  private readonly headerDb: Bytes
  private readonly rangeDb: Bytes
  private readonly followingDb: Bytes
  private readonly metaDb: Bytes

  private constructor(root: RootDatabase<Uint8Array, Uint8Array>, folder: string) {
    this.root = root
    this.folder = folder
    const database = (name: string): Bytes =>
      root.openDB({ name, encoding: 'binary', keyEncoding: 'binary', cache: false })
    this.stateDb = database('state')
    this.pageDb = database('pages')
    this.factsDb = database('facts')
    this.receiptDb = database('receipts')
    this.placeDb = database('places')
    this.places = new PlaceIndex(this.placeDb)
    this.undoDb = database('undo')
    this.setDb = database('sets')
    this.headerDb = database('headers')
    this.rangeDb = database('range')
    this.followingDb = database('following')
    this.metaDb = database('meta')
    this.state = new LmdbState(this.stateDb)
    this.pages = {
      get: (name) => {
        const page = this.pageDb.getBinaryFast(pageKey(name))
        // The memory of the last read, of which only the first `length` bytes are this page.
        return page === undefined ? undefined : new Uint8Array(page.buffer, page.byteOffset, page.length)
      },
    }
  }

  /** Opens or makes the store in a folder. A commit is on disk when `commit` returns. */
  static open(folder: string): ChainStore {
    return new ChainStore(
      open<Uint8Array, Uint8Array>({
        path: folder,
        encoding: 'binary',
        keyEncoding: 'binary',
        maxDbs: 16,
        overlappingSync: false,
        noSubdir: false,
      }),
      folder,
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

  place(transactionId: Uint8Array): Place | undefined {
    return this.places.find(transactionId)
  }

  /** The delegates of a term, encoded; undefined for term 0 and for terms not elected yet. */
  electedSet(term: number): Uint8Array | undefined {
    return this.setDb.get(heightKey(term))
  }

  /** The header of an executed block, also of one whose body was dropped; undefined for genesis and what is not here. */
  header(height: number): StoredHeader | undefined {
    const stored = this.headerDb.get(heightKey(height))
    return stored === undefined ? undefined : decode(headerSchema, stored)
  }

  /** A node of the range over executed blocks; undefined if it is not here. */
  rangeNode(level: number, index: number): Uint8Array | undefined {
    return this.rangeDb.get(rangeKey(level, index))
  }

  /** The lowest height of which the facts are known: 0, or that of the snapshot with which the store began. */
  get lowestFacts(): number {
    for (const key of this.factsDb.getKeys({ limit: 1 })) return heightOfKey(key)
    return 0
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

  /** How the node came to a height; undefined if it executed it. */
  following(height: number): Following | undefined {
    const stored = this.followingDb.get(heightKey(height))
    return stored === undefined ? undefined : FOLLOWINGS[stored[0]!]
  }

  /** Heights from `from` on that the node followed and has not executed by itself since. */
  uncheckedFrom(from: number): { readonly height: number; readonly following: 'followed' | 'chosen' }[] {
    const unchecked: { height: number; following: 'followed' | 'chosen' }[] = []
    for (const { key, value } of this.followingDb.getRange({ start: heightKey(from) })) {
      const following = FOLLOWINGS[value[0]!]
      if (following === undefined || following === 'sampled') continue
      unchecked.push({ height: heightOfKey(key), following })
    }
    return unchecked
  }

  /** The node has executed heights that it followed: those that were chosen for that are samples. */
  noteChecked(heights: readonly number[]): void {
    this.attempt(heights.length, () => {
      for (const height of heights) {
        if (this.following(height) === 'chosen') this.setFollowing(height, 'sampled')
        else this.followingDb.removeSync(heightKey(height))
      }
      return heights.length
    })
  }

  /**
   * Writes consecutive heights as one transaction, durable when it returns. Of a key or page that several of them changed
   * only the last version is written. `keepChangesFrom`: of lower heights the changes are dropped.
   *
   * Throws STORE_FULL if the disk has no room, STORE_IO if it fails otherwise: nothing of the heights is then stored, and
   * the same commit may be tried again.
   */
  commit(heights: readonly ExecutedHeight[], keepChangesFrom: number): void {
    this.attempt(0, () => {
      let entries = this.writeState(heights) + this.writePages(heights)
      for (const height of heights) entries += this.writeHeight(height)
      this.places.add(heights.map(({ facts, transactionIds }) => ({ height: facts.height, ids: transactionIds })))
      this.dropChanges(keepChangesFrom)
      return entries
    })
  }

  /**
   * Makes the store what it was at `height`, an earlier one of which the changes since are kept; durable when it returns. What
   * stays of later heights beside the state is overwritten when they are executed again. Throws STATE_HEIGHT_GONE.
   */
  takeBack(height: number): void {
    const tip = this.height
    const facts = this.facts(height)
    if (tip === undefined || facts === undefined) throw gone(height)
    const before = new Map<string, StateChange>()
    for (let at = tip; at > height; at--) {
      const kept = this.changes(at)
      if (kept === undefined) throw gone(height)
      for (const { key, previous } of kept) {
        before.set(Buffer.from(key).toString('latin1'), { key, value: previous ?? null, previous: undefined })
      }
    }
    const changes = [...before.values()].filter(({ key, value }) => !isSame(this.state.get(key), value))
    const tree = new StateTree(this.pages, { undoHeights: 0 })
    const { root, pages } = changes.length === 0 ? { root: tree.root, pages: [] } : tree.applyChanges(changes, 1)
    const range = rangeAt(height + 1, (level, index) => this.rangeNode(level, index))
    if (!isSame(facts.stateRoot, root) || !isSame(facts.rangeRoot, range.root())) {
      throw new SmartshareError('STATE_DAMAGED', `what was kept does not lead back to height ${height}`)
    }
    this.attempt(0, () => {
      for (let at = tip; at > height; at--) {
        this.undoDb.removeSync(heightKey(at))
        this.followingDb.removeSync(heightKey(at))
      }
      this.metaDb.putSync(RANGE, range.encode())
      this.metaDb.putSync(TIP, encode(uint(), height))
      return this.writeState([{ changes }]) + this.writePages([{ pages }])
    })
  }

  /** The state as of the latest commit; it stays so while others commit, until `end`. */
  view(): StateView & { readonly height: number; end(): void } {
    this.root.resetReadTxn()
    const transaction = this.root.useReadTransaction()
    const { stateDb, pageDb, metaDb } = this
    return {
      height: decode(uint(), metaDb.get(TIP, { transaction })!),
      entries: (after, limit) => {
        const from = after === undefined ? { start: LOWEST_KEY } : { start: after, exclusiveStart: true }
        return Array.from(
          stateDb.getRange({ ...from, limit, transaction }),
          ({ key, value }): StateEntry => [key, value],
        )
      },
      page: (name) => pageDb.get(pageKey(name), { transaction }),
      end: () => transaction.done(),
    }
  }

  /**
   * Fills a store that has no height yet from the parts of a snapshot, in the order of their paths, and makes it the state of
   * `loaded`. What an earlier attempt left is removed. Throws STATE_DAMAGED if the parts do not make the state root.
   */
  async load(parts: AsyncIterable<readonly StateEntry[]>, finish: () => LoadedHeight): Promise<void> {
    if (this.height !== undefined) throw new SmartshareError('STATE_DAMAGED', 'the store has a state already')
    const { stateDb, pageDb, factsDb, receiptDb, placeDb, undoDb, setDb, headerDb, rangeDb, metaDb } = this
    const all = [stateDb, pageDb, factsDb, receiptDb, placeDb, undoDb, setDb, headerDb, rangeDb, metaDb]
    all.push(this.followingDb)
    for (const database of all) database.clearSync()
    const tree = new StateTree(this.pages, { undoHeights: 0 })
    for await (const entries of together(parts)) {
      const { pages } = tree.applyChanges(entries.map(([key, value]) => ({ key, value })))
      const changes = entries.map(([key, value]) => ({ key, value, previous: undefined }))
      this.attempt(entries.length, () => this.writeState([{ changes }]) + this.writePages([{ pages }]))
      tree.committed(tree.height)
    }
    this.root.resetReadTxn()
    const { facts, range, header, sets } = finish()
    if (Buffer.compare(facts.stateRoot, tree.root) !== 0) {
      throw new SmartshareError('STATE_DAMAGED', 'the parts of the snapshot do not make its state root')
    }
    const nothing = { changes: [], pages: [], receipts: [], elected: null, transactionIds: [] }
    const height = { facts, range: range.encode(), rangeNodes: range.peakNodes(), header, ...nothing }
    this.attempt(1, () => {
      for (const { term, set } of sets) setDb.putSync(heightKey(term), set)
      return this.writeHeight(height)
    })
  }

  /**
   * Drops receipts below a height, and where their transactions are to be found; state, headers and the range stay. At most
   * MOST_PRUNED heights at a time: the rest follows with the next call.
   */
  prune(below: number): void {
    const keys = [...this.receiptDb.getKeys({ end: heightKey(below), limit: MOST_PRUNED })]
    if (keys.length === 0) return
    this.attempt(0, () => {
      for (const key of keys) {
        this.receiptDb.removeSync(key)
        this.followingDb.removeSync(key)
      }
      this.places.forget(heightOfKey(keys.at(-1)!) + 1)
      return keys.length
    })
  }

  /** Lets the reads that follow see the latest commit of any thread; without it they may lag by some milliseconds. */
  refresh(): void {
    this.root.resetReadTxn()
  }

  async close(): Promise<void> {
    await this.root.close()
  }

  /** One durable transaction; `work` tells how many entries it wrote. */
  private attempt(atLeast: number, work: () => number): void {
    let entries = atLeast
    try {
      this.root.transactionSync(() => {
        entries = work()
      })
    } catch (error) {
      throw this.failure(error, entries)
    }
  }

  private writeState(heights: readonly Pick<ExecutedHeight, 'changes'>[]): number {
    const last = [
      ...lastOf(
        heights.map(({ changes }) => changes),
        // Reading the text of a key is only worth it where heights may have changed the same.
        heights.length > 1 ? ({ key }) => Buffer.from(key).toString('latin1') : undefined,
      ),
    ]
    let sizeBytes = 0
    for (const { value } of last) sizeBytes += value?.length ?? 0
    // Values in one piece of memory: LMDB takes them by address, and asking for that of a small array is what costs.
    const slab = new Uint8Array(sizeBytes)
    let at = 0
    for (const { key, value } of last) {
      if (value === null) {
        this.stateDb.removeSync(key)
        continue
      }
      slab.set(value, at)
      this.stateDb.putSync(key, slab.subarray(at, at + value.length))
      at += value.length
    }
    return last.length
  }

  private writePages(heights: readonly Pick<ExecutedHeight, 'pages'>[]): number {
    const last = lastOf(
      heights.map(({ pages }) => pages),
      heights.length > 1 ? ({ name }) => name : undefined,
    )
    let count = 0
    for (const { name, bytes } of last) {
      if (bytes === null) this.pageDb.removeSync(pageKey(name))
      else this.pageDb.putSync(pageKey(name), bytes)
      count += 1
    }
    return count
  }

  private writeHeight(executed: ExecutedHeight): number {
    const { facts, range, rangeNodes, header, changes, receipts, elected, transactionIds, following } = executed
    const key = heightKey(facts.height)
    if (header !== null) this.headerDb.putSync(key, encode(headerSchema, header))
    for (const { level, index, hash } of rangeNodes) this.rangeDb.putSync(rangeKey(level, index), hash)
    const nothing = new Uint8Array()
    const undo = changes.flatMap((change) => [change.key, change.value ?? nothing, change.previous ?? nothing])
    this.undoDb.putSync(key, pack(undo))
    this.receiptDb.putSync(key, pack(receipts))
    this.factsDb.putSync(key, encode(factsSchema, facts))
    if (following !== undefined) this.setFollowing(facts.height, following)
    if (elected !== null) this.setDb.putSync(heightKey(elected.term), elected.set)
    this.metaDb.putSync(RANGE, range)
    this.metaDb.putSync(TIP, encode(uint(), facts.height))
    return transactionIds.length + (changes.length >> 4) + receipts.length
  }

  private setFollowing(height: number, following: Following): void {
    this.followingDb.putSync(heightKey(height), Uint8Array.of(FOLLOWINGS.indexOf(following)))
  }

  private dropChanges(below: number): void {
    for (const key of [...this.undoDb.getKeys({ end: heightKey(Math.max(0, below)), limit: MOST_DROPPED })]) {
      this.undoDb.removeSync(key)
    }
  }

  /** What to throw for an error of a commit: only numbers are errors of LMDB and the system below it. */
  private failure(error: unknown, entries: number): unknown {
    const reason = (error as { code?: unknown }).code
    if (typeof reason !== 'number') return error
    const { bavail, bsize } = statfsSync(this.folder)
    const room = bavail * bsize
    if (FULL.includes(reason) || (reason === SHORT_WRITE && room < LEAST_ROOM_BYTES + entries * ROOM_PER_ENTRY_BYTES)) {
      return new SmartshareError('STORE_FULL', 'The disk has no room for the state', { path: this.folder, room }, error)
    }
    const message = error instanceof Error ? error.message : String(error)
    return new SmartshareError('STORE_IO', `The state cannot be stored: ${message}`, { path: this.folder }, error)
  }
}

/** The state as a reader. It sees the commits of its own thread at once, those of others soon, or at `refresh`. */
class LmdbState implements StateReader {
  private readonly database: Bytes

  constructor(database: Bytes) {
    this.database = database
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.database.get(key)
  }

  *range(from: Uint8Array, to: Uint8Array | undefined, options: RangeOptions = {}): Generator<StateEntry> {
    const limit = options.limit === undefined ? {} : { limit: options.limit }
    // LMDB knows no empty key, and no key is below one.
    const low = from.length === 0 ? LOWEST_KEY : from
    if (to?.length === 0) return
    // lmdb walks downwards from `start`; ours names the lower bound first and the upper bound as exclusive.
    const bounds =
      options.reverse === true
        ? {
            ...(to === undefined ? {} : { start: to, exclusiveStart: true }),
            end: low,
            inclusiveEnd: true,
            reverse: true,
          }
        : { start: low, ...(to === undefined ? {} : { end: to }) }
    for (const { key, value } of this.database.getRange({ ...bounds, ...limit })) yield [key, value]
  }
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | null): boolean {
  return one === undefined || other === null ? one === undefined && other === null : Buffer.compare(one, other) === 0
}

function gone(height: number): SmartshareError {
  return new SmartshareError('STATE_HEIGHT_GONE', `the state of height ${height} cannot be told any more`, { height })
}

/** Many small parts as few larger ones: each is a durable transaction. */
async function* together(parts: AsyncIterable<readonly StateEntry[]>): AsyncGenerator<StateEntry[]> {
  let held: StateEntry[] = []
  let sizeBytes = 0
  for await (const entries of parts) {
    for (const entry of entries) {
      held.push(entry)
      sizeBytes += entry[0].length + entry[1].length
    }
    if (held.length < LOAD_ENTRIES && sizeBytes < LOAD_BYTES) continue
    yield held
    held = []
    sizeBytes = 0
  }
  if (held.length > 0) yield held
}

/** The last version of whatever several lists hold under the same name; without `nameOf` there is but one list. */
function lastOf<T>(lists: readonly Iterable<T>[], nameOf: ((one: T) => unknown) | undefined): Iterable<T> {
  if (nameOf === undefined) return lists[0] ?? []
  const last = new Map<unknown, T>()
  for (const list of lists) for (const one of list) last.set(nameOf(one), one)
  return last.values()
}
