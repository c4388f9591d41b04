import { hash } from 'node:crypto'
import { stat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'

// One process per folder. What holds the lock is a listening socket, because the kernel takes that back in whatever way
// the process ends, and gives it to exactly one of two that ask at the same time. (A file with a process id needs a
// guess whether that process still is the same one; Node has no flock.) On Linux the name lies in the abstract
// namespace and on Windows it is a pipe: nothing is left behind. Elsewhere it is a socket file, and one that nobody
// answers is removed. The name is made of the folder's device and inode, so another path to the same folder meets it.

/** How often a socket file that nobody answers is removed before giving up. */
const MOST_TAKEOVERS = 3

export interface FolderLock {
  /** After this another process may open the folder. */
  release(): Promise<void>
}

/** Takes the lock of an existing folder. Throws STORE_LOCKED if another process, or this one, holds it. */
export async function lockFolder(folder: string, platform: NodeJS.Platform = process.platform): Promise<FolderLock> {
  const { dev, ino } = await stat(folder, { bigint: true })
  const name = hash('sha256', `smartshare-store ${dev} ${ino}`).slice(0, 40)
  const address = addressOf(name, platform)
  for (let takeovers = 0; ; takeovers += 1) {
    try {
      const server = await listen(address)
      return { release: () => new Promise((resolve) => server.close(() => resolve())) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      const isFile = address.startsWith('/')
      if (!isFile || takeovers >= MOST_TAKEOVERS || (await answers(address))) {
        throw new SmartshareError('STORE_LOCKED', 'Another process is using this folder', { folder })
      }
      await unlink(address).catch(() => {})
    }
  }
}

function addressOf(name: string, platform: NodeJS.Platform): string {
  if (platform === 'linux') return `\0smartshare-${name}`
  if (platform === 'win32') return `\\\\.\\pipe\\smartshare-${name}`
  // Not in the folder itself: the path of a socket may have only about 100 bytes.
  return join(tmpdir(), `smartshare-${name}.lock`)
}

function listen(address: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  // Holding the lock is no reason to keep running.
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => resolve(server))
  })
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
