import { SmartshareError } from '@smartshare/codec'
import type { Hash } from '@smartshare/crypto'
import { PageCache } from './page-cache.ts'
import type { StateProof } from './proof.ts'
import { checkKey, type StateChange } from './state-reader.ts'
import { BRANCH_BYTES, isBranch, type PageName, ROOT_PAGE } from './tree-page.ts'
import { proveKey, summaryOf } from './tree-prove.ts'
import { MOST_CHANGES_PER_RUN, type NewPage, type TreeChange, TreeUpdate } from './tree-update.ts'
import { UndoLayer, UndoMemory } from './undo-layer.ts'

const DEFAULT_CACHE_BYTES = 32 * 1_048_576
const DEFAULT_UNDO_HEIGHTS = 64
const DEFAULT_UNDO_BYTES = 64 * 1_048_576
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
}

interface PendingPage {
  readonly bytes: Uint8Array | null
  readonly height: number
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
  readonly #undoBytesBound: number
  /** Pages not yet durable, with the height that wrote them last. */
  readonly #pending = new Map<PageName, PendingPage>()
  /** Oldest first, consecutive heights up to the current one. */
  #undo: UndoLayer[] = []
  #undoBytes = 0
  readonly #undoMemory = new UndoMemory()
  #height: number
  #durable: number
  #root: Hash
  #count: number
  #storeReads = 0
  /** The page read last is pending: nobody will change its bytes. Any other may be overwritten by the next read. */
  #lasting = false

  constructor(store: PageStore, options: StateTreeOptions = {}) {
    this.#store = store
    this.#cache = new PageCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES)
    this.#undoHeights = options.undoHeights ?? DEFAULT_UNDO_HEIGHTS
    this.#undoBytesBound = options.undoBytes ?? DEFAULT_UNDO_BYTES
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
   * Computes the tree after a block. `changes` names every key at most once (`STATE_TREE_CHANGES`). The returned pages are
   * the tree's own memory: store them, do not modify them. Work grows with changes × log(keys).
   */
  applyChanges(changes: readonly TreeChange[], height = this.#height + 1): { root: Hash; pages: NewPage[] } {
    if (height !== this.#height + 1 && !(height === 0 && this.#height === 0 && this.#count === 0)) {
      throw new SmartshareError('STATE_TREE_HEIGHT', `The tree stands at height ${this.#height}`, { height })
    }
    if (height - this.#durable > MOST_PENDING_HEIGHTS) {
      throw new SmartshareError('STATE_TREE_BEHIND', 'Too many heights wait to be stored', { height })
    }
    const layer = this.#undoHeights > 0 && height > 0 ? new UndoLayer(height, this.#root, this.#undoMemory) : undefined
    const read = layer === undefined ? this.#readNow.bind(this) : (name: PageName) => this.#readForUndo(layer, name)
    let pages: NewPage[] = []
    for (let start = 0; start < changes.length; start += MOST_CHANGES_PER_RUN) {
      const part = changes.length <= MOST_CHANGES_PER_RUN ? changes : changes.slice(start, start + MOST_CHANGES_PER_RUN)
      const result = this.#update.run(read, part)
      for (const page of result.pages) this.#put(page, height)
      pages = start === 0 ? result.pages : latestOf(pages, result.pages)
      this.#root = result.root
      this.#count = result.count
    }
    this.#height = height
    if (layer !== undefined) {
      this.#undo.push(layer)
      this.#undoBytes += layer.sizeBytes
      this.#trimUndo()
    }
    return { root: this.#root, pages }
  }

  /** The store now holds all pages up to `height`. */
  committed(height: number): void {
    if (height < this.#durable || height > this.#height) {
      throw new SmartshareError('STATE_TREE_HEIGHT', `Height ${height} was not applied or is stored already`, {
        height,
      })
    }
    this.#durable = height
    if (height === this.#height) {
      this.#pending.clear()
      return
    }
    for (const [name, page] of this.#pending) if (page.height <= height) this.#pending.delete(name)
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
    const { root, pages } = this.#update.run((name) => this.#readAt(name, height), inverse)
    const layer = new UndoLayer(height, root, this.#undoMemory)
    for (const page of pages) layer.add(page.name, page.bytes ?? undefined, true)
    if (this.#undoBytes + layer.sizeBytes > this.#undoBytesBound) return
    this.#undo.unshift(layer)
    this.#undoBytes += layer.sizeBytes
  }

  #readNow(name: PageName): Uint8Array | undefined {
    this.#lasting = false
    const cached = this.#cache.get(name)
    if (cached !== undefined) return cached
    const pending = this.#pending.get(name)
    if (pending !== undefined) {
      this.#lasting = true
      return pending.bytes ?? undefined
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

  #put(page: NewPage, height: number): void {
    this.#pending.set(page.name, { bytes: page.bytes, height })
    if (page.bytes !== null && isBranch(page.bytes)) this.#cache.set(page.name, page.bytes)
    else this.#cache.delete(page.name)
  }

  /** The update reads every page before it replaces it, and no other. */
  #readForUndo(layer: UndoLayer, name: PageName): Uint8Array | undefined {
    const page = this.#readNow(name)
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

/** The pages of two parts of one block: of those written twice, the later. */
function latestOf(former: readonly NewPage[], later: readonly NewPage[]): NewPage[] {
  const pages = new Map(former.map((page) => [page.name, page]))
  for (const page of later) pages.set(page.name, page)
  return [...pages.values()]
}

/** A page that stays as it is. Not by `slice`, with which a Buffer would share its memory. */
function copyOf(page: Uint8Array | undefined): Uint8Array | undefined {
  return page === undefined ? undefined : new Uint8Array(page)
}
