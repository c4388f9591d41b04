import { keyText } from './key-text.ts'
import { SortedTexts } from './sorted-texts.ts'
import {
  checkBound,
  checkKey,
  checkValue,
  type RangeOptions,
  type StateChange,
  type StateEntry,
  type StateReader,
} from './state-reader.ts'

/** The whole state in memory: for genesis, the simulator and tests. */
export class MemoryState implements StateReader {
  #entries = new Map<string, StateEntry>()
  #order = new SortedTexts()

  get size(): number {
    return this.#entries.size
  }

  get(key: Uint8Array): Uint8Array | undefined {
    checkKey(key)
    return this.#entries.get(keyText(key))?.[1]
  }

  /** Stores the two arrays themselves, without copying: the caller lets go of them. */
  set(key: Uint8Array, value: Uint8Array): void {
    checkKey(key)
    checkValue(value)
    const text = keyText(key)
    if (!this.#entries.has(text)) this.#order.add(text)
    this.#entries.set(text, [key, value])
  }

  delete(key: Uint8Array): void {
    checkKey(key)
    const text = keyText(key)
    if (this.#entries.delete(text)) this.#order.delete(text)
  }

  /** Takes over what a block changed. */
  apply(changes: Iterable<Pick<StateChange, 'key' | 'value'>>): void {
    for (const { key, value } of changes) {
      if (value === null) this.delete(key)
      else this.set(key, value)
    }
  }

  range(from: Uint8Array, to: Uint8Array | undefined, options: RangeOptions = {}): Iterable<StateEntry> {
    checkBound(from)
    checkBound(to)
    return this.#walk(from, to, options)
  }

  *#walk(from: Uint8Array, to: Uint8Array | undefined, options: RangeOptions): Generator<StateEntry> {
    const low = keyText(from)
    const high = to === undefined ? undefined : keyText(to)
    let left = options.limit ?? Number.POSITIVE_INFINITY
    let text = options.reverse === true ? this.#order.before(high) : this.#order.next(low, false)
    while (left > 0 && text !== undefined) {
      if (options.reverse === true ? text < low : high !== undefined && text >= high) return
      const entry = this.#entries.get(text)
      if (entry !== undefined) yield entry
      left -= 1
      text = options.reverse === true ? this.#order.before(text) : this.#order.next(text, true)
    }
  }
}
