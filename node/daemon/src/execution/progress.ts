import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'progress'
/** Two places and a count, each place a height and an index as 64-bit floats. */
const NUMBER_BYTES = 8
const NOW = 0
const DEATHS = 2 * NUMBER_BYTES
const SIZE_BYTES = 5 * NUMBER_BYTES
/** Index while no transaction is being executed. */
const NONE = -1

/** A transaction in a final block. */
export interface Place {
  readonly height: number
  readonly index: number
}

/**
 * Which transaction the executor is in, and how often one killed it, in a file: it outlives the thread and, since the system keeps
 * what was written, the process. Nothing is synced: after a failure of the whole machine it may be out of date, which costs one more
 * execution at most. The thread writes the place, the node the deaths.
 */
export class Progress {
  private readonly file: number
  private readonly bytes = Buffer.alloc(SIZE_BYTES)

  constructor(folder: string) {
    this.file = openSync(join(folder, FILE), constants.O_RDWR | constants.O_CREAT, 0o600)
    if (fstatSync(this.file).size < SIZE_BYTES) this.clear()
  }

  /** The calls of a transaction are about to run. */
  enter(height: number, index: number): void {
    this.write(NOW, height, index)
  }

  /** The block is done. */
  leave(height: number): void {
    this.write(NOW, height, NONE)
  }

  /** The transaction that was being executed when the thread or the process ended; undefined if none was. */
  get now(): Place | undefined {
    return this.read(NOW)
  }

  /** The transaction of the last deaths, and how many there were. */
  get deaths(): (Place & { readonly count: number }) | undefined {
    const place = this.read(DEATHS)
    return place === undefined ? undefined : { ...place, count: this.bytes.readDoubleLE(DEATHS + 2 * NUMBER_BYTES) }
  }

  /** Counts a death in the transaction that was being executed; gives the number of them in a row in this one. */
  countDeath({ height, index }: Place): number {
    const { deaths } = this
    const count = deaths?.height === height && deaths.index === index ? deaths.count + 1 : 1
    this.write(DEATHS, height, index, count)
    this.leave(height)
    return count
  }

  /** Forgets everything, so that each transaction is tried anew. */
  clear(): void {
    this.write(NOW, 0, NONE, 0, NONE, 0)
  }

  close(): void {
    closeSync(this.file)
  }

  private write(at: number, ...numbers: readonly number[]): void {
    for (const [i, number] of numbers.entries()) this.bytes.writeDoubleLE(number, at + i * NUMBER_BYTES)
    writeSync(this.file, this.bytes, at, numbers.length * NUMBER_BYTES, at)
  }

  private read(at: number): Place | undefined {
    readSync(this.file, this.bytes, 0, SIZE_BYTES, 0)
    const index = this.bytes.readDoubleLE(at + NUMBER_BYTES)
    return index < 0 ? undefined : { height: this.bytes.readDoubleLE(at), index }
  }
}
