import type { Hash } from '@smartshare/crypto'
import { type PageName, pageBytes } from './tree-page.ts'

/** Much larger than any page. */
const CHUNK_BYTES = 65_536

/** Pieces of memory that go round: fresh ones would have to be cleared first. */
export class UndoMemory {
  readonly #free: Uint8Array[] = []

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(CHUNK_BYTES)
  }

  give(chunks: readonly Uint8Array[]): void {
    this.#free.push(...chunks)
  }
}

/**
 * The pages that one height replaced, copied one behind the other: an array for each would cost more than copying. The
 * index is made when somebody first asks, which for most heights is never.
 */
export class UndoLayer {
  readonly height: number
  readonly rootBefore: Hash
  readonly #memory: UndoMemory
  readonly #chunks: Uint8Array[] = []
  #used = CHUNK_BYTES
  #sizeBytes = 0
  readonly #names: PageName[] = []
  /** Per name: where in the chunks its page begins; a page that nobody will change, itself; null: there was none. */
  readonly #former: (number | Uint8Array | null)[] = []
  #index: Map<PageName, number> | undefined

  constructor(height: number, rootBefore: Hash, memory: UndoMemory) {
    this.height = height
    this.rootBefore = rootBefore
    this.#memory = memory
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Adds what a page was before; undefined if it was not. `lasting`: nobody will change these bytes, so keep them as they are. */
  add(name: PageName, page: Uint8Array | undefined, lasting: boolean): void {
    this.#names.push(name)
    this.#index = undefined
    if (page === undefined) {
      this.#former.push(null)
      return
    }
    this.#sizeBytes += page.length
    if (lasting) {
      this.#former.push(page)
      return
    }
    if (this.#used + page.length > CHUNK_BYTES) {
      this.#chunks.push(this.#memory.take())
      this.#used = 0
    }
    const last = this.#chunks.length - 1
    ;(this.#chunks[last] as Uint8Array).set(page, this.#used)
    this.#former.push(last * CHUNK_BYTES + this.#used)
    this.#used += page.length
  }

  /** The page before this height; null if there was none, undefined if this height did not touch it. Read it at once. */
  get(name: PageName): Uint8Array | null | undefined {
    if (this.#index === undefined) {
      this.#index = new Map()
      // The first entry counts: a large block is applied in parts, and the later ones saw pages of the earlier.
      for (let i = this.#names.length - 1; i >= 0; i -= 1) this.#index.set(this.#names[i] as PageName, i)
    }
    const at = this.#index.get(name)
    if (at === undefined) return undefined
    const former = this.#former[at] as number | Uint8Array | null
    if (typeof former !== 'number') return former
    const chunk = this.#chunks[Math.floor(former / CHUNK_BYTES)] as Uint8Array
    const start = former % CHUNK_BYTES
    return chunk.subarray(start, start + pageBytes(chunk, start))
  }

  /** Gives the memory back; the layer is not used any more. */
  drop(): void {
    this.#memory.give(this.#chunks)
  }
}
