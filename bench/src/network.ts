import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openWallet, type Wallet } from '@smartshare/client'
import { freeBasePort } from '@smartshare/devnet'

const COMMAND = fileURLToPath(new URL('../../apps/cli/bin/smartshare.js', import.meta.url))

/** A local network of real processes for one bench; in a folder and on ports of its own. */
export interface BenchNetwork {
  readonly dir: string
  /** JSON-RPC of each delegate. */
  readonly rpc: readonly string[]
  readonly wallet: (name: string) => Promise<Wallet>
  readonly stop: () => Promise<void>
}

/** Starts a network by the command that people use, and waits until it is ready. */
export async function startNetwork(options: {
  readonly delegates: number
  readonly providers: number
  readonly slotMs?: number
}): Promise<BenchNetwork> {
  const home = mkdtempSync(join(tmpdir(), 'smartshare-bench-'))
  const dir = join(home, 'net')
  const basePort = await freeBasePort()
  const flags = [
    '--base-port',
    `${basePort}`,
    '--delegates',
    `${options.delegates}`,
    '--providers',
    `${options.providers}`,
    '--indexers',
    '0',
  ]
  const slot = options.slotMs === undefined ? [] : ['--slot-ms', `${options.slotMs}`]
  await smartshare(['devnet', 'up', '--detach', '--dir', dir, ...flags, ...slot])
  const network = JSON.parse(readFileSync(join(dir, 'network.json'), 'utf8')) as { rpc: string[] }
  const password = readFileSync(join(dir, 'wallets', 'password'), 'utf8').trim()
  return {
    dir,
    rpc: network.rpc,
    wallet: (name) => openWallet(readFileSync(join(dir, 'wallets', `${name}.json`), 'utf8'), password),
    stop: async () => {
      await smartshare(['devnet', 'down', '--dir', dir])
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Runs the command to its end and gives what it printed; throws with what it complained of. */
async function smartshare(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  let complaint = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0)
    throw new Error(`smartshare ${args.join(' ')} ended with ${code}: ${complaint.slice(-2_000)}${printed}`)
  return printed
}
