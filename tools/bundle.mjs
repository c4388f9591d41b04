// Bundles the command when anything that goes into it was built since. Plain JavaScript with built-ins only, as tools/setup.mjs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const WINGS = ['core', 'node', 'sdk', 'share', 'apps']
/** What tsc touches whenever it builds a package. */
const MARK = 'tsconfig.tsbuildinfo'
/** What apps/cli/bin/smartshare.js holds against the builds that it finds. */
const STAMP = 'built-from.json'

/** True if it had to be bundled. Throws what the bundler says. */
export function bundleCommand(root) {
  const app = join(root, 'apps', 'cli')
  const stamp = join(app, 'bundle', STAMP)
  const inputs = ['package-lock.json', 'apps/cli/vite.config.ts'].map((path) => readFileSync(join(root, path)))
  const hash = createHash('sha256').update(Buffer.concat(inputs)).digest('hex')
  const wanted = JSON.stringify({ builds: builds(root), hash })
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false
  const node = join(root, 'node_modules', 'node', 'bin', 'node')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const result = spawnSync(node, [vite, 'build', '--logLevel', 'warn'], { cwd: app, stdio: ['ignore', 2, 2] })
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error('the bundler failed')
  writeFileSync(stamp, wanted)
  return true
}

/** Each package's mark, as seen from the bundle, and when it was touched. */
function builds(root) {
  const marks = WINGS.flatMap((wing) => readdirSync(join(root, wing)).map((room) => `${wing}/${room}/${MARK}`))
  return marks
    .filter((mark) => existsSync(join(root, mark)))
    .map((mark) => [`../../../${mark}`, statSync(join(root, mark)).mtimeMs])
}
