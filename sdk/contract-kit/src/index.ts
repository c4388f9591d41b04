export type { CoverageRow, FileResult, GasRow, TestError, TestReport, TestResult } from './report.ts'
export { type RunOptions, runTests } from './run-tests.ts'
