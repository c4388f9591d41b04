import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'
import { writeJson } from './atomic-file.ts'
import { FILES, rpcUrl, seatsOf, wsUrl } from './layout.ts'
import type { DevnetOptions } from './options.ts'

/** Of the folder's layout: a later version that lays things out differently refuses folders of this one. */
const LAYOUT_VERSION = 1
const MAX_RECORD_BYTES = 1024 * 1024

const startedProcess = z.strictObject({
  name: z.string(),
  pid: z.int().min(1),
  /** Start time of the process in the system's own terms (process-mark.ts). */
  mark: z.string(),
  /** When it was started, ms since the Unix epoch. */
  startedMs: z.int(),
})

const devnetRecord = z.strictObject({
  version: z.literal(LAYOUT_VERSION),
  chainId: z.string().regex(/^[0-9a-f]{64}$/),
  options: z.strictObject({
    basePort: z.int(),
    delegates: z.int(),
    providers: z.int(),
    /** Networks that were made before there were indexers get one. */
    indexers: z.int().default(1),
    slotMs: z.int(),
  }),
  /** What was started last; whether it still runs is for the system to say. */
  processes: z.array(startedProcess),
})

export type StartedProcess = z.output<typeof startedProcess>
export type DevnetRecord = Omit<z.output<typeof devnetRecord>, 'version'>

/** Whether a whole network lies in `dir`. */
export function hasNetwork(dir: string): boolean {
  return existsSync(join(dir, FILES.devnet))
}

/** Throws DEVNET_MISSING, DEVNET_VERSION for a folder of another version, DEVNET_RECORD for a damaged one. */
export function readDevnet(dir: string): DevnetRecord {
  const path = join(dir, FILES.devnet)
  if (!hasNetwork(dir)) throw new SmartshareError('DEVNET_MISSING', `there is no local network in ${dir}`, { dir })
  const damaged = (why: unknown) => new SmartshareError('DEVNET_RECORD', `${path} cannot be understood`, { path }, why)
  let value: unknown
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length > MAX_RECORD_BYTES) throw new RangeError('the file is too large')
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(error)
  }
  const version = (value as { version?: unknown } | null)?.version
  if (Number.isInteger(version) && version !== LAYOUT_VERSION) {
    throw new SmartshareError('DEVNET_VERSION', `the network in ${dir} was made by another version of Smartshare`, {
      dir,
      version: Number(version),
      expected: LAYOUT_VERSION,
    })
  }
  const parsed = devnetRecord.safeParse(value)
  if (!parsed.success) throw damaged(parsed.error)
  return parsed.data
}

/** What was started in `dir`, as far as the record can be understood at all: for removing a network of another version. */
export function processesOf(dir: string): StartedProcess[] {
  try {
    const { processes } = JSON.parse(readFileSync(join(dir, FILES.devnet), 'utf8')) as { processes?: unknown }
    return Array.isArray(processes) ? processes.flatMap((one) => startedProcess.safeParse(one).data ?? []) : []
  } catch {
    // A record that is no JSON names no process.
    return []
  }
}

export function writeDevnet(dir: string, record: DevnetRecord): void {
  const { chainId, options, processes } = record
  writeJson(join(dir, FILES.devnet), { version: LAYOUT_VERSION, chainId, options, processes })
}

/** What every client command reads to find the network and the wallets. */
export function writeNetwork(dir: string, name: string, chainId: string, options: DevnetOptions): void {
  const delegates = seatsOf(dir, options).filter(({ kind }) => kind === 'delegate')
  writeJson(join(dir, FILES.network), {
    name,
    chainId,
    rpc: delegates.map(rpcUrl),
    ws: delegates.map(wsUrl),
    wallets: FILES.wallets,
    owner: 'owner',
  })
}
