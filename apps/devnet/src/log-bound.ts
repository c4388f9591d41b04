import { copyFileSync, fstatSync, ftruncateSync, rmSync, statSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

// Keeps the log of a running process small. The process that opened the log has long ended and nobody can give a running
// process another output, so each one looks after its own: `startChild` has Node load this file first.

/** A log above this is put aside; one older one is kept. What is written between two looks comes on top. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024
const LOOK_MS = 250
const STDOUT = 1
/** Tells a process where its log lies. */
export const LOG_VARIABLE = 'SMARTSHARE_LOG'

/** Puts our own output aside to `path`.1 and begins it anew, if it is the file at `path` and too large. Never throws. */
function boundLog(path: string): void {
  try {
    const { size, dev, ino } = fstatSync(STDOUT)
    if (size <= MAX_LOG_BYTES) return
    const named = statSync(path)
    if (named.dev !== dev || named.ino !== ino) return
    try {
      // First away with the old one: the disk may be full.
      rmSync(`${path}.1`, { force: true })
      copyFileSync(path, `${path}.1`)
    } catch {
      // The bound counts more than old lines.
      rmSync(`${path}.1`, { force: true })
    }
    // The log was opened for appending, so the next line goes to the new end. Nothing of ours can be written in between.
    ftruncateSync(STDOUT, 0)
  } catch {
    // A process must not end because of its log; we look again soon.
  }
}

const path = process.env[LOG_VARIABLE]
if (isMainThread && path !== undefined) {
  // Whatever this process starts has an output of its own.
  delete process.env[LOG_VARIABLE]
  setInterval(() => boundLog(path), LOOK_MS).unref()
}
