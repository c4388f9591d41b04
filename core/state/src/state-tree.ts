import { SmartshareError } from '@smartshare/codec'
import type { Hash } from '@smartshare/crypto'
import { type NewPage, PageBatch } from './page-batch.ts'
import { PageCache } from './page-cache.ts'
import { pathOf, type StateProof } from './proof.ts'
import { checkKey, type StateChange } from './state-reader.ts'
import { BRANCH_BYTES, BRANCH_WORDS, isBranch, isBranchHead, type PageName, ROOT_PAGE } from './tree-page.ts'
import { proveKey, summaryOf } from './tree-prove.ts'
import { MOST_CHANGES_PER_RUN, type ReadPage, type TreeChange, TreeUpdate } from './tree-update.ts'
import { UndoLayer, UndoMemory } from './undo-layer.ts'

const DEFAULT_CACHE_BYTES = 32 * 1_048_576
const DEFAULT_UNDO_HEIGHTS = 64
const DEFAULT_UNDO_BYTES = 64 * 1_048_576
const SORT_STEP = 2 ** 21
/** Most heights computed ahead of the durable one. */
export const MOST_PENDING_HEIGHTS = 1024

/** Durable pages by name, as of the last commit; `pageText` gives the name as text. */
export interface PageStore {
  /** May return memory that the next call overwrites. */
  get(name: PageName): Uint8Array | undefined
}

export interface StateTreeOptions {
  /** Height of the durable pages; 0 without any. */
  readonly height?: number
  /** Memory for the upper pages. */
  readonly cacheBytes?: number
  /** For how many heights back proofs are possible, as long as `undoBytes` suffice. */
  readonly undoHeights?: number
  readonly undoBytes?: number
  /** Changes applied at once, at most 65,536: larger sets are applied in parts, which bounds the memory of an update. */
  readonly changesPerRun?: number
}

/** What `applyChanges` came to. */
export interface AppliedChanges {
  readonly root: Hash
  /** To be stored before `committed` is called; the tree's own memory, not to be modified. May be walked once or more. */
  readonly pages: Iterable<NewPage>
}

/** Pages of a height that are not durable yet; together the batches are numbered through. */
interface PendingBatch {
  readonly height: number
  readonly first: number
  readonly pages: PageBatch
}

/**
 * The sparse Merkle tree over the state (docs/spec/bytes.md §7), in pages over a store that it only reads.
 *
 * `applyChanges` computes the next height and returns the pages to be stored. Until `committed` says that they are,
 * the tree reads them from memory, so several heights can be computed before one durable commit.
 */
export class StateTree {
  readonly #store: PageStore
  readonly #cache: PageCache
  readonly #update = new TreeUpdate()
  readonly #undoHeights: number
  readonly #changesPerRun: number
  readonly #undoBytesBound: number
  /** Pages not yet durable, oldest first, and for each name the number of its last version. */
  #batches: PendingBatch[] = []
  readonly #pending = new Map<PageName, number>()
  /** Oldest first, consecutive heights up to the current one. */
  #undo: UndoLayer[] = []
  #undoBytes = 0
  readonly #undoMemory = new UndoMemory()
  #height: number
  #durable: number
  #root: Hash
  #count: number
  #storeReads = 0
  /** A part of a height was applied, and then another part failed. */
  #halfway = false
  /** The page read last is pending: nobody will change its bytes. Any other may be overwritten by the next read. */
  #lasting = false

  constructor(store: PageStore, options: StateTreeOptions = {}) {
    this.#store = store
    this.#cache = new PageCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES)
    this.#undoHeights = options.undoHeights ?? DEFAULT_UNDO_HEIGHTS
    this.#undoBytesBound = options.undoBytes ?? DEFAULT_UNDO_BYTES
    this.#changesPerRun = Math.min(options.changesPerRun ?? MOST_CHANGES_PER_RUN, MOST_CHANGES_PER_RUN)
    this.#height = options.height ?? 0
    this.#durable = this.#height
    const { root, count } = summaryOf(copyOf(store.get(ROOT_PAGE)))
    this.#root = root
    this.#count = count
  }

  /** The root after the last applied height. */
  get root(): Hash {
    return this.#root
  }

  /** Keys in the tree. */
  get count(): number {
    return this.#count
  }

  get height(): number {
    return this.#height
  }

  /** The lowest height for which `prove` works. */
  get oldestHeight(): number {
    return this.#height - this.#undo.length
  }

  /** Hashes computed so far, of nodes, leaves, paths and values: the measure of the work. */
  get hashes(): number {
    return this.#update.hashes
  }

  /** Pages read from the store so far. */
  get storeReads(): number {
    return this.#storeReads
  }

  /**
   * Computes the tree after a block. `changes` names every key at most once (`STATE_TREE_CHANGES`). Work grows with
   * changes × log(keys).
   */
  applyChanges(changes: readonly TreeChange[], height = this.#height + 1): AppliedChanges {
    if (height !== this.#height + 1 && !(height === 0 && this.#height === 0 && this.#count === 0)) {
      throw new SmartshareError('STATE_TREE_HEIGHT', `The tree stands at height ${this.#height}`, { height })
    }
    if (this.#halfway) {
      throw new SmartshareError('STATE_TREE_BROKEN', 'A large update failed half-way: open the tree again', { height })
    }
    if (height - this.#durable > MOST_PENDING_HEIGHTS) {
      throw new SmartshareError('STATE_TREE_BEHIND', 'Too many heights wait to be stored', { height })
    }
    const layer = this.#undoHeights > 0 && height > 0 ? new UndoLayer(height, this.#root, this.#undoMemory) : undefined
    const read: ReadPage =
      layer === undefined ? this.#readNow.bind(this) : (name, isBucket) => this.#readForUndo(layer, name, isBucket)
    const last = this.#batches.at(-1)
    const batch = { height, first: last === undefined ? 0 : last.first + last.pages.length, pages: new PageBatch() }
    this.#batches.push(batch)
    const ordered = changes.length <= this.#changesPerRun ? changes : byPath(changes)
    try {
      for (let start = 0; start < changes.length; start += this.#changesPerRun) {
        const part = ordered.slice(start, start + this.#changesPerRun)
        const from = batch.pages.length
        const { root, count } = this.#update.run(read, part, batch.pages)
        this.#take(batch, from)
        this.#root = root
        this.#count = count
        this.#halfway = true
      }
      this.#halfway = false
    } catch (error) {
      this.#batches.pop()
      throw error
    }
    this.#height = height
    if (layer !== undefined) {
      this.#undo.push(layer)
      this.#undoBytes += layer.sizeBytes
      this.#trimUndo()
    }
    return { root: this.#root, pages: batch.pages }
  }

  /** The store now holds all pages up to `height`. */
  committed(height: number): void {
    if (height < this.#durable || height > this.#height) {
      throw new SmartshareError('STATE_TREE_HEIGHT', `Height ${height} was not applied or is stored already`, {
        height,
      })
    }
    this.#durable = height
    this.#batches = this.#batches.filter((batch) => batch.height > height)
    const first = this.#batches[0]?.first
    if (first === undefined) {
      this.#pending.clear()
      return
    }
    for (const [name, number] of this.#pending) if (number < first) this.#pending.delete(name)
  }

  /** The root after `height`. Throws `STATE_HEIGHT_GONE` outside `oldestHeight` … `height`. */
  rootAt(height: number): Hash {
    this.#checkHeight(height)
    return this.#undo.find((layer) => layer.height === height + 1)?.rootBefore ?? this.#root
  }

  /** A proof of the key's value, or of its absence, under `rootAt(height)`. Throws `STATE_HEIGHT_GONE`. */
  prove(key: Uint8Array, height = this.#height): StateProof {
    checkKey(key)
    this.#checkHeight(height)
    return proveKey((name) => copyOf(this.#readAt(name, height)), key)
  }

  /**
   * Makes `prove` possible one height further back, after a restart: `changes` are those of the block at `oldestHeight`.
   * Pages depend on the keys alone, so undoing the block gives exactly the pages of the height before.
   */
  extendUndo(changes: readonly StateChange[]): void {
    const height = this.oldestHeight
    if (height < 1 || this.#undo.length >= this.#undoHeights || changes.length > MOST_CHANGES_PER_RUN) return
    const inverse = changes.map(({ key, previous }) => ({ key, value: previous ?? null }))
    const pages = new PageBatch()
    // An update without changes has no way to walk and so no root to tell.
    const { root } =
      inverse.length === 0
        ? { root: this.rootAt(height) }
        : this.#update.run((name) => this.#readAt(name, height), inverse, pages)
    const layer = new UndoLayer(height, root, this.#undoMemory)
    for (const page of pages) layer.add(page.name, page.bytes ?? undefined, true)
    if (this.#undoBytes + layer.sizeBytes > this.#undoBytesBound) return
    this.#undo.unshift(layer)
    this.#undoBytes += layer.sizeBytes
  }

  #readNow(name: PageName, isBucket?: boolean): Uint8Array | undefined {
    this.#lasting = false
    // Only branches are cached: they are the upper pages.
    const cached = isBucket === true ? undefined : this.#cache.get(name)
    if (cached !== undefined) return cached
    const number = this.#pending.get(name)
    if (number !== undefined) {
      this.#lasting = true
      const batch = this.#batches.findLast(({ first }) => first <= number) as PendingBatch
      return batch.pages.bytesAt(number - batch.first) ?? undefined
    }
    this.#storeReads += 1
    const page = this.#store.get(name)
    if (page !== undefined && isBranch(page) && page.length === BRANCH_BYTES) this.#cache.set(name, page)
    return page
  }

  #readAt(name: PageName, height: number): Uint8Array | undefined {
    for (const layer of this.#undo) {
      if (layer.height <= height) continue
      const page = layer.get(name)
      if (page !== undefined) return page ?? undefined
    }
    return this.#readNow(name)
  }

  /** Makes the pages of a batch from entry `from` on those that are read from now on. */
  #take({ first, pages }: PendingBatch, from: number): void {
    for (let index = from; index < pages.length; index += 1) {
      const name = pages.nameAt(index)
      // A large block is applied in parts, and a later one may have written the same page.
      const before = from === 0 ? undefined : this.#pending.get(name)
      if (before !== undefined && before >= first) pages.replace(before - first)
      this.#pending.set(name, first + index)
      const place = pages.wordsAt(index)
      if (place !== undefined && place.count === BRANCH_WORDS && isBranchHead(place.words[place.at] as number)) {
        this.#cache.setWords(name, place.words, place.at)
      } else {
        this.#cache.delete(name)
      }
    }
  }

  /** The update reads every page before it replaces it, and no other. */
  #readForUndo(layer: UndoLayer, name: PageName, isBucket: boolean | undefined): Uint8Array | undefined {
    const page = this.#readNow(name, isBucket)
    if (layer.sizeBytes <= this.#undoBytesBound) layer.add(name, page, this.#lasting)
    return page
  }

  #trimUndo(): void {
    while (this.#undo.length > this.#undoHeights || (this.#undo.length > 0 && this.#undoBytes > this.#undoBytesBound)) {
      const layer = this.#undo.shift() as UndoLayer
      this.#undoBytes -= layer.sizeBytes
      layer.drop()
    }
  }

  #checkHeight(height: number): void {
    if (height >= this.oldestHeight && height <= this.#height) return
    throw new SmartshareError(
      'STATE_HEIGHT_GONE',
      `Proofs are kept for heights ${this.oldestHeight} … ${this.#height}`,
      {
        height,
      },
    )
  }
}

/** In the order of the tree, so that the parts of a large set meet in few pages. */
function byPath(changes: readonly TreeChange[]): readonly TreeChange[] {
  // The first 32 bits of the path and the number of the change, side by side in one exactly represented number.
  if (changes.length > SORT_STEP) return changes
  const keys = new Float64Array(changes.length)
  for (let i = 0; i < changes.length; i += 1) {
    const [a, b, c, d] = pathOf((changes[i] as TreeChange).key) as unknown as [number, number, number, number]
    keys[i] = (a * 0x100_0000 + ((b << 16) | (c << 8) | d)) * SORT_STEP + i
  }
  return Array.from(keys.sort(), (key) => changes[key % SORT_STEP] as TreeChange)
}

/** A page that stays as it is. Not by `slice`, with which a Buffer would share its memory. */
function copyOf(page: Uint8Array | undefined): Uint8Array | undefined {
  return page === undefined ? undefined : new Uint8Array(page)
}
