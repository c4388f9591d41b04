/** How one test ended. */
export interface TestResult {
  readonly name: string
  readonly passed: boolean
  readonly error?: TestError
  /** Gas of all transactions of the test. */
  readonly gas: number
}

export interface TestError {
  readonly message: string
  /** Of the test's file. */
  readonly line?: number
  /** Where the contract was when it failed, innermost first, and what it had written that was taken back. */
  readonly trace?: readonly string[]
}

export interface FileResult {
  readonly path: string
  readonly tests: readonly TestResult[]
}

/** Gas of the calls of a method that succeeded; publishing is the method `publish`. */
export interface GasRow {
  readonly contract: string
  readonly method: string
  readonly calls: number
  readonly least: number
  readonly median: number
  readonly most: number
}

export interface CoverageRow {
  readonly path: string
  /** Lines that ran, of those that can run. */
  readonly covered: number
  readonly lines: number
  /** Those that never ran. */
  readonly missed: readonly number[]
}

export interface TestReport {
  /** Paths are relative to the folder. */
  readonly files: readonly FileResult[]
  readonly passed: number
  readonly failed: number
  readonly gas: readonly GasRow[]
  readonly coverage: readonly CoverageRow[]
}

/** Collects what calls cost, by contract and method. */
export class GasTable {
  private readonly rows = new Map<string, { contract: string; method: string; gas: number[] }>()

  add(contract: string, method: string, gas: number): void {
    const key = `${contract}\n${method}`
    const row = this.rows.get(key) ?? { contract, method, gas: [] }
    row.gas.push(gas)
    this.rows.set(key, row)
  }

  /** Sorted by contract and method. */
  summary(): GasRow[] {
    return [...this.rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { contract, method, gas }]) => {
        const sorted = gas.toSorted((a, b) => a - b)
        const [least = 0, median = 0, most = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
        return { contract, method, calls: sorted.length, least, median, most }
      })
  }
}
