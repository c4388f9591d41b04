import { SmartshareError } from '@smartshare/codec'
import type { DiskFile } from './disk.ts'
import { encodeFrames, type Frame, frameBytes } from './frame.ts'

/** Most bytes that wait for the disk; more are refused. */
const MOST_WAITING_BYTES = 64 * 1_048_576
/** Most bytes written before one sync. */
const MOST_BATCH_BYTES = 8 * 1_048_576

interface Waiting {
  readonly frames: readonly Frame[]
  readonly sizeBytes: number
  readonly resolve: (at: number[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Appends frames to one file, as many at once as came while the last sync was under way (group commit). A promise
 * resolves when its frames are durable, with their places in the file. If writing fails, everything that waits is
 * refused and the file is cut back to what is durable, so that a later append can try again.
 */
export class Appender {
  readonly #file: DiskFile
  #durable: number
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #running: Promise<void> | undefined
  #broken: SmartshareError | undefined

  constructor(file: DiskFile, durableBytes: number) {
    this.#file = file
    this.#durable = durableBytes
  }

  /** Bytes of the file that are durable. */
  get durableBytes(): number {
    return this.#durable
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Throws LOG_BUSY, LOG_BROKEN, LOG_RECORD_SIZE, STORE_FULL or STORE_IO. */
  append(frames: readonly Frame[]): Promise<number[]> {
    const sizeBytes = frames.reduce((sum, frame) => sum + frameBytes(frame.payload.length), 0)
    if (this.#broken !== undefined) return Promise.reject(this.#broken)
    if (this.#waitingBytes + sizeBytes > MOST_WAITING_BYTES && this.#waiting.length > 0) {
      return Promise.reject(
        new SmartshareError('LOG_BUSY', 'Too much waits for the disk', { waitingBytes: this.#waitingBytes }),
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frames, sizeBytes, resolve, reject })
      this.#waitingBytes += sizeBytes
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // A turn later, so that all appends of this turn share the first sync.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch()
      try {
        const places = await this.#write(batch)
        batch.forEach((one, i) => {
          one.resolve(places[i] as number[])
        })
      } catch (error) {
        const refused = [...batch, ...this.#waiting.splice(0)]
        this.#waitingBytes = 0
        for (const one of refused) one.reject(error)
      }
    }
    this.#running = undefined
  }

  #takeBatch(): Waiting[] {
    let sizeBytes = 0
    let count = 0
    for (const one of this.#waiting) {
      if (count > 0 && sizeBytes + one.sizeBytes > MOST_BATCH_BYTES) break
      sizeBytes += one.sizeBytes
      count += 1
    }
    this.#waitingBytes -= sizeBytes
    return this.#waiting.splice(0, count)
  }

  async #write(batch: readonly Waiting[]): Promise<number[][]> {
    const start = this.#durable
    const bytes = encodeFrames(
      batch.flatMap((one) => one.frames),
      start,
    )
    try {
      await this.#file.write(start, bytes)
    } catch (error) {
      await this.#cutBack(start)
      throw error
    }
    try {
      await this.#file.sync()
    } catch (error) {
      // After a failed sync nobody knows what the disk has; the system may forget that it failed (Rebello et al., 2020).
      // So this is not STORE_FULL, after which the same may be tried again.
      throw this.#break(error)
    }
    this.#durable = start + bytes.length
    let at = start
    return batch.map((one) =>
      one.frames.map((frame) => {
        const place = at
        at += frameBytes(frame.payload.length)
        return place
      }),
    )
  }

  async #cutBack(size: number): Promise<void> {
    try {
      await this.#file.truncate(size)
    } catch (error) {
      this.#break(error)
    }
  }

  #break(error: unknown): SmartshareError {
    this.#broken = new SmartshareError('LOG_BROKEN', 'The log failed and must be opened again', {}, error)
    return this.#broken
  }
}
