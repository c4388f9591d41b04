import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { LEAST_COST, sealWallet } from '@smartshare/client'
import { toHex } from '@smartshare/crypto'
import type { Io } from '../io.ts'
import { main } from '../main.ts'
import { type LocalNetwork, walletOf } from './local-network.ts'

const MAIN = new URL('../main.ts', import.meta.url).href
/** The command from its sources, so that no build is needed. */
const RUN = `await (await import(${JSON.stringify(MAIN)})).main(process.argv)`
const MOST_MS = 60_000
/** Compiled once for all runs of all tests. */
const COMPILE_CACHE = join(tmpdir(), 'smartshare-compile-cache')

/** What a run of the command left. */
export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the real command in this process, with nothing of its environment: a process for each run would take seconds. */
export async function runCli(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const parts = { stdout: '', stderr: '' }
  const into = (name: keyof typeof parts) =>
    new Writable({
      write(chunk, _, done) {
        parts[name] += chunk
        done()
      },
    })
  const io: Io = { stdin: Readable.from([]), stdout: into('stdout'), stderr: into('stderr'), env, exitCode: 0 }
  await main(['node', 'smartshare', ...args], io)
  return { code: Number(io.exitCode), ...parts }
}

/** Runs it in a process of its own, where it matters that it is one; with nothing of this process's environment but PATH. */
export function runCliProcess(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; input?: string } = {},
): Promise<Run> {
  const { env = {}, cwd, input = '' } = options
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      RUN,
      'smartshare',
      ...args,
    ],
    {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
      cwd,
      timeout: MOST_MS,
      stdio: 'pipe',
    },
  )
  const parts = { stdout: '', stderr: '' }
  child.stdout.on('data', (data) => {
    parts.stdout += data
  })
  child.stderr.on('data', (data) => {
    parts.stderr += data
  })
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...parts }))
  })
}

/** A folder of a network as the devnet leaves it: network.json, key files and their password. */
export async function networkFolder(
  network: LocalNetwork,
  names: readonly string[],
): Promise<{ dir: string; close(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'smartshare-cli-'))
  const wallets = join(dir, 'wallets')
  mkdirSync(wallets)
  writeFileSync(join(wallets, 'password'), 'local\n')
  for (const name of names)
    writeFileSync(
      join(wallets, `${name.replaceAll(' ', '-')}.json`),
      await sealWallet(walletOf(name), 'local', LEAST_COST),
    )
  const { url, ws } = network.server
  const chainId = toHex(network.node.chainId)
  writeFileSync(
    join(dir, 'network.json'),
    JSON.stringify({ name: 'test', chainId, rpc: [url], ws: [ws], wallets: 'wallets', owner: names[0] }),
  )
  return { dir, close: () => rmSync(dir, { recursive: true }) }
}
