import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import type { Seat } from './layout.ts'
import { LOG_VARIABLE, MAX_LOG_BYTES } from './log-bound.ts'
import { isRunning, processMark } from './process-mark.ts'
import type { StartedProcess } from './records.ts'

const LOG_TAIL_BYTES = 4096
const LOG_TAIL_LINES = 12
/** Time that a process has to end by itself (a node allows itself 15 s), and then to vanish once it is killed. */
const TERM_GRACE_MS = 17_000
const KILL_GRACE_MS = 5_000
const POLL_MS = 20
/** What a process gets of our environment: how to find programs and how to speak, nothing else. */
const PASSED_ENVIRONMENT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot', 'NODE_COMPILE_CACHE']

/** What Node loads before a process' own program. */
const LOG_BOUND = new URL(import.meta.url.endsWith('.ts') ? './log-bound.ts' : './log-bound.js', import.meta.url)

/** Words of a command: the program and its arguments. */
export type Command = readonly [program: string, ...args: string[]]

/**
 * Starts the process of a seat in the seat's own folder, detached: it lives on when we end, and its output goes to its
 * log alone, which it keeps within bounds by itself. Throws DEVNET_SPAWN.
 */
export function startChild(seat: Seat, [program, ...args]: Command): StartedProcess {
  rotate(seat.log)
  const log = openSync(seat.log, 'a', 0o600)
  try {
    const child = spawn(program, args, {
      cwd: seat.dir,
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...Object.fromEntries(PASSED_ENVIRONMENT.map((name) => [name, process.env[name]])),
        NODE_OPTIONS: `--import=${LOG_BOUND.href}`,
        [LOG_VARIABLE]: seat.log,
      },
    })
    // A program that cannot be started has no pid; the event comes later and would end us if nobody listened.
    child.once('error', () => undefined)
    child.unref()
    const mark = child.pid === undefined ? undefined : processMark(child.pid)
    if (child.pid === undefined || mark === undefined) {
      throw new SmartshareError('DEVNET_SPAWN', `${seat.name} cannot be started: ${program}`, { process: seat.name })
    }
    return { name: seat.name, pid: child.pid, mark, startedMs: Date.now() }
  } finally {
    closeSync(log)
  }
}

/**
 * Ends processes: asks them, and after `graceMs` kills those that are left. Only those are touched that are still the same
 * process as when they were recorded. Throws DEVNET_STOP if one cannot be ended.
 */
export async function stopChildren(children: readonly StartedProcess[], graceMs = TERM_GRACE_MS): Promise<void> {
  for (const child of children) signal(child, 'SIGTERM')
  const stubborn = await waitForEnd(children, graceMs)
  for (const child of stubborn) signal(child, 'SIGKILL')
  const [left] = await waitForEnd(stubborn, KILL_GRACE_MS)
  if (left === undefined) return
  throw new SmartshareError('DEVNET_STOP', `${left.name} (process ${left.pid}) does not end`, {
    process: left.name,
    pid: left.pid,
  })
}

/** The last lines of a log, for messages about a process that ended. */
export function logTail(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES))
      readSync(file, bytes, 0, bytes.length, size - bytes.length)
      return bytes.toString('utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
    } finally {
      closeSync(file)
    }
  } catch {
    // No log, no last lines.
    return ''
  }
}

function signal(child: StartedProcess, name: NodeJS.Signals): void {
  if (!isRunning(child)) return
  try {
    process.kill(child.pid, name)
  } catch (error) {
    // It ended between the look and the signal: that is what we wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Those that still run after at most `timeoutMs`. */
async function waitForEnd(children: readonly StartedProcess[], timeoutMs: number): Promise<StartedProcess[]> {
  const deadline = performance.now() + timeoutMs
  let left = children.filter(isRunning)
  while (left.length > 0 && performance.now() < deadline) {
    await delay(POLL_MS)
    left = left.filter(isRunning)
  }
  return left
}

function rotate(log: string): void {
  try {
    if (statSync(log).size > MAX_LOG_BYTES) renameSync(log, `${log}.1`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
