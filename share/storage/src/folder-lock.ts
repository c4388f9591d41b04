import { createHash } from 'node:crypto'
import { mkdir, rm, stat } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'

/** How long to wait for the holder's word, milliseconds. */
const ASK_TIMEOUT_MS = 1_000
const MAX_PID_TEXT_BYTES = 16

/** A folder that only this process uses; `release` lets others in. */
export interface FolderLock {
  release(): Promise<void>
}

/**
 * Locks a folder (made if missing) against other processes of this machine; throws AGENT_LOCKED with the pid of the
 * holder. The lock is a listening socket named after the folder's device and inode: the system itself ends it with
 * the process, also at kill -9, so there is no stale lock to judge and no moment when two could both take one over.
 * On Linux the name is abstract (no file), on Windows a pipe, elsewhere a socket file in the temporary folder.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true })
  const { dev, ino } = await stat(folder, { bigint: true })
  const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)
  const path = socketPath(name)
  const server = (await listen(path)) ?? (await takeOverFile(path, folder))
  server.unref()
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

function socketPath(name: string): string {
  if (process.platform === 'linux') return `\0smartshare-${name}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\smartshare-${name}` : join(tmpdir(), `smartshare-${name}.sock`)
}

/** The server that holds the name, or undefined if another one does. */
function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(String(process.pid))
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else
        reject(new SmartshareError('STORAGE_IO', 'the folder could not be locked', { system: error.code ?? '' }, error))
    })
    server.listen(path, () => resolve(server))
  })
}

/** Only a socket file outlives its process: one that nobody answers on is removed and made anew. */
async function takeOverFile(path: string, folder: string): Promise<Server> {
  const pid = await askHolder(path)
  if (pid === undefined && !path.startsWith('\0')) {
    await rm(path, { force: true })
    const server = await listen(path)
    if (server !== undefined) return server
  }
  throw new SmartshareError('AGENT_LOCKED', 'another process uses this data folder', { folder, pid: pid ?? '' })
}

function askHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = createConnection(path)
    socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy())
    socket.on('data', (bytes) => {
      text = (text + bytes.toString('latin1')).slice(0, MAX_PID_TEXT_BYTES)
    })
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(/^\d+$/.test(text) ? text : undefined))
  })
}
