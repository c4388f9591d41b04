import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { type LuaValue, Machine, type Outcome, textBytes } from '@smartshare/lvm'
import { ContractEngine } from '@smartshare/runtime'
import { executableLines } from './executable-lines.ts'
import {
  type CoverageRow,
  type FileResult,
  GasTable,
  type TestError,
  type TestReport,
  type TestResult,
} from './report.ts'
import { TestSession } from './session.ts'
import { showValue } from './show.ts'
import { testFunctions } from './test-functions.ts'
import { TEST_CHUNK, TEST_PRELUDE } from './test-prelude.ts'
import { Watcher } from './watcher.ts'

/** What the Lua of one test may take: some seconds. What it does on the chain costs gas, and none of this. */
const TEST_FUEL = 4_000_000_000
const TEST_ENDING = '.test.lua'
const MAX_FILES = 1_000

export interface RunOptions {
  /** Runs only tests whose path or name holds this. */
  readonly filter?: string
  /** Runs all tests a second time to see which lines of contracts ran and where calls failed; true if not said. */
  readonly watch?: boolean
}

/**
 * Runs every `*.test.lua` below a folder, each test on a chain of its own in memory. Gas is measured as the chain charges it.
 * Throws KIT_NO_TESTS if there is nothing to run, KIT_FILE if a file cannot be read.
 */
export function runTests(folder: string, { filter = '', watch = true }: RunOptions = {}): TestReport {
  const sources = luaFiles(folder)
  const paths = sources.filter((path) => path.endsWith(TEST_ENDING))
  const gas = new GasTable()
  const engine = new ContractEngine()
  const files: FileResult[] = []
  const watcher = new Watcher()
  const watchingEngine = new ContractEngine(watcher)
  for (const path of paths) {
    const run = { root: folder, path, filter }
    const tests = runFile(run, () => new TestSession({ engine, gas }))
    if (tests.length === 0) continue
    const watched = watch ? runFile(run, () => new TestSession({ engine: watchingEngine, watcher }), watcher) : []
    files.push({ path: relative(folder, path), tests: tests.map((test, i) => withTrace(test, watched[i])) })
  }
  if (files.length === 0) {
    throw new SmartshareError('KIT_NO_TESTS', `there is no test to run below ${folder}`)
  }
  const all = files.flatMap(({ tests }) => tests)
  const passed = all.filter((test) => test.passed).length
  const contracts = sources.filter((path) => !path.endsWith(TEST_ENDING))
  const coverage = watch ? contracts.flatMap((path) => coverageOf(folder, path, watcher, filter !== '')) : []
  return { files, passed, failed: all.length - passed, gas: gas.summary(), coverage }
}

/** Files of Lua below a folder, sorted. */
function luaFiles(folder: string): string[] {
  const found: string[] = []
  const visit = (at: string) => {
    for (const name of readdirSync(at).sort()) {
      if (name.startsWith('.') || name === 'node_modules') continue
      const path = join(at, name)
      if (statSync(path).isDirectory()) visit(path)
      else if (name.endsWith('.lua')) found.push(path)
    }
  }
  try {
    visit(folder)
  } catch (error) {
    throw new SmartshareError('KIT_FILE', `${folder} cannot be read: ${(error as Error).message}`)
  }
  if (found.length > MAX_FILES)
    throw new SmartshareError('KIT_LIMIT', `at most ${MAX_FILES} files of Lua are looked at`)
  return found
}

interface FileRun {
  readonly root: string
  readonly path: string
  readonly filter: string
}

/** Runs the tests of one file. A file that does not load, or declares nothing, is one failed test. */
function runFile({ root, path, filter }: FileRun, begin: () => TestSession, watcher?: Watcher): TestResult[] {
  const shown = relative(root, path)
  let session: TestSession | undefined
  const current = () => {
    session ??= begin()
    return session
  }
  const machine = new Machine(testFunctions(current, { root, folder: dirname(path) }), { traces: true })
  const prelude = machine.load(textBytes(TEST_PRELUDE), TEST_FUEL, TEST_CHUNK)
  if (!prelude.done) throw prelude.error
  const dispatcher = prelude.reference as number
  const loaded = machine.load(readFileSync(path), TEST_FUEL, basename(path))
  if (!loaded.done) return [{ name: '(file)', passed: false, error: errorOf(loaded, basename(path)), gas: 0 }]
  const image = machine.image()
  const listed = machine.call(dispatcher, [textBytes('list')], TEST_FUEL)
  if (!listed.done) throw listed.error
  const names = (listed.values[0] as Uint8Array[]).map((name) => new TextDecoder().decode(name))
  if (names.length === 0) {
    const error = { message: "the file declares no test: test('name', function() … end)" }
    return [{ name: '(file)', passed: false, error, gas: 0 }]
  }
  return names.flatMap((name, i): TestResult[] => {
    if (!shown.includes(filter) && !name.includes(filter)) return []
    session = undefined
    machine.restore(image)
    const outcome = machine.call(dispatcher, [textBytes('run'), BigInt(i + 1)], TEST_FUEL)
    const gas = (session as TestSession | undefined)?.gasUsed ?? 0
    if (outcome.done) return [{ name, passed: true, gas }]
    const error = errorOf(outcome, basename(path))
    const trace = session === undefined ? [] : traceOf(session, error.message, watcher)
    return [{ name, passed: false, gas, error: trace.length === 0 ? error : { ...error, trace } }]
  })
}

/** Where the contract was, if it is a contract's failure that ended the test. */
function traceOf(session: TestSession, message: string, watcher: Watcher | undefined): string[] {
  // Lua cuts long messages.
  if (watcher === undefined || session.failure === '' || !session.failure.startsWith(message)) return []
  const show = (value: LuaValue) => showValue(value, (address) => session.nameOf(address))
  return watcher.explain((contract) => session.sourceOf(contract), show)
}

/** What a test's failure says, without the place that stands before it, and its line in the file. */
function errorOf(outcome: Outcome & { readonly done: false }, file: string): TestError {
  if (outcome.error.code === 'LVM_FUEL') return { message: 'the test does not end' }
  const { message } = outcome.error
  const place = `${file}:`
  const traced = outcome.trace?.split('\n').find((line) => line.startsWith(`\t${place}`))
  const [, inTrace] = traced === undefined ? [] : (/:(\d+): in /.exec(traced) ?? [])
  const [whole, inMessage] = message.startsWith(place) ? (/^(\d+): /.exec(message.slice(place.length)) ?? []) : []
  const line = inMessage ?? inTrace
  const text = whole === undefined ? message : message.slice(place.length + whole.length)
  return line === undefined ? { message: text } : { message: text, line: Number(line) }
}

/** Both runs fail alike; only the one that watched knows where. */
function withTrace(test: TestResult, watched: TestResult | undefined): TestResult {
  const trace = watched?.error?.trace
  if (test.error === undefined || trace === undefined) return test
  return { ...test, error: { ...test.error, trace } }
}

function coverageOf(root: string, path: string, watcher: Watcher, isPart: boolean): CoverageRow[] {
  const shown = relative(root, path)
  const ran = watcher.covered.get(shown)
  // A run of a part of the tests says nothing about files that it did not touch.
  if (ran === undefined && isPart) return []
  const lines = executableLines(readFileSync(path, 'utf8'))
  const missed = lines.filter((line) => !ran?.has(line))
  return [{ path: shown, covered: lines.length - missed.length, lines: lines.length, missed }]
}
