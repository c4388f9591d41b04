// Brings a checkout from "just cloned" to "ready": installs when the lock changed, builds what changed.
// Plain JavaScript with built-ins only, because its first run is on whatever Node (>= 20) the machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampPath = join(root, 'node_modules', '.smartshare-installed')
const LEAST_NODE_MAJOR = 20

/** Prints to standard error: standard output belongs to the command that runs after the set-up. */
function say(text) {
  process.stderr.write(`setup: ${text}\n`)
}

function fail(text, cure) {
  say(`failed: ${text}`)
  say(`cure: ${cure}`)
  process.exit(1)
}

function run(what, command, args, cure) {
  const startedMs = Date.now()
  say(`${what} …`)
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (result.error) fail(`${what}: ${result.error.message}`, cure)
  if (result.status !== 0) fail(`${what} ended with exit code ${result.status}`, cure)
  say(`${what} done (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`)
}

function install() {
  const inputs = ['package-lock.json', 'package.json'].map((name) => readFileSync(join(root, name)))
  const hash = createHash('sha256').update(Buffer.concat(inputs)).digest('hex')
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === hash) return
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  run('installing packages', 'npm', args, 'check the connection to the npm registry, then run `npm run setup` again')
  writeFileSync(stampPath, hash)
}

function build() {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const startedMs = Date.now()
  const result = spawnSync(tsc, ['-b'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (result.error) fail(`building: ${result.error.message}`, 'remove node_modules and run `npm run setup`')
  if (result.status !== 0) fail('building', 'mend the errors above')
  const tookMs = Date.now() - startedMs
  if (tookMs > 2000) say(`built (${(tookMs / 1000).toFixed(1)} s)`)
}

if (Number(process.versions.node.split('.')[0]) < LEAST_NODE_MAJOR) {
  fail(`Node ${process.versions.node} is too old`, `install Node ${LEAST_NODE_MAJOR} or newer`)
}
install()
build()
