import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import { type FolderLock, lockFolder } from '@smartshare/link/folder-lock'
import type { OwnerChain } from './chain.ts'
import { endAgreements } from './put-object.ts'

/** A put whose process died is looked after this long: its tender may still be matched in that time. */
const SETTLE_MS = 120_000
/** Left puts that one clean-up takes care of. */
const MAX_RECOVERED = 256
const LOCK_ATTEMPTS = 40
const LOCK_PAUSE_MS = 50
const NAME = /^[0-9a-f]{32}$/
const TAKEN = { code: 'AGENT_LOCKED', message: 'another process is storing this object' } as const

/** A put that is under way: its folder is locked by this process and holds what must not outlive it. */
export interface PendingPut {
  readonly folder: string
  /** The put has come to its end, good or bad, and nothing is left to clean up. */
  finish(): Promise<void>
}

/** Writes down that an object is being stored, before anything of it is on the chain. */
export async function beginPut(folder: string, object: Uint8Array): Promise<PendingPut> {
  const own = join(folder, toHex(object))
  await mkdir(own, { recursive: true, mode: 0o700 })
  const lock = await lockNew(own)
  return {
    folder: own,
    finish: async () => {
      await rm(own, { recursive: true, force: true })
      await lock.release()
    },
  }
}

/**
 * Nobody else knows this folder yet; only its inode may have been that of a folder just deleted, whose lock goes a moment
 * later.
 */
async function lockNew(folder: string): Promise<FolderLock> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lockFolder(folder, TAKEN)
    } catch (error) {
      if (!SmartshareError.is(error, TAKEN.code) || attempt === LOCK_ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS))
    }
  }
}

/**
 * Ends what puts have left behind whose process was killed: their matched agreements are cancelled, so that no money
 * stays locked, and their spooled files deleted. An object with all copies active is complete and stays. Puts of living
 * processes are left alone. Returns the names of the objects that were ended.
 */
export async function recoverPuts(folder: string, chain: OwnerChain, nowMs: number): Promise<string[]> {
  const ended: string[] = []
  const names = (await readdir(folder).catch(() => [])).filter((name) => NAME.test(name))
  for (const name of names.slice(0, MAX_RECOVERED)) {
    const own = join(folder, name)
    const lock = await tryLock(own)
    if (lock === undefined) continue
    try {
      const agreements = await chain.agreementsOf(fromHex(name))
      if (agreements.some(({ state }) => state === 'matched')) {
        await endAgreements(chain, fromHex(name))
        ended.push(name)
      }
      // A tender that was on its way when the process died may still become an agreement.
      const { mtimeMs } = await stat(own)
      if (nowMs - mtimeMs > SETTLE_MS) await rm(own, { recursive: true, force: true })
    } finally {
      await lock.release()
    }
  }
  return ended
}

async function tryLock(folder: string): Promise<FolderLock | undefined> {
  try {
    return await lockFolder(folder, TAKEN)
  } catch (error) {
    // In the hands of a living process, or ended and removed by one since it was listed.
    if (SmartshareError.is(error, TAKEN.code)) return undefined
    if (SmartshareError.is(error, 'FOLDER_LOCK') && error.details.system === 'ENOENT') return undefined
    throw error
  }
}
