interface Item {
  readonly atMs: number
  readonly sequence: number
  readonly run: () => void
}

/** What is to happen in simulated time: a binary heap by time; what is due together runs in the order it was added. */
export class Agenda {
  nowMs = 0
  readonly #heap: Item[] = []
  #sequence = 0

  /** Runs `run` after `delayMs` of simulated time. */
  after(delayMs: number, run: () => void): void {
    const item: Item = { atMs: this.nowMs + Math.max(0, delayMs), sequence: this.#sequence++, run }
    const heap = this.#heap
    let at = heap.length
    heap.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(item, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = item
  }

  /** Runs the next item; false if there is none. */
  runNext(): boolean {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined) return false
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    this.nowMs = first.atMs
    first.run()
    return true
  }

  #sink(item: Item): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, item)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = item
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
