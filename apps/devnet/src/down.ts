import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { stopChildren } from './children.ts'
import { FILES, kindOf } from './layout.ts'
import { lockNetwork } from './network-lock.ts'
import { isRunning } from './process-mark.ts'
import { hasNetwork, processesOf, readDevnet, type StartedProcess, writeDevnet } from './records.ts'
import { removeNetwork } from './set-up.ts'

/**
 * Stops the network in `dir`; its data stay. Returns the names of the processes that were stopped, none if nothing ran.
 * Throws DEVNET_MISSING, DEVNET_VERSION, DEVNET_RECORD, DEVNET_LOCKED, DEVNET_STOP.
 */
export async function devnetDown(dir: string): Promise<{ stopped: string[] }> {
  readDevnet(dir)
  const lock = await lockNetwork(dir)
  try {
    const record = readDevnet(dir)
    const stopped = await stopAll(record.processes)
    writeDevnet(dir, { ...record, processes: [] })
    return { stopped }
  } finally {
    await lock.release()
  }
}

/**
 * Stops the network in `dir`, of whatever version, and removes everything of it, wallets too. Returns the names of the
 * processes that were stopped. Throws DEVNET_MISSING, DEVNET_LOCKED, DEVNET_STOP.
 */
export async function devnetReset(dir: string): Promise<{ stopped: string[]; removed: string }> {
  if (!hasNetwork(dir) && !existsSync(join(dir, FILES.unfinished))) {
    throw new SmartshareError('DEVNET_MISSING', `there is no local network in ${dir}`, { dir })
  }
  const lock = await lockNetwork(dir)
  try {
    const stopped = await stopAll(processesOf(dir))
    removeNetwork(dir)
    return { stopped, removed: dir }
  } finally {
    await lock.release()
  }
}

/** Delegates last: the others would only complain about a chain that is gone. */
async function stopAll(processes: readonly StartedProcess[]): Promise<string[]> {
  const running = processes.filter(isRunning)
  await stopChildren(running.filter(({ name }) => kindOf(name) !== 'delegate'))
  await stopChildren(running.filter(({ name }) => kindOf(name) === 'delegate'))
  return running.map(({ name }) => name)
}
