// `npm test`: style, dead code, types of the tests, then every test. Prints `tests: N passed, N failed` last.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CHECKS = [
  ['style (biome)', 'biome', ['check', '.']],
  ['dead code (knip)', 'knip', ['--no-progress']],
  ['types of tests (tsc)', 'tsc', ['-p', 'tsconfig.tests.json']],
]

/** Those that a machine cannot run are few; with a filter (`-t`) all others are skipped. */
const MOST_SKIPPED_SHOWN = 20
const isSkip = (status) => status === 'skipped' || status === 'pending'

let failedChecks = 0
const checks = CHECKS.map(async ([name, command, args]) => {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  // A command that cannot be started ends with an error and no code.
  const [code] = await once(child, 'close').catch(() => [1])
  if (code !== 0) failedChecks += 1
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
})
await Promise.all(checks)

const folder = mkdtempSync(join(tmpdir(), 'smartshare-test-'))
const report = join(folder, 'report.json')
const result = spawnSync(
  'vitest',
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
let passed = 0
let failed = result.status === 0 ? 0 : 1
try {
  const summary = JSON.parse(readFileSync(report, 'utf8'))
  passed = summary.numPassedTests
  // A suite that could not even be loaded counts as a failure although none of its tests ran.
  failed = Math.max(failed, summary.numFailedTests, summary.numFailedTestSuites > 0 ? 1 : 0)
  const skipped = summary.testResults.flatMap((file) => file.assertionResults).filter(({ status }) => isSkip(status))
  for (const { fullName } of skipped.slice(0, MOST_SKIPPED_SHOWN)) console.log(`skipped ${fullName}`)
  if (skipped.length > MOST_SKIPPED_SHOWN) console.log(`skipped ${skipped.length - MOST_SKIPPED_SHOWN} more`)
} catch (error) {
  console.error(`no test report: ${error.message}`)
  failed = Math.max(failed, 1)
}
rmSync(folder, { recursive: true })
if (passed === 0) failed = Math.max(failed, 1)
failed += failedChecks
console.log(`tests: ${passed + CHECKS.length - failedChecks} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
