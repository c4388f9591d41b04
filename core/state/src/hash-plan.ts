import { HASH_BYTES, hashPairs } from '@smartshare/crypto'

/** Pairs hashed at once: 64 KiB. */
const BATCH_PAIRS = 1024
/** Words of a slot. */
export const WORDS = HASH_BYTES / 4
const FIRST_SLOTS = 4096
/** An arena above this size, which only a large genesis needs, is not kept for the next time. */
const MOST_KEPT_BYTES = 32 * 1_048_576

/**
 * An arena of 32-byte slots, and a plan of which slot is to be the hash of which two neighbours, by level of the tree.
 * `run` hashes level by level from the deepest, in batches: one by one would cost ten times as much.
 */
export class HashPlan {
  /** Bytes of all slots; slot i begins at 32·i. Replaced when the arena grows, so do not keep it. */
  bytes = new Uint8Array(FIRST_SLOTS * HASH_BYTES)
  /** The same memory in words of 32 bits. */
  words = new Int32Array(this.bytes.buffer)
  #used = 0
  /** By level: the first slot of a pair, the slot of its hash, the next pair … */
  readonly #levels: number[][] = []
  /** Levels from here on are run before the copies, the others after them. */
  readonly #leafLevel: number
  /** From, to, from, … */
  readonly #copies: number[] = []
  readonly #input = new Int32Array(BATCH_PAIRS * 2 * WORDS)
  readonly #output = new Int32Array(BATCH_PAIRS * WORDS)
  readonly #inputBytes = new Uint8Array(this.#input.buffer)
  readonly #outputBytes = new Uint8Array(this.#output.buffer)
  #planned = 0
  #hashes = 0

  constructor(leafLevel: number) {
    this.#leafLevel = leafLevel
  }

  /** Pairs hashed since the beginning. */
  get hashes(): number {
    return this.#hashes
  }

  /** Pairs planned and not yet hashed. */
  get planned(): number {
    return this.#planned
  }

  /** Forgets slots and plan; the memory stays for the next time. */
  clear(): void {
    this.#used = 0
    this.#planned = 0
    this.#copies.length = 0
    for (const level of this.#levels) level.length = 0
    if (this.bytes.length > MOST_KEPT_BYTES) {
      this.bytes = new Uint8Array(FIRST_SLOTS * HASH_BYTES)
      this.words = new Int32Array(this.bytes.buffer)
    }
  }

  /** The first of `count` new slots in a row; what is in them is undefined. */
  allocate(count: number): number {
    const first = this.#used
    this.#used += count
    if (this.#used * HASH_BYTES > this.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.#used * HASH_BYTES))
      larger.set(this.bytes)
      this.bytes = larger
      this.words = new Int32Array(larger.buffer)
    }
    return first
  }

  /** Plans slot `target` as the hash of the slots `first` and `first + 1`, which lie deeper or are known. */
  pair(level: number, first: number, target: number): void {
    while (this.#levels.length <= level) this.#levels.push([])
    ;(this.#levels[level] as number[]).push(first, target)
    this.#planned += 1
  }

  /** Plans a copy; it is made in the order of these calls, after the leaves and before the nodes of the tree. */
  copyLater(from: number, to: number): void {
    this.#copies.push(from, to)
  }

  zero(slot: number): void {
    this.words.fill(0, slot * WORDS, (slot + 1) * WORDS)
  }

  /** Copies `count` slots now. */
  copy(from: number, to: number, count: number): void {
    this.words.copyWithin(to * WORDS, from * WORDS, (from + count) * WORDS)
  }

  /** Does all that is planned. What is planned later may build upon it. */
  run(): void {
    for (let level = this.#levels.length - 1; level >= this.#leafLevel; level -= 1) this.#runLevel(level)
    const words = this.words
    const copies = this.#copies
    for (let i = 0; i < copies.length; i += 2) {
      const from = (copies[i] as number) * WORDS
      const to = (copies[i + 1] as number) * WORDS
      for (let w = 0; w < WORDS; w += 1) words[to + w] = words[from + w] as number
    }
    copies.length = 0
    for (let level = Math.min(this.#levels.length, this.#leafLevel) - 1; level >= 0; level -= 1) this.#runLevel(level)
    this.#planned = 0
  }

  /** Copies `count` words from word `from` on into `target` at word `at`, and returns the word after them. */
  copyOut(from: number, count: number, target: Int32Array, at: number): number {
    const words = this.words
    for (let i = 0; i < count; i += 1) target[at + i] = words[from + i] as number
    return at + count
  }

  #runLevel(level: number): void {
    const plan = this.#levels[level] as number[]
    const words = this.words
    const input = this.#input
    const output = this.#output
    for (let start = 0; start < plan.length; start += 2 * BATCH_PAIRS) {
      const end = Math.min(plan.length, start + 2 * BATCH_PAIRS)
      let at = 0
      for (let i = start; i < end; i += 2) {
        const from = (plan[i] as number) * WORDS
        for (let w = 0; w < 2 * WORDS; w += 1) input[at + w] = words[from + w] as number
        at += 2 * WORDS
      }
      hashPairs(this.#inputBytes.subarray(0, at * 4), this.#outputBytes.subarray(0, at * 2))
      at = 0
      for (let i = start + 1; i < end; i += 2) {
        const to = (plan[i] as number) * WORDS
        for (let w = 0; w < WORDS; w += 1) words[to + w] = output[at + w] as number
        at += WORDS
      }
      this.#hashes += (end - start) / 2
    }
    plan.length = 0
  }
}
