import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'

/** A database without tables, made at the first need: making one takes seconds, copying it moments. */
const TEMPLATE = fileURLToPath(new URL('../../template', import.meta.url))

/** Puts a new database of PGlite at `target`, where nothing is yet. */
export async function newDatabase(target: string): Promise<void> {
  if (!existsSync(TEMPLATE)) await makeTemplate()
  if (!existsSync(TEMPLATE)) return
  // Only a whole copy is ever found at its place.
  const copy = mkdtempSync(`${target}-new-`)
  cpSync(TEMPLATE, copy, { recursive: true })
  renameSync(copy, target)
}

/** Leaves none where this program may not write to its own folder: PGlite then makes each database anew. */
async function makeTemplate(): Promise<void> {
  let fresh: string
  try {
    fresh = mkdtempSync(`${TEMPLATE}-new-`)
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return
    throw error
  }
  const database = await PGlite.create({ dataDir: fresh })
  await database.close()
  try {
    renameSync(fresh, TEMPLATE)
  } catch (error) {
    // Another process was faster: its own is as good.
    if (!existsSync(TEMPLATE)) throw error
    rmSync(fresh, { recursive: true, force: true })
  }
}
