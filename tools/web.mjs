// Builds the web app when anything that goes into it has changed. Plain JavaScript with built-ins only, as tools/setup.mjs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the app is made of: its own files, and the packages of the house that it bundles from their sources. */
const INPUTS = [
  ...['apps/web/src', 'apps/web/public', 'apps/web/index.html', 'apps/web/vite.config.ts', 'apps/web/package.json'],
  ...['core/codec', 'core/crypto', 'core/chain', 'core/state', 'core/runtime', 'core/light', 'sdk/client'].map(
    (room) => `${room}/src`,
  ),
  'package-lock.json',
]
const STAMP = '.smartshare-built'

/** True if it had to be built. Throws what the bundler says. */
export function buildWeb(root) {
  const app = join(root, 'apps', 'web')
  const stamp = join(app, 'dist', STAMP)
  const hash = createHash('sha256')
  for (const input of INPUTS) add(hash, join(root, input))
  const wanted = hash.digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false
  const node = join(root, 'node_modules', 'node', 'bin', 'node')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const result = spawnSync(node, [vite, 'build', '--logLevel', 'warn'], { cwd: app, stdio: ['ignore', 2, 2] })
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error('the bundler failed')
  writeFileSync(stamp, wanted)
  return true
}

function add(hash, path) {
  let names
  try {
    names = readdirSync(path).sort()
  } catch {
    hash.update(`${path}\n`).update(readFileSync(path))
    return
  }
  for (const name of names) if (!name.endsWith('.test.ts')) add(hash, join(path, name))
}
