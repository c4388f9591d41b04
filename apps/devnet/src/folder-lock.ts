import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SmartshareError } from '@smartshare/codec'
import { FILES } from './layout.ts'
import { isRunning, processMark } from './process-mark.ts'

/** Two that come at the same moment both step back; one of them should get through a little later. */
const TRIES = 4
const LONGEST_PAUSE_MS = 150

export interface FolderLock {
  release(): void
}

interface Contender {
  readonly file: string
  readonly pid: number
  readonly mark: string
}

/**
 * Lets one process at a time start, stop or remove the network in `dir`. Throws DEVNET_LOCKED with the pid of the holder.
 *
 * Each contender first puts up a file with its pid and start time in its name, then looks for others that are alive. So two
 * can never both hold the lock, a holder that was killed is passed over, and its file can be removed by anybody without
 * a doubt whom it belonged to.
 */
export async function lockNetwork(dir: string): Promise<FolderLock> {
  const folder = join(dir, FILES.locks)
  mkdirSync(folder, { recursive: true })
  const own = contender(folder, process.pid, processMark(process.pid) ?? '')
  for (let attempt = 1; ; attempt += 1) {
    const before = living(folder)
    if (!before.some(({ file }) => file === own.file)) {
      writeFileSync(own.file, '')
      const others = living(folder).filter(({ file }) => file !== own.file)
      if (others.length === 0) return { release: () => rmSync(own.file, { force: true }) }
      rmSync(own.file, { force: true })
    }
    if (attempt === TRIES) {
      const holder = living(folder)[0] ?? before[0]
      throw new SmartshareError('DEVNET_LOCKED', `another command is starting or stopping the network in ${dir}`, {
        dir,
        pid: holder?.pid ?? null,
      })
    }
    await delay(Math.random() * LONGEST_PAUSE_MS)
  }
}

function contender(folder: string, pid: number, mark: string): Contender {
  return { file: join(folder, `${pid}~${Buffer.from(mark).toString('base64url')}`), pid, mark }
}

/** Those that contend for the lock or hold it; removes what the dead left behind. */
function living(folder: string): Contender[] {
  return readdirSync(folder).flatMap((name) => {
    const [pid = '', mark = ''] = name.split('~')
    const found = contender(folder, Number(pid), Buffer.from(mark, 'base64url').toString())
    if (/^\d+$/.test(pid) && isRunning(found)) return [found]
    rmSync(join(folder, name), { force: true })
    return []
  })
}
