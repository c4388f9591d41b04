import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SmartshareError } from '@smartshare/codec'

/** A system error of a file as a coded one; what is coded already stays as it is. */
export function fileError(error: unknown): SmartshareError {
  if (SmartshareError.is(error)) return error
  const system = (error as NodeJS.ErrnoException).code ?? ''
  if (system === 'ENOSPC' || system === 'EDQUOT' || system === 'EFBIG') {
    return new SmartshareError('STORAGE_FULL', 'the disk is full', { system }, error)
  }
  return new SmartshareError('STORAGE_IO', 'a file could not be read or written', { system }, error)
}

/** Makes entries of a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces a file as a whole: after a crash it holds the old or the new bytes, never a mixture. Throws STORAGE_*. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw fileError(error)
  }
}

/** Makes a folder and, durably, its entry in the one above. Throws STORAGE_*. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await syncFolder(path)
    await syncFolder(dirname(path))
  } catch (error) {
    throw fileError(error)
  }
}

/** The bytes of a file, or undefined if there is none. Throws STORAGE_IO. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fileError(error)
  }
}

/** Fills `bytes` from `position`. Throws STORAGE_SHORT if the file ends before. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0
  while (at < bytes.length) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, position + at).catch((error: unknown) => {
      throw fileError(error)
    })
    if (bytesRead === 0) {
      throw new SmartshareError('STORAGE_SHORT', 'a file is shorter than it was', { position: position + at })
    }
    at += bytesRead
  }
}
