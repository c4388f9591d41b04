import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type DevnetStatus, freeBasePort } from '@smartshare/devnet'

/** The command of the built tree, as people call it. */
export const COMMAND = fileURLToPath(new URL('../../apps/cli/bin/smartshare.js', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs `smartshare ARGS` with piped output until the pipes are closed: a process left behind that held them open would
 * keep this from ending.
 */
export async function smartshare(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const parts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    parts.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    parts.stderr += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...parts }
}

/** The one JSON value that `smartshare ARGS --json` prints; throws with its words if it fails. */
export async function smartshareJson<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await smartshare(...args, '--json')
  if (code !== 0) throw new Error(`smartshare ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`)
  return JSON.parse(stdout) as T
}

/** Starts a local network in a folder, without providers and index, on free ports. */
export async function startSmallNetwork(dir: string, delegates: number): Promise<DevnetStatus> {
  const words = [
    '--delegates',
    `${delegates}`,
    '--base-port',
    `${await freeBasePort()}`,
    '--providers',
    '0',
    '--indexers',
    '0',
    '--slot-ms',
    '250',
  ]
  return await smartshareJson<DevnetStatus>('devnet', 'up', '--detach', '--dir', dir, ...words)
}
