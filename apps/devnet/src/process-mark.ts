import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const PS_TIMEOUT_MS = 5_000
/** Fields of /proc/PID/stat after the command's name: state is the first, the start time the twentieth. */
const STATE_FIELD = 0
const START_FIELD = 19

/**
 * What tells a running process from any later one that got the same pid: its start time (on Linux in ticks since a named
 * boot). Undefined if no such process runs; one that has ended but is not yet collected by its parent does not run.
 */
export function processMark(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxMark(pid) : psMark(pid)
}

/** Whether the process that was marked once still runs. */
export function isRunning({ pid, mark }: { readonly pid: number; readonly mark: string }): boolean {
  return processMark(pid) === mark
}

function linuxMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name stands in brackets and may itself hold brackets and blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[STATE_FIELD] === 'Z' || fields[STATE_FIELD] === 'X') return undefined
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot}:${fields[START_FIELD]}`
  } catch {
    // No such process: the normal answer, not a fault.
    return undefined
  }
}

function psMark(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      timeout: PS_TIMEOUT_MS,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.slice(line.indexOf(' ')).trim()
  } catch {
    // ps fails for a pid that nobody has.
    return undefined
  }
}
