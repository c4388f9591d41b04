import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SmartshareError } from '@smartshare/codec'

/**
 * The little that the logs need of a file system, so that tests can put one in its place that loses power. What is
 * written or renamed is only sure to be there after the `sync` of the file or the folder has returned.
 */
export interface Disk {
  /** Opens a file for reading and writing, and makes it if `create`. Throws STORE_MISSING if it does not exist. */
  open(path: string, create: boolean): Promise<DiskFile>
  /** Names in a folder, sorted; none if the folder does not exist. */
  list(folder: string): Promise<string[]>
  makeFolder(folder: string): Promise<void>
  /** Replaces what is at `to`. */
  rename(from: string, to: string): Promise<void>
  /** Removing what does not exist is no error. */
  remove(path: string): Promise<void>
  /** Removes a folder if it is empty; else, or if there is none, nothing happens. */
  removeFolder(folder: string): Promise<void>
  /** Makes what was created, renamed and removed in the folder durable. */
  syncFolder(folder: string): Promise<void>
}

export interface DiskFile {
  size(): Promise<number>
  /** `length` bytes from `at` on, fewer at the end of the file. */
  read(at: number, length: number): Promise<Uint8Array>
  /** Throws STORE_FULL if there is no room; part of the bytes may be written then. */
  write(at: number, bytes: Uint8Array): Promise<void>
  /** Makes what was written durable (fdatasync). */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** The file system of the machine. */
export const nodeDisk: Disk = {
  async open(path, create) {
    const handle = await said(path, () => open(path, 'r+')).catch(async (error: unknown) => {
      if (!create || !SmartshareError.is(error, 'STORE_MISSING')) throw error
      return said(path, () => open(path, 'w+'))
    })
    return {
      size: () => said(path, async () => (await handle.stat()).size),
      read: (at, length) => said(path, () => readFully(handle, at, length)),
      write: (at, bytes) => said(path, () => writeFully(handle, at, bytes)),
      sync: () => said(path, () => handle.datasync()),
      truncate: (size) => said(path, () => handle.truncate(size)),
      close: () => said(path, () => handle.close()),
    }
  },
  async list(folder) {
    try {
      return (await said(folder, () => readdir(folder))).sort()
    } catch (error) {
      if (SmartshareError.is(error, 'STORE_MISSING')) return []
      throw error
    }
  },
  async makeFolder(folder) {
    const first = await said(folder, () => mkdir(folder, { recursive: true }))
    if (first !== undefined) await nodeDisk.syncFolder(dirname(first))
  },
  rename: (from, to) => said(from, () => rename(from, to)),
  remove: (path) => said(path, () => rm(path, { force: true })),
  async removeFolder(folder) {
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw diskError(folder, error)
    })
  },
  async syncFolder(folder) {
    const handle = await said(folder, () => open(folder, 'r'))
    try {
      await said(folder, () => handle.sync())
    } finally {
      await handle.close()
    }
  },
}

type Handle = Awaited<ReturnType<typeof open>>

async function readFully(handle: Handle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

async function writeFully(handle: Handle, at: number, bytes: Uint8Array): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}

/** Gives the errors of the system the codes of the store. */
async function said<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskError(path, error)
  }
}

/** STORE_FULL if the disk has no room, STORE_MISSING if there is no such file, otherwise STORE_IO. */
function diskError(path: string, error: unknown): SmartshareError {
  const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
  if (FULL.has(reason)) return new SmartshareError('STORE_FULL', 'The disk has no room', { path, reason }, error)
  if (reason === 'ENOENT') return new SmartshareError('STORE_MISSING', 'There is no such file', { path }, error)
  return new SmartshareError('STORE_IO', `The disk refuses: ${(error as Error).message}`, { path, reason }, error)
}
