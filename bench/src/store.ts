import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { devnetStatus } from '@smartshare/devnet'
import { type BenchNetwork, startNetwork } from './network.ts'
import { beside, type Report } from './report.ts'
import { floorOfGet, floorOfPut } from './store-floor.ts'
import type { OwnerResult, OwnerTask } from './store-owner.ts'

const MIB = 2 ** 20
const COPIES = 4
const SMALL_MIB = 64
const LARGE_MIB = Number(process.env.SMARTSHARE_BENCH_STORE_MIB ?? 1024)
const SMALL_OBJECT_BYTES = 4096
const SMALL_OBJECTS = 96
const SMALL_AT_ONCE = 32
/** Written to /proc/PID/clear_refs, makes the peak of a process begin anew (proc(5)). */
const RESET_PEAK = '5'

/**
 * Objects put and got over a whole local network, every byte encrypted, copied four times, hashed on both sides, durable
 * and active on the chain when the time is taken; beside the same work in one process without network.
 */
export async function benchStore(report: Report): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'smartshare-store-'))
  const network = await startNetwork({ delegates: 1, providers: COPIES })
  try {
    const pids = (await devnetStatus(network.dir)).providers.flatMap(({ pid }) => pid ?? [])
    const small = await run(network, pids, randomFile(home, 'small', SMALL_MIB * MIB), { back: true })
    const path = randomFile(home, 'large', LARGE_MIB * MIB)
    const large = await run(network, pids, path, { back: true })
    const figure = (metric: string, unit: string, value: number) => ({ bench: 'store', metric, unit, value })
    const perSecond = (ms: number) => LARGE_MIB / (ms / 1000)
    const [putFloor, getFloor] = [floorOfPut(path, LARGE_MIB * MIB, COPIES), floorOfGet(path, LARGE_MIB * MIB)]
    const floor = 'the same work in one process without network'
    report(beside(figure('put_mib_per_s', 'MiB/s', perSecond(large.putMs)), floor, perSecond(putFloor)))
    report(beside(figure('get_mib_per_s', 'MiB/s', perSecond(large.getMs)), floor, perSecond(getFloor)))
    report(beside(figure('owner_peak_mib', 'MiB', large.peakMib), `peak at ${SMALL_MIB} MiB`, small.peakMib))
    report(beside(figure('provider_peak_mib', 'MiB', large.providerMib), `peak at ${SMALL_MIB} MiB`, small.providerMib))
    const tiny = randomFile(home, 'tiny', SMALL_OBJECT_BYTES)
    const many = await run(network, pids, tiny, { back: false, objects: SMALL_OBJECTS, atOnce: SMALL_AT_ONCE })
    report(figure('small_objects_per_s', '1/s', SMALL_OBJECTS / (many.putMs / 1000)))
  } finally {
    await network.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

async function run(
  network: BenchNetwork,
  pids: readonly number[],
  path: string,
  options: { back: boolean; objects?: number; atOnce?: number },
): Promise<OwnerResult & { providerMib: number }> {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK)
  const { back, objects = 1, atOnce = 1 } = options
  const result = await owner({ dir: network.dir, rpc: network.rpc, path, copies: COPIES, objects, atOnce, back })
  return { ...result, providerMib: Math.max(...pids.map(peakMib)) }
}

/** Runs the owner's process to its end. */
async function owner(task: OwnerTask): Promise<OwnerResult> {
  const file = fileURLToPath(new URL('./store-owner.js', import.meta.url))
  const child = spawn(process.execPath, [file, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`the owner ended with ${code}`)
  return JSON.parse(printed) as OwnerResult
}

/** Highest resident memory of a process since its peak was reset. */
function peakMib(pid: number): number {
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

function randomFile(folder: string, name: string, bytes: number): string {
  const path = join(folder, name)
  const file = openSync(path, 'w')
  for (let at = 0; at < bytes; at += MIB) writeSync(file, randomBytes(Math.min(MIB, bytes - at)))
  closeSync(file)
  return path
}
