import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'

// One process per folder. What holds a lock is a listening socket, because the system itself takes that back in whatever
// way the process ends, also at kill -9: there is no stale lock to judge, and no process id that another process may have
// got since. (Node has no flock.) The name is made of the folder's device and inode, so another path to the same folder
// meets it. On Linux it lies in the abstract namespace and on Windows it is a pipe: the system gives it to exactly one of
// many that ask at once, and nothing is left behind. Containers with different networks do not see each other's locks.
//
// Elsewhere sockets are files, which outlive their process, and "remove the dead one, make my own" is no single step. So
// each contender puts up a file of its own, in a folder for this lock in the temporary folder, and then looks for living others: two can never both see nobody, and what
// belongs to a dead one can be removed by anybody, since no name is used twice.

/** How often to try again: with files two that come at once both step back, and a folder may be replaced meanwhile. */
const MOST_TRIES = 6
const MOST_PAUSE_MS = 100
/** How long to wait for the holder's word, milliseconds. */
const ASK_TIMEOUT_MS = 1_000
const MAX_PID_TEXT_BYTES = 16
/** A path of a socket may have only about 100 bytes, of which the temporary folder takes half on some systems. */
const NAME_HEX = 24
/** What connecting to a socket file without a living process, or to another kind of file, fails with. */
const DEAD_CODES = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'])

/** A folder that only this process uses. */
export interface FolderLock {
  /** After this another process may take the folder. */
  release(): Promise<void>
}

/** The error of a package for a folder that is in use. */
export interface TakenError {
  readonly code: string
  readonly message: string
}

interface Holder {
  /** Unknown if the holder did not say so in time. */
  readonly pid: number | null
}

/**
 * Takes an existing folder for this process alone. Throws `taken` with the pid of the holder if another process, or this
 * one, has it, and FOLDER_LOCK if the folder cannot be locked at all. `platform` is for tests.
 */
export async function lockFolder(
  folder: string,
  taken: TakenError,
  platform: NodeJS.Platform = process.platform,
): Promise<FolderLock> {
  let holder: Holder | undefined
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const name = await nameOf(folder)
    const outcome = await contend(name, platform).catch((error: unknown) => {
      throw cannotLock(folder, error)
    })
    if (outcome !== undefined && 'release' in outcome) {
      if ((await nameOf(folder).catch(() => undefined)) === name) return outcome
      // Removed or replaced since we looked: the lock is that of a folder that nobody finds any more.
      await outcome.release()
    } else if (outcome !== undefined) {
      holder = outcome
      if (hasOneName(platform)) break
    }
    await delay(Math.random() * MOST_PAUSE_MS)
  }
  const pid = holder?.pid ?? null
  throw new SmartshareError(taken.code, pid === null ? taken.message : `${taken.message} (process ${pid})`, {
    folder,
    pid,
  })
}

/** The same for every path to a folder. */
async function nameOf(folder: string): Promise<string> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true })
    return `smartshare-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, NAME_HEX)}`
  } catch (error) {
    throw cannotLock(folder, error)
  }
}

function cannotLock(folder: string, error: unknown): SmartshareError {
  const system = (error as NodeJS.ErrnoException).code ?? ''
  return new SmartshareError('FOLDER_LOCK', 'the folder could not be locked', { folder, system }, error)
}

/** Whether the system gives a name to one process only, and takes it back by itself. */
function hasOneName(platform: NodeJS.Platform): boolean {
  return platform === 'linux' || platform === 'win32'
}

/** The lock, or who else has it; undefined if nobody got it, or if it has just become free. */
function contend(name: string, platform: NodeJS.Platform): Promise<FolderLock | Holder | undefined> {
  if (!hasOneName(platform)) return contendByFiles(join(tmpdir(), name))
  return contendByName(platform === 'linux' ? `\0${name}` : `\\\\.\\pipe\\${name}`)
}

async function contendByName(address: string): Promise<FolderLock | Holder | undefined> {
  try {
    const server = await listen(address)
    return { release: () => close(server) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return ask(address)
  }
}

async function contendByFiles(folder: string): Promise<FolderLock | Holder | undefined> {
  await mkdir(folder, { recursive: true })
  // Look before putting up an own file, so that those who come later do not disturb those who are about to get it.
  const [before] = (await othersIn(folder)).living
  if (before !== undefined) return before
  const own = randomBytes(8).toString('hex')
  const server = await listen(join(folder, own))
  const { living, dead } = await othersIn(folder, own)
  // Only with an own file up: what looks dead may have been bound and not listen yet. Its owner looks for others after
  // that, and either sees us or sees that its file is gone.
  for (const path of dead) await rm(path, { recursive: true, force: true })
  if (living.length > 0 || !(await readdir(folder)).includes(own)) {
    await close(server)
    return living[0]
  }
  // The folder stays: it could not be removed without getting in the way of those who are about to use it.
  return { release: () => close(server) }
}

/** Contenders and holders but the own one, and files of the dead. */
async function othersIn(folder: string, own?: string): Promise<{ living: Holder[]; dead: string[] }> {
  const living: Holder[] = []
  const dead: string[] = []
  for (const name of await readdir(folder)) {
    if (name === own) continue
    const path = join(folder, name)
    const holder = await ask(path)
    if (holder === undefined) dead.push(path)
    else living.push(holder)
  }
  return { living, dead }
}

/** A socket that tells who asks the pid of this process. */
function listen(address: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    // Destroyed once it is told: one that asks and stays must not hold up the release.
    socket.end(String(process.pid), () => socket.destroy())
  })
  // Holding a lock is no reason to keep running.
  server.unref()
  return new Promise((resolve, reject) => {
    // Stays: a connection that could not be accepted later is no reason to end the process.
    server.on('error', reject)
    server.listen(address, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

/** Who listens at an address; undefined if nobody does. */
function ask(address: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    let text = ''
    let isDead = false
    const socket = createConnection(address)
    socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy())
    socket.on('data', (bytes) => {
      text = (text + bytes.toString('latin1')).slice(0, MAX_PID_TEXT_BYTES)
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      isDead = DEAD_CODES.has(code ?? '')
    })
    socket.on('close', () => resolve(isDead ? undefined : { pid: /^\d+$/.test(text) ? Number(text) : null }))
  })
}
