import { SmartshareError } from '@smartshare/codec'
import { equalBytes, keyText } from './key-text.ts'
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

/** Deepest nesting of checkpoints: a transaction, its calls, and the calls that contracts make. */
export const MOST_CHECKPOINTS = 256
/** What was only read is kept up to this many bytes; beyond it, reads go to the base each time. */
const MOST_READ_CACHE_BYTES = 32 * 1_048_576
/** Counted for every remembered read on top of its key and value. */
const READ_OVERHEAD_BYTES = 200

/** What is known about one key: its value now and in the base. */
interface Slot {
  readonly key: Uint8Array
  readonly base: Uint8Array | undefined
  value: Uint8Array | undefined
  /** The checkpoint in which the former value was last saved; 0 if in none. */
  savedBy: number
  written: boolean
}

/**
 * Writes of a block over an unchanging base, with nested checkpoints: one per transaction, one per call.
 *
 * Reading a key twice asks the base once. Keys and values are kept as they come, without copying: who hands them over
 * must not modify them afterwards, and what `get` and `range` return must not be modified either.
 */
export class StateJournal implements StateReader {
  readonly #base: StateReader
  readonly #slots = new Map<string, Slot>()
  /** Texts of written keys, not yet in `#order`: sorting waits until somebody asks for a range. */
  #unordered: string[] = []
  readonly #order = new SortedTexts()

  // What to put back on revert, newest last: parallel arrays, because this is the hottest path of the executor. They are
  // used again and not cut: engines give the memory of a cut array back and take it anew.
  #undoCount = 0
  readonly #undoSlots: Slot[] = []
  readonly #undoValues: (Uint8Array | undefined)[] = []
  readonly #undoSavedBy: number[] = []
  // One entry per open checkpoint.
  readonly #marks: { readonly undo: number; readonly sizeDelta: number; readonly serial: number }[] = []
  #serial = 0
  #current = 0

  #bytesWritten = 0
  #sizeDelta = 0
  #readCacheBytes = 0

  constructor(base: StateReader) {
    this.#base = base
  }

  /** Bytes of keys and values handed to `set` so far: work that was done, so a revert does not take it back. */
  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** By how many bytes of keys and values the state is larger (or smaller) than the base now. */
  get sizeDelta(): number {
    return this.#sizeDelta
  }

  /** How many checkpoints are open. */
  get depth(): number {
    return this.#marks.length
  }

  get(key: Uint8Array): Uint8Array | undefined {
    checkKey(key)
    const text = keyText(key)
    const slot = this.#slots.get(text)
    if (slot !== undefined) return slot.value
    const value = this.#base.get(key)
    const cost = READ_OVERHEAD_BYTES + key.length + (value?.length ?? 0)
    if (this.#readCacheBytes + cost <= MOST_READ_CACHE_BYTES) {
      this.#readCacheBytes += cost
      this.#slots.set(text, { key, base: value, value, savedBy: 0, written: false })
    }
    return value
  }

  /** The former value. Throws `STATE_KEY_SIZE` or `STATE_VALUE_SIZE`. */
  set(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
    checkKey(key)
    checkValue(value)
    const slot = this.#slotToWrite(key)
    const former = slot.value
    this.#bytesWritten += key.length + value.length
    this.#sizeDelta += value.length - (former === undefined ? -key.length : former.length)
    slot.value = value
    return former
  }

  /** The former value. Deleting a key that does not exist is no change. */
  delete(key: Uint8Array): Uint8Array | undefined {
    checkKey(key)
    const slot = this.#slotToWrite(key)
    const former = slot.value
    if (former === undefined) return undefined
    this.#sizeDelta -= key.length + former.length
    slot.value = undefined
    return former
  }

  /** Opens a checkpoint inside the current one. Throws `STATE_CHECKPOINT` when they nest too deep. */
  begin(): void {
    if (this.#marks.length >= MOST_CHECKPOINTS) {
      throw new SmartshareError('STATE_CHECKPOINT', `More than ${MOST_CHECKPOINTS} checkpoints inside each other`, {
        depth: this.#marks.length,
      })
    }
    this.#serial += 1
    this.#current = this.#serial
    this.#marks.push({ undo: this.#undoCount, sizeDelta: this.#sizeDelta, serial: this.#serial })
  }

  /** Closes the innermost checkpoint and keeps its writes, as writes of the one around it. */
  commit(): void {
    this.#pop()
    if (this.#marks.length === 0) this.#undoCount = 0
  }

  /** Closes the innermost checkpoint as if it had never been. */
  revert(): void {
    const mark = this.#pop()
    for (let i = this.#undoCount - 1; i >= mark.undo; i -= 1) {
      const slot = this.#undoSlots[i] as Slot
      slot.value = this.#undoValues[i]
      slot.savedBy = this.#undoSavedBy[i] as number
    }
    this.#undoCount = mark.undo
    this.#sizeDelta = mark.sizeDelta
  }

  /**
   * Base and writes merged. Writes made while the walk is under way are seen if they lie ahead of it.
   */
  range(from: Uint8Array, to: Uint8Array | undefined, options: RangeOptions = {}): Iterable<StateEntry> {
    checkBound(from)
    checkBound(to)
    return this.#walk(from, to, options)
  }

  *#walk(from: Uint8Array, to: Uint8Array | undefined, options: RangeOptions): Generator<StateEntry> {
    const reverse = options.reverse === true
    const low = keyText(from)
    const high = to === undefined ? undefined : keyText(to)
    const base = this.#base.range(from, to, { reverse })[Symbol.iterator]()
    let left = options.limit ?? Number.POSITIVE_INFINITY
    try {
      let below = left > 0 ? base.next() : undefined
      let belowText = textOf(below)
      let last: string | undefined
      while (left > 0) {
        const written = this.#writtenAfter(last, low, high, reverse)
        if (written === undefined && belowText === undefined) return
        const ours =
          written !== undefined && (belowText === undefined || (reverse ? written >= belowText : written <= belowText))
        const text = (ours ? written : belowText) as string
        const entry = ours ? undefined : below?.value
        if (text === belowText) {
          below = base.next()
          belowText = textOf(below)
        }
        last = text
        if (entry !== undefined) {
          yield entry
          left -= 1
          continue
        }
        const slot = this.#slots.get(text)
        if (slot?.value !== undefined) {
          yield [slot.key, slot.value]
          left -= 1
        }
      }
    } finally {
      base.return?.()
    }
  }

  /** Every key whose value differs from the base, sorted by the bytes of the key. All checkpoints must be closed. */
  changes(): StateChange[] {
    if (this.#marks.length > 0) {
      throw new SmartshareError('STATE_CHECKPOINT', 'The changes are asked for while a checkpoint is open', {
        depth: this.#marks.length,
      })
    }
    const texts: string[] = []
    for (const [text, slot] of this.#slots) {
      if (slot.written && !equalBytes(slot.value, slot.base)) texts.push(text)
    }
    texts.sort() // by UTF-16 units, which here are the bytes
    return texts.map((text) => {
      const { key, value, base } = this.#slots.get(text) as Slot
      return { key, value: value ?? null, previous: base }
    })
  }

  #slotToWrite(key: Uint8Array): Slot {
    const text = keyText(key)
    let slot = this.#slots.get(text)
    if (slot === undefined) {
      const value = this.#base.get(key)
      slot = { key, base: value, value, savedBy: 0, written: false }
      this.#slots.set(text, slot)
    }
    if (!slot.written) {
      slot.written = true
      this.#unordered.push(text)
    }
    if (slot.savedBy !== this.#current && this.#current !== 0) {
      const at = this.#undoCount++
      this.#undoSlots[at] = slot
      this.#undoValues[at] = slot.value
      this.#undoSavedBy[at] = slot.savedBy
      slot.savedBy = this.#current
    }
    return slot
  }

  /** The next written key strictly after `last` (at the start: from the bound), in walking order and within bounds. */
  #writtenAfter(last: string | undefined, low: string, high: string | undefined, reverse: boolean): string | undefined {
    if (this.#unordered.length > 0) {
      for (const text of this.#unordered) this.#order.add(text)
      this.#unordered = []
    }
    if (reverse) {
      const text = this.#order.before(last ?? high)
      return text !== undefined && text >= low ? text : undefined
    }
    const text = last === undefined ? this.#order.next(low, false) : this.#order.next(last, true)
    return text !== undefined && (high === undefined || text < high) ? text : undefined
  }

  #pop(): { readonly undo: number; readonly sizeDelta: number } {
    const mark = this.#marks.pop()
    if (mark === undefined) throw new SmartshareError('STATE_CHECKPOINT', 'No checkpoint is open', { depth: 0 })
    this.#current = this.#marks.at(-1)?.serial ?? 0
    return mark
  }
}

function textOf(step: IteratorResult<StateEntry> | undefined): string | undefined {
  return step === undefined || step.done === true ? undefined : keyText(step.value[0])
}
