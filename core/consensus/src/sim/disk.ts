import type { LogRecord } from '../events.ts'
import type { FinalBlock } from './ledger.ts'
import type { Random } from './random.ts'

/** A file that is only appended to. What is not synced at a crash is lost from some point on; the cut record is torn. */
class SimulatedFile<T> {
  #records: T[] = []
  #synced = 0

  append(...records: readonly T[]): void {
    this.#records.push(...records)
  }

  get length(): number {
    return this.#records.length
  }

  /** All records up to `length` at the time of the write are on disk. */
  sync(length: number): void {
    this.#synced = Math.max(this.#synced, Math.min(length, this.#records.length))
  }

  /** Loses or tears what is not synced: any number of the last records, as the disk had got to. */
  crash(random: Random): void {
    this.#records.length = random.between(this.#synced, this.#records.length)
    this.#synced = this.#records.length
  }

  /** A fault of the medium: everything from a record on is gone, synced or not. */
  cut(length: number): void {
    this.#records.length = Math.min(length, this.#records.length)
    this.#synced = this.#records.length
  }

  read(): readonly T[] {
    return this.#records
  }
}

/** A mark that a block was told to be final. */
export interface FinalMark {
  readonly type: 'final'
  readonly final: FinalBlock
}

/**
 * The logs of a node: own votes in one file; terms, blocks, certificates and the marks of final blocks in another; each
 * torn by itself at a crash.
 */
export class SimulatedDisk {
  readonly votes = new SimulatedFile<LogRecord>()
  readonly blocks = new SimulatedFile<LogRecord | FinalMark>()

  write(records: readonly LogRecord[]): { votes: number; blocks: number } {
    for (const record of records) {
      if (record.type === 'vote' || record.type === 'floor') this.votes.append(record)
      else this.blocks.append(record)
    }
    return { votes: this.votes.length, blocks: this.blocks.length }
  }

  sync(mark: { votes: number; blocks: number }): void {
    this.votes.sync(mark.votes)
    this.blocks.sync(mark.blocks)
  }

  crash(random: Random): void {
    this.votes.crash(random)
    this.blocks.crash(random)
  }

  read(): LogRecord[] {
    return [...this.blocks.read().filter((record) => record.type !== 'final'), ...this.votes.read()]
  }

  /** Final blocks in order of height. */
  finals(): FinalBlock[] {
    return this.blocks
      .read()
      .filter((record) => record.type === 'final')
      .map(({ final }) => final)
  }
}
