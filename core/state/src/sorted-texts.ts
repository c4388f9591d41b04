/** A run of texts is cut in two above this length, so that an insertion moves at most this many. */
const MOST_RUN = 512

/**
 * A sorted set of strings with logarithmic search, cheap insertion in the middle and no rebalancing: runs of at most
 * 512 texts, found by their first text. Steps go by text, not by position, so a walk survives changes on the way.
 */
export class SortedTexts {
  #runs: string[][] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(text: string): void {
    const at = this.#runAt(text)
    const run = this.#runs[at]
    if (run === undefined) {
      this.#runs.push([text])
      this.#size += 1
      return
    }
    const index = lowerBound(run, text)
    if (run[index] === text) return
    run.splice(index, 0, text)
    this.#size += 1
    if (run.length > MOST_RUN) this.#runs.splice(at + 1, 0, run.splice(MOST_RUN >> 1))
  }

  delete(text: string): void {
    const at = this.#runAt(text)
    const run = this.#runs[at]
    if (run === undefined) return
    const index = lowerBound(run, text)
    if (run[index] !== text) return
    run.splice(index, 1)
    this.#size -= 1
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** The first text ≥ `text`, or > `text` if `beyond`. */
  next(text: string, beyond: boolean): string | undefined {
    const at = this.#runAt(text)
    const run = this.#runs[at]
    if (run === undefined) return undefined
    let index = lowerBound(run, text)
    if (beyond && run[index] === text) index += 1
    return index < run.length ? run[index] : this.#runs[at + 1]?.[0]
  }

  /** The last text < `text`; without `text` the last of all. */
  before(text: string | undefined): string | undefined {
    if (text === undefined) return this.#runs.at(-1)?.at(-1)
    const at = this.#runAt(text)
    const run = this.#runs[at]
    if (run === undefined) return undefined
    const index = lowerBound(run, text)
    return index > 0 ? run[index - 1] : this.#runs[at - 1]?.at(-1)
  }

  /** Position of the last run whose first text is ≤ `text`, or 0. */
  #runAt(text: string): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#runs[middle]?.[0] as string) <= text) low = middle + 1
      else high = middle
    }
    return low > 0 ? low - 1 : 0
  }
}

function lowerBound(run: readonly string[], text: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((run[middle] as string) < text) low = middle + 1
    else high = middle
  }
  return low
}
