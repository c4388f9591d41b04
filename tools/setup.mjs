// Brings a checkout from "just cloned" to "ready": installs when the lock changed, builds what changed. With the word
// `tests` it also sees to it that the programs of Debian that tests run are there, where it can.
// Plain JavaScript with built-ins only, because its first run is on whatever Node (>= 20) the machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleCommand } from './bundle.mjs'
import { buildLvm } from './lvm/build.mjs'
import { buildWeb } from './web.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampPath = join(root, 'node_modules', '.smartshare-installed')
const LEAST_NODE_MAJOR = 20
/** Programs that tests run, and the packages of Debian that bring them; the tests look for them there too. */
const PROGRAMS = [
  { path: '/usr/bin/chromium', packages: ['chromium'] },
  { path: '/usr/bin/spin', packages: ['spin'] },
  { path: '/usr/bin/gcc', packages: ['gcc', 'libc6-dev'] },
  { path: '/usr/lib/postgresql', packages: ['postgresql'] },
]
const APT_GET = '/usr/bin/apt-get'
/** Some 100 MiB are to be downloaded and 400 MiB unpacked. */
const APT_TIMEOUT_MS = 600_000
/** Another apt may be at work on this machine. */
const APT_LOCK_SECONDS = 120

/** Prints to standard error: standard output belongs to the command that runs after the set-up. */
function say(text) {
  process.stderr.write(`setup: ${text}\n`)
}

function fail(text, cure) {
  say(`failed: ${text}`)
  say(`cure: ${cure}`)
  process.exit(1)
}

function run(what, command, args, cure, options = {}) {
  const startedMs = Date.now()
  say(`${what} …`)
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options })
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

/** Tests of a program are skipped, and say so, where it is absent and this user cannot install it. */
function installPrograms() {
  const missing = PROGRAMS.filter(({ path }) => !existsSync(path))
  if (missing.length === 0) return
  const packages = missing.flatMap((program) => program.packages)
  const reason = whyNotInstallable(packages)
  if (reason !== undefined) {
    say(`tests of ${packages.join(', ')} will be skipped: ${reason}`)
    return
  }
  const cure = 'check the connection to the archive of Debian; `node tools/test.mjs` tests without these programs'
  const options = { timeout: APT_TIMEOUT_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  const apt = ['-q', '-y', '-o', `DPkg::Lock::Timeout=${APT_LOCK_SECONDS}`]
  run('reading the list of packages of the system (apt-get)', APT_GET, [...apt, 'update'], cure, options)
  const words = [...apt, 'install', '--no-install-recommends', ...packages]
  run(
    `installing ${packages.join(', ')} for tests (apt-get; Chromium takes some 400 MiB)`,
    APT_GET,
    words,
    cure,
    options,
  )
  for (const { path } of missing) if (!existsSync(path)) fail(`there is still no ${path}`, cure)
}

/** Undefined if this user can install packages of the system. */
function whyNotInstallable(packages) {
  if (process.getuid?.() !== 0) return `only root can install them; ask for the packages ${packages.join(' ')}`
  try {
    accessSync(APT_GET, constants.X_OK)
  } catch {
    return 'this system has no apt-get'
  }
  return undefined
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

async function buildMachine() {
  try {
    if (await buildLvm()) say('built the Lua machine')
  } catch (error) {
    fail(`building the Lua machine: ${error.message}`, 'remove node_modules and run `npm run setup`')
  }
}

function buildApp() {
  try {
    if (buildWeb(root)) say('built the web app')
  } catch (error) {
    fail(`building the web app: ${error.message}`, 'remove node_modules and run `npm run setup`')
  }
}

function bundle() {
  try {
    if (bundleCommand(root)) say('bundled the command')
  } catch (error) {
    fail(`bundling the command: ${error.message}`, 'remove node_modules and run `npm run setup`')
  }
}

if (Number(process.versions.node.split('.')[0]) < LEAST_NODE_MAJOR) {
  fail(`Node ${process.versions.node} is too old`, `install Node ${LEAST_NODE_MAJOR} or newer`)
}
install()
if (process.argv.includes('tests')) installPrograms()
await buildMachine()
build()
bundle()
buildApp()
