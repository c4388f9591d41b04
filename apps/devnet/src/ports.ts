import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { SmartshareError } from '@smartshare/codec'
import { HOST, type Seat, seatsOf } from './layout.ts'
import { DEFAULT_OPTIONS, PORT_SPAN } from './options.ts'

const LSOF_TIMEOUT_MS = 3_000
const LISTENING = '0A'
/** A process that was killed may keep its ports for some moments; nobody is then found who holds them. */
const VANISHING_MS = 2_000
const POLL_MS = 50
const COMMAND_CHARS = 80
/** Ranges for networks that do not care where: below the ports that systems hand out by themselves. */
const FIRST_RANGE = 10_000
const RANGES = 11
const RANGE_TRIES = 50
/** The last port of a range, which no seat uses: who listens there has the range. */
const RESERVING_PORT = PORT_SPAN - 1

interface PortHolder {
  readonly pid: number
  readonly command: string
}

/** Throws PORT_IN_USE, naming port, process and the seat that wants it, if any port of `seats` cannot be listened on. */
export async function checkPorts(seats: readonly Seat[]): Promise<void> {
  for (const seat of seats) for (const { port, use } of seat.ports) await checkPort(seat, use, port)
}

/** What keeps the range that this process was given last. */
let reservation: Server | undefined

/**
 * First port of a range that nobody uses now, chosen at random. No other process is given the same range until this one
 * ends or asks for another, also before anything listens there. Throws PORT_IN_USE if none was found.
 */
export async function freeBasePort(): Promise<number> {
  for (let attempt = 0; attempt < RANGE_TRIES; attempt += 1) {
    const basePort = FIRST_RANGE + PORT_SPAN * Math.floor(Math.random() * RANGES)
    const reserving = await listenOn(basePort + RESERVING_PORT)
    if (!(reserving instanceof Server)) continue
    const ports = seatsOf('', { ...DEFAULT_OPTIONS, basePort }).flatMap((seat) => seat.ports)
    const problems = await Promise.all(ports.map(({ port }) => tryPort(port)))
    if (problems.every((problem) => problem === undefined)) {
      reservation?.close()
      reservation = reserving
      return basePort
    }
    reserving.close()
  }
  throw new SmartshareError('PORT_IN_USE', 'no free range of ports was found', { tries: RANGE_TRIES })
}

async function checkPort(seat: Seat, use: string, port: number): Promise<void> {
  const deadline = performance.now() + VANISHING_MS
  for (;;) {
    const problem = await tryPort(port)
    if (problem === undefined) return
    const holder = problem === 'EADDRINUSE' ? await holderOf(port) : undefined
    if (problem === 'EADDRINUSE' && holder === undefined && performance.now() < deadline) {
      await delay(POLL_MS)
      continue
    }
    const by = holder === undefined ? problem : `in use by process ${holder.pid} (${holder.command})`
    throw new SmartshareError('PORT_IN_USE', `port ${port}, wanted for ${use} of ${seat.name}, is not free: ${by}`, {
      port,
      process: seat.name,
      holderPid: holder?.pid ?? null,
      holder: holder?.command ?? null,
    })
  }
}

/** Undefined if the port is free, else the system's word for why not. */
async function tryPort(port: number): Promise<string | undefined> {
  const server = await listenOn(port)
  if (!(server instanceof Server)) return server
  await new Promise((resolve) => server.close(resolve))
  return undefined
}

/** A server that keeps the port and no process alive, or the system's word for why the port is not free. */
function listenOn(port: number): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy()).unref()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen({ host: HOST, port, exclusive: true }, () => resolve(server))
  })
}

/** The process that listens on a port, if this user may know. */
async function holderOf(port: number): Promise<PortHolder | undefined> {
  try {
    return process.platform === 'linux' ? linuxHolder(port) : await lsofHolder(port)
  } catch {
    // The message is then without the name: better than no message.
    return undefined
  }
}

function linuxHolder(port: number): PortHolder | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set(
    ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/net/${table}`, 'latin1')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === LISTENING)
        .map((fields) => `socket:[${fields[9]}]`),
    ),
  )
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (openFilesOf(pid).some((target) => inodes.has(target))) {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return { pid: Number(pid), command: words.join(' ').trim().slice(0, COMMAND_CHARS) }
    }
  }
  return undefined
}

function openFilesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return ''
      }
    })
  } catch {
    // Another user's process, or one that has just ended.
    return []
  }
}

async function lsofHolder(port: number): Promise<PortHolder | undefined> {
  const args = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']
  const { stdout } = await promisify(execFile)('lsof', args, { timeout: LSOF_TIMEOUT_MS })
  const pid = /^p(\d+)$/m.exec(stdout)?.[1]
  return pid === undefined ? undefined : { pid: Number(pid), command: /^c(.*)$/m.exec(stdout)?.[1] ?? '' }
}
