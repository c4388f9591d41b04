import { existsSync } from 'node:fs'
import { SmartshareError } from '@smartshare/codec'
import { type FileResult, runTests, type TestReport, type TestResult } from '@smartshare/contract-kit'
import type { Command } from 'commander'
import { io } from '../../io.ts'
import { createOutput } from '../../output.ts'
import { examples } from '../../session.ts'

export function addTest(contract: Command): void {
  contract
    .command('test [folder]')
    .description('run the tests (*.test.lua) below a folder, in memory, on the rules of the chain')
    .option('--filter <text>', 'only tests whose name has this text')
    .option('--json', 'print exactly one JSON value')
    .addHelpText('after', examples('smartshare contract test', 'smartshare contract test tip-jar --filter refund'))
    .action(async (folder = '.', { filter, json }: { filter?: string; json?: boolean }) => {
      if (!existsSync(folder)) throw new SmartshareError('CLI_FILE', `there is no folder ${folder}`, { folder })
      const report = await runTests(folder, filter === undefined ? {} : { filter })
      createOutput(json === true).result(report, () => readable(report).join('\n'))
      if (report.failed > 0) io().exitCode = 1
    })
}

function readable(report: TestReport): string[] {
  return [...report.files.flatMap(fileLines), '', ...gasLines(report), ...coverageLines(report), summary(report)]
}

const summary = ({ passed, failed }: TestReport) => `${passed} passed, ${failed} failed`

function fileLines({ path, tests }: FileResult): string[] {
  return [path, ...tests.flatMap(testLines)]
}

function testLines({ name, passed, gas, error }: TestResult): string[] {
  if (passed) return [`  ok    ${name} (${gas} gas)`]
  const where = error?.line === undefined ? '' : ` (line ${error.line})`
  return [
    `  FAIL  ${name}${where}`,
    `        ${error?.message ?? ''}`,
    ...(error?.trace ?? []).map((line) => `        ${line}`),
  ]
}

function gasLines({ gas }: TestReport): string[] {
  if (gas.length === 0) return []
  const rows = gas.map(({ contract, method, calls, least, median, most }) => [
    `${contract}.${method}`,
    ...[calls, least, median, most].map(String),
  ])
  const table = [['gas', 'calls', 'least', 'median', 'most'], ...rows]
  const width = Math.max(...table.map(([name]) => name!.length))
  return [
    ...table.map(([name, ...cells]) => `${name!.padEnd(width)}${cells.map((cell) => cell.padStart(10)).join('')}`),
    '',
  ]
}

function coverageLines({ coverage }: TestReport): string[] {
  return coverage.map(({ path, covered, lines, missed }) => {
    const rest = missed.length === 0 ? '' : `, never line ${missed.join(', ')}`
    return `${path}: ${covered} of ${lines} lines ran${rest}`
  })
}
