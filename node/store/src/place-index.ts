import { array, decode, encode, fixedBytes, type Infer, record, uint } from '@smartshare/codec'
import type { Database } from 'lmdb'

// Ids of transactions are random, so a B-tree of them is rewritten a page for each, and ever colder ones as it grows. Here
// they are kept as sorted runs that are merged in turn: a log-structured merge tree (O'Neil, Cheng, Gawlick, O'Neil 1996)
// whose rows lie in values of LMDB, a few dozen kilobytes each. A row is rewritten once per level, in sequence.

/** So much of an id tells it from all others: two with the same need 2^96 tries to make. */
const ID_BYTES = 24
const HEIGHT_BYTES = 5
const INDEX_BYTES = 3
const ROW_BYTES = ID_BYTES + HEIGHT_BYTES + INDEX_BYTES
/** Rows of one value in the database. */
const CHUNK_ROWS = 1_024
/** So many runs of a level become one of the next. */
const FANOUT = 8
/** Rows that a merge takes on for each new row, and at least: it is done before the next of its level can begin. */
const MERGED_PER_ROW = 2
const LEAST_MERGED = 512
/** Chunks of a run of which nothing counts any more that one commit takes away. */
const MOST_DROPPED = 256
const MOST_RUNS = 1_000
/** Far above what heights of 40 bits could fill. */
const MOST_LEVEL = 30
const MANIFEST = Buffer.from([255])
const LEVEL_BYTES = 1
const RUN_BYTES = 6
const PREFIX_BYTES = LEVEL_BYTES + RUN_BYTES

const id = fixedBytes(ID_BYTES)
const manifestSchema = record({
  /** Number of the next run. */
  next: uint(),
  /** Rows of lower heights count as gone. */
  from: uint(),
  /** Oldest first; `to` is the highest height of a run's rows. */
  runs: array(record({ level: uint(MOST_LEVEL), run: uint(), to: uint() }), MOST_RUNS),
  merges: array(
    record({
      /** Level of the runs that become one. */
      level: uint(MOST_LEVEL),
      runs: array(uint(), FANOUT),
      into: uint(),
      /** Up to here all rows have moved. */
      done: id,
    }),
    MOST_LEVEL,
  ),
})
type Manifest = Infer<typeof manifestSchema>
type Merge = Manifest['merges'][number]

const EMPTY: Manifest = { next: 0, from: 0, runs: [], merges: [] }
const NOTHING_DONE = new Uint8Array(ID_BYTES)

/** Where a transaction is: its height, and its place among the receipts there. */
export interface Place {
  readonly height: number
  readonly index: number
}

/** Finds transactions by their ids. One thread adds, within transactions of the database; any may look. */
export class PlaceIndex {
  private readonly database: Database<Uint8Array, Uint8Array>

  constructor(database: Database<Uint8Array, Uint8Array>) {
    this.database = database
  }

  /** Undefined for an id that is not here. */
  find(transactionId: Uint8Array): Place | undefined {
    const { from, runs } = this.manifest()
    const wanted = Buffer.from(transactionId.buffer, transactionId.byteOffset, ID_BYTES)
    // The newest first: they are asked for most.
    for (let at = runs.length - 1; at >= 0; at -= 1) {
      const { level, run } = runs[at]!
      const chunk = this.chunkOf(level, run, wanted)
      const row = chunk === undefined ? undefined : rowOf(chunk, wanted)
      if (row === undefined) continue
      const height = row.readUIntBE(ID_BYTES, HEIGHT_BYTES)
      return height < from ? undefined : { height, index: row.readUIntBE(ID_BYTES + HEIGHT_BYTES, INDEX_BYTES) }
    }
    return undefined
  }

  /** Adds the transactions of heights in their order, and goes on with merging in step with what was added. */
  add(heights: readonly { readonly height: number; readonly ids: readonly Uint8Array[] }[]): void {
    const rows: Buffer[] = []
    for (const { height, ids } of heights) {
      for (const [index, transactionId] of ids.entries()) rows.push(encodeRow(transactionId, height, index))
    }
    if (rows.length === 0) return
    rows.sort(Buffer.compare)
    const manifest = this.manifest()
    const run = manifest.next
    const writer = new RunWriter(this.database, 0, run)
    for (const row of rows) writer.add(row)
    writer.end()
    const to = heights.at(-1)!.height
    let grown = begun({ ...manifest, next: run + 1, runs: [...manifest.runs, { level: 0, run, to }] })
    const budget = LEAST_MERGED + MERGED_PER_ROW * rows.length
    for (const merge of grown.merges) grown = this.advance(grown, merge, budget)
    grown = this.dropped(grown)
    this.database.putSync(MANIFEST, encode(manifestSchema, grown))
  }

  /** Transactions below a height are no longer found; their rows go as merges pass over them. */
  forget(below: number): void {
    const manifest = this.manifest()
    if (below > manifest.from) this.database.putSync(MANIFEST, encode(manifestSchema, { ...manifest, from: below }))
  }

  private manifest(): Manifest {
    const stored = this.database.get(MANIFEST)
    return stored === undefined ? EMPTY : decode(manifestSchema, stored)
  }

  /** The chunk of a run in which an id would lie. */
  private chunkOf(level: number, run: number, wanted: Buffer): Buffer | undefined {
    const start = chunkKey(level, run, wanted)
    for (const { key, value } of this.database.getRange({ start, reverse: true, limit: 1 })) {
      if (Buffer.compare(Buffer.from(key).subarray(0, PREFIX_BYTES), start.subarray(0, PREFIX_BYTES)) !== 0) continue
      return asBuffer(value)
    }
    return undefined
  }

  /** Without the oldest run if nothing of it counts any more; a large one goes over several commits. */
  private dropped(manifest: Manifest): Manifest {
    const busy = inMerges(manifest)
    const gone = manifest.runs.find(({ run, to }) => to < manifest.from && !busy.has(run))
    if (gone === undefined) return manifest
    const bounds = {
      start: chunkKey(gone.level, gone.run, NOTHING_DONE),
      end: chunkKey(gone.level, gone.run + 1, NOTHING_DONE),
    }
    const keys = [...this.database.getKeys({ ...bounds, limit: MOST_DROPPED })].map((key) => Uint8Array.from(key))
    for (const key of keys) this.database.removeSync(key)
    return keys.length < MOST_DROPPED ? { ...manifest, runs: manifest.runs.filter((one) => one !== gone) } : manifest
  }

  /** Moves some more rows of a merge to where they go, and takes away what was moved. */
  private advance(manifest: Manifest, merge: Merge, budget: number): Manifest {
    const sources = merge.runs.map((run) => new RunReader(this.database, merge.level, run, merge.done))
    const writer = new RunWriter(this.database, merge.level + 1, merge.into)
    let moved = 0
    let done: Uint8Array = merge.done
    // Whole chunks, so that the target's are of one size.
    for (; moved < budget || moved % CHUNK_ROWS !== 0; moved += 1) {
      const source = leastOf(sources)
      if (source === undefined) break
      const row = source.head!
      if (row.readUIntBE(ID_BYTES, HEIGHT_BYTES) >= manifest.from) writer.add(row)
      done = Uint8Array.from(row.subarray(0, ID_BYTES))
      source.next()
    }
    writer.end()
    for (const source of sources) source.removePassed()
    if (leastOf(sources) !== undefined) {
      return { ...manifest, merges: manifest.merges.map((one) => (one.into === merge.into ? { ...merge, done } : one)) }
    }
    return {
      ...manifest,
      runs: manifest.runs.filter(({ run }) => !merge.runs.includes(run)),
      merges: manifest.merges.filter(({ into }) => into !== merge.into),
    }
  }
}

/** With a merge for each level that has too many runs which are not being merged. */
function begun(manifest: Manifest): Manifest {
  let { next } = manifest
  const runs = [...manifest.runs]
  const merges = [...manifest.merges]
  const busy = inMerges(manifest)
  for (const level of new Set(runs.map((one) => one.level))) {
    const free = runs.filter((one) => one.level === level && !busy.has(one.run)).slice(0, FANOUT)
    if (free.length < FANOUT || merges.some((merge) => merge.level === level)) continue
    merges.push({ level, runs: free.map(({ run }) => run), into: next, done: NOTHING_DONE })
    // As old as what it takes over.
    runs.splice(runs.indexOf(free[0]!), 0, { level: level + 1, run: next, to: free.at(-1)!.to })
    next += 1
  }
  return { ...manifest, next, runs, merges }
}

/** Runs that take part in a merge. */
function inMerges({ merges }: Manifest): Set<number> {
  return new Set(merges.flatMap(({ runs, into }) => [...runs, into]))
}

/** Writes rows that come in order as the chunks of a run. */
class RunWriter {
  private readonly database: Database<Uint8Array, Uint8Array>
  private readonly level: number
  private readonly run: number
  private readonly chunk = Buffer.allocUnsafe(CHUNK_ROWS * ROW_BYTES)
  private length = 0

  constructor(database: Database<Uint8Array, Uint8Array>, level: number, run: number) {
    this.database = database
    this.level = level
    this.run = run
  }

  add(row: Buffer): void {
    row.copy(this.chunk, this.length)
    this.length += ROW_BYTES
    if (this.length === this.chunk.length) this.end()
  }

  end(): void {
    if (this.length === 0) return
    this.database.putSync(chunkKey(this.level, this.run, this.chunk), this.chunk.subarray(0, this.length))
    this.length = 0
  }
}

/** Reads the rows of a run in order; what is written meanwhile to other runs does not disturb it. */
class RunReader {
  private readonly database: Database<Uint8Array, Uint8Array>
  private readonly end: Buffer
  private readonly passed: Uint8Array[] = []
  private key: Uint8Array
  private chunk: Buffer = Buffer.alloc(0)
  private at = 0

  /** Begins after the row of `done`. */
  constructor(database: Database<Uint8Array, Uint8Array>, level: number, run: number, done: Uint8Array) {
    this.database = database
    this.end = chunkKey(level, run + 1, NOTHING_DONE)
    this.key = chunkKey(level, run, NOTHING_DONE)
    this.load()
    while (this.head !== undefined && Buffer.compare(this.head.subarray(0, ID_BYTES), done) <= 0) this.next()
  }

  get head(): Buffer | undefined {
    return this.at < this.chunk.length ? this.chunk.subarray(this.at, this.at + ROW_BYTES) : undefined
  }

  next(): void {
    this.at += ROW_BYTES
    if (this.at < this.chunk.length) return
    this.passed.push(this.key)
    this.load()
  }

  removePassed(): void {
    for (const key of this.passed) this.database.removeSync(key)
  }

  private load(): void {
    this.chunk = Buffer.alloc(0)
    this.at = 0
    const after = { start: this.key, exclusiveStart: true, end: this.end, limit: 1 }
    for (const { key, value } of this.database.getRange(after)) {
      this.key = Uint8Array.from(key)
      this.chunk = Buffer.from(value)
    }
  }
}

/** The reader whose next row is the lowest; undefined if none has any. */
function leastOf(readers: readonly RunReader[]): RunReader | undefined {
  let least: RunReader | undefined
  for (const reader of readers) {
    if (reader.head === undefined) continue
    if (least === undefined || Buffer.compare(reader.head, least.head!) < 0) least = reader
  }
  return least
}

/** The row of an id within a chunk, by halving. */
function rowOf(chunk: Buffer, wanted: Buffer): Buffer | undefined {
  let low = 0
  let high = chunk.length / ROW_BYTES
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = middle * ROW_BYTES
    const order = chunk.compare(wanted, 0, ID_BYTES, at, at + ID_BYTES)
    if (order === 0) return chunk.subarray(at, at + ROW_BYTES)
    if (order < 0) low = middle + 1
    else high = middle
  }
  return undefined
}

function encodeRow(transactionId: Uint8Array, height: number, index: number): Buffer {
  const row = Buffer.allocUnsafe(ROW_BYTES)
  row.set(transactionId.subarray(0, ID_BYTES))
  row.writeUIntBE(height, ID_BYTES, HEIGHT_BYTES)
  row.writeUIntBE(index, ID_BYTES + HEIGHT_BYTES, INDEX_BYTES)
  return row
}

function chunkKey(level: number, run: number, from: Uint8Array): Buffer {
  const key = Buffer.alloc(PREFIX_BYTES + ID_BYTES)
  key[0] = level
  key.writeUIntBE(run, LEVEL_BYTES, RUN_BYTES)
  key.set(from.subarray(0, ID_BYTES), PREFIX_BYTES)
  return key
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
