import { BRANCH_BYTES, BRANCH_WORDS, type PageName } from './tree-page.ts'

/**
 * The upper pages of the tree in one fixed piece of memory: many small arrays would burden the garbage collector, and
 * views into shared pieces would keep them alive. All entries have the size of a branch page. When it is full, the
 * first page goes that was not asked for since the hand last passed it (the "clock" algorithm).
 */
export class PageCache {
  readonly #bytes: Uint8Array
  readonly #words: Int32Array
  readonly #slots = new Map<PageName, number>()
  /** Per slot, made when the slot is first used. */
  readonly #views: Uint8Array[] = []
  readonly #names: (PageName | undefined)[] = []
  readonly #asked: Uint8Array
  readonly #capacity: number
  #hand = 0

  constructor(sizeBytes: number) {
    this.#capacity = Math.max(1, Math.floor(sizeBytes / BRANCH_BYTES))
    this.#bytes = new Uint8Array(this.#capacity * BRANCH_BYTES)
    this.#words = new Int32Array(this.#bytes.buffer)
    this.#asked = new Uint8Array(this.#capacity)
  }

  get size(): number {
    return this.#slots.size
  }

  /** A view that the next `set` may change. */
  get(name: PageName): Uint8Array | undefined {
    const slot = this.#slots.get(name)
    if (slot === undefined) return undefined
    this.#asked[slot] = 1
    return this.#views[slot]
  }

  set(name: PageName, page: Uint8Array): void {
    this.#bytes.set(page, this.#slotFor(name) * BRANCH_BYTES)
  }

  /** The same for a page in words, from word `at` on. */
  setWords(name: PageName, words: Int32Array, at: number): void {
    const to = this.#slotFor(name) * BRANCH_WORDS
    for (let i = 0; i < BRANCH_WORDS; i += 1) this.#words[to + i] = words[at + i] as number
  }

  delete(name: PageName): void {
    const slot = this.#slots.get(name)
    if (slot === undefined) return
    this.#slots.delete(name)
    this.#names[slot] = undefined
    this.#asked[slot] = 0
  }

  #slotFor(name: PageName): number {
    let slot = this.#slots.get(name)
    if (slot === undefined) {
      slot = this.#freeSlot()
      this.#slots.set(name, slot)
      this.#names[slot] = name
    }
    this.#asked[slot] = 1
    return slot
  }

  #freeSlot(): number {
    if (this.#names.length < this.#capacity) {
      const slot = this.#names.length
      this.#views.push(this.#bytes.subarray(slot * BRANCH_BYTES, (slot + 1) * BRANCH_BYTES))
      return slot
    }
    for (;;) {
      const slot = this.#hand
      this.#hand = (slot + 1) % this.#capacity
      if (this.#asked[slot] === 1) {
        this.#asked[slot] = 0
        continue
      }
      const name = this.#names[slot]
      if (name !== undefined) this.#slots.delete(name)
      return slot
    }
  }
}
