import type { PageName } from './tree-page.ts'

export interface NewPage {
  readonly name: PageName
  /** Null: there is no page of this name any more. */
  readonly bytes: Uint8Array | null
}

const GONE = -1

/**
 * The pages that a height wrote, each name once, in few large pieces of memory: thousands of small arrays and objects a
 * block would keep the garbage collector busier than the tree is. Walking over them makes the arrays one by one.
 */
export class PageBatch implements Iterable<NewPage> {
  readonly #names: PageName[] = []
  readonly #chunks: Int32Array<ArrayBuffer>[] = []
  /** Chunk and first word of every page, or `GONE`; and its words. */
  readonly #chunkOf: number[] = []
  readonly #starts: number[] = []
  readonly #words: number[] = []
  #used = 0
  /** Pages that a later part of the same height wrote again. */
  #replaced: Set<number> | undefined

  /** Number of entries, those replaced included. */
  get length(): number {
    return this.#names.length
  }

  /** Makes room for this many words of the pages that follow. */
  beginChunk(words: number): void {
    this.#chunks.push(new Int32Array(words))
    this.#used = 0
  }

  /** Appends a page of `count` words and returns the chunk and the first word where it is to be written. */
  add(name: PageName, count: number): { readonly words: Int32Array; readonly at: number } {
    const chunk = this.#chunks.length - 1
    this.#names.push(name)
    this.#chunkOf.push(chunk)
    this.#starts.push(this.#used)
    this.#words.push(count)
    place.words = this.#chunks[chunk] as Int32Array<ArrayBuffer>
    place.at = this.#used
    this.#used += count
    return place
  }

  addGone(name: PageName): void {
    this.#names.push(name)
    this.#chunkOf.push(GONE)
    this.#starts.push(0)
    this.#words.push(0)
  }

  /** Entry `index` counts no more: a later entry has the same name. */
  replace(index: number): void {
    this.#replaced ??= new Set()
    this.#replaced.add(index)
  }

  nameAt(index: number): PageName {
    return this.#names[index] as PageName
  }

  /** The bytes of an entry, which nobody may change. */
  bytesAt(index: number): Uint8Array | null {
    const chunk = this.#chunkOf[index] as number
    if (chunk === GONE) return null
    const words = this.#chunks[chunk] as Int32Array<ArrayBuffer>
    return new Uint8Array(words.buffer, (this.#starts[index] as number) * 4, (this.#words[index] as number) * 4)
  }

  /** Where the words of an entry are; undefined if the page is gone. Valid until the next call. */
  wordsAt(index: number): { readonly words: Int32Array; readonly at: number; readonly count: number } | undefined {
    const chunk = this.#chunkOf[index] as number
    if (chunk === GONE) return undefined
    place.words = this.#chunks[chunk] as Int32Array<ArrayBuffer>
    place.at = this.#starts[index] as number
    place.count = this.#words[index] as number
    return place
  }

  *[Symbol.iterator](): Generator<NewPage> {
    for (let index = 0; index < this.#names.length; index += 1) {
      if (this.#replaced?.has(index)) continue
      yield { name: this.#names[index] as PageName, bytes: this.bytesAt(index) }
    }
  }
}

/** What `add` and `wordsAt` answer with: one object for all calls, since they are many. */
const place = { words: new Int32Array(0), at: 0, count: 0 }
