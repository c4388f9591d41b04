import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// What others measure themselves with lies in folders of its own, so that none of it is a dependency of the project.

export function peerFolder(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}/`, import.meta.url))
}

/** Installs a peer from its lock file, once for each state of that file. */
export async function installPeer(name: string): Promise<void> {
  const folder = peerFolder(name)
  // npm writes the second one when all else is there.
  const installedMs = changedMs(join(folder, 'node_modules/.package-lock.json'))
  if (installedMs >= changedMs(join(folder, 'package-lock.json'))) return
  console.error(`bench: installing the peer ${name} …`)
  await runPeer(name, 'npm', ['ci', '--no-audit', '--no-fund'])
}

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Runs a command in the peer's folder to its end and gives what it printed. */
export async function runPeer(name: string, command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd: peerFolder(name), stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  let complaint = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000)
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${complaint}`)
  return printed
}
