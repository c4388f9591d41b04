export type { CoverageRow, FileResult, GasRow, TestError, TestReport, TestResult } from './report.ts'
export { type RunOptions, runTests } from './run-tests.ts'
export { type SessionOptions, TestSession, type Who } from './session.ts'
export type { SourceFile } from './watcher.ts'
