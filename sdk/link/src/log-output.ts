import { writeSync } from 'node:fs'

/** Writes to a pipe whose reader is slow that are tried before a line is given up. */
const MOST_TRIES = 100
/** How long one such try waits, ms. */
const PAUSE_MS = 1
const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * Where the log of a node or an agent goes. Nothing that happens to the log may end the process: a line that finds no room, or no reader,
 * is dropped, and how many were is told as soon as lines can be written again.
 */
export class LogOutput {
  private readonly file: number
  private dropped = 0
  /** A line was written in part. */
  private torn = false

  constructor(file: number) {
    this.file = file
  }

  /** Takes one line with its end. Never throws. */
  write(line: string): void {
    const told =
      this.dropped === 0
        ? ''
        : `{"level":40,"time":${Date.now()},"dropped":${this.dropped},"msg":"log lines were lost"}\n`
    if (this.put(Buffer.from(`${this.torn ? '\n' : ''}${told}${line}`))) this.dropped = 0
    else this.dropped += 1
  }

  private put(bytes: Buffer): boolean {
    let done = 0
    for (let tries = 0; done < bytes.length && tries < MOST_TRIES; ) {
      try {
        done += writeSync(this.file, bytes, done)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break
        tries += 1
        Atomics.wait(pause, 0, 0, PAUSE_MS)
      }
    }
    if (done > 0) this.torn = done < bytes.length
    return done === bytes.length
  }
}
