import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** Readable by its owner alone: for secrets. */
export const SECRET_MODE = 0o600
const PLAIN_MODE = 0o644

/**
 * Writes a file as a whole or not at all, also when the machine stops in the middle. Synchronous, so that nothing can
 * come between starting a process and recording its pid.
 */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode: number = PLAIN_MODE): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = openSync(temporary, 'wx', mode)
  try {
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** JSON as people like to read it. */
export function writeJson(path: string, value: unknown, mode?: number): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`, mode)
}
