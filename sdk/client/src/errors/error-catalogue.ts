import { SmartshareError } from '@smartshare/codec'
import type { ErrorTable } from './error-table.ts'
import { moneyErrors } from './money-errors.ts'
import { nodeErrors } from './node-errors.ts'
import { serviceErrors } from './service-errors.ts'
import { toolErrors } from './tool-errors.ts'

/** Every code that Smartshare throws: why it happens, and what helps. docs/errors.md shows this table. */
export const errorCatalogue: ErrorTable = { ...moneyErrors, ...nodeErrors, ...serviceErrors, ...toolErrors }

/** An error as people and programs are told of it. */
export interface ExplainedError {
  readonly code: string
  readonly message: string
  readonly cure: string
}

/** Code, message and cure of whatever was thrown. */
export function explainError(error: unknown): ExplainedError {
  if (!SmartshareError.is(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return { code: 'INTERNAL', message, cure: errorCatalogue.INTERNAL![1] }
  }
  const cure = errorCatalogue[error.code]?.[1] ?? 'See docs/errors.md of the version that the node runs.'
  return { code: error.code, message: error.message, cure }
}

/** The catalogue as a page: what docs/errors.md holds. */
export function errorPage(): string {
  const rows = Object.keys(errorCatalogue)
    .sort()
    .map((code) => `| \`${code}\` | ${errorCatalogue[code]![0]} | ${errorCatalogue[code]![1]} |`)
  return [
    '# Errors',
    '',
    'Every error has a stable code. This page is made from `sdk/client/src/errors/`; a test keeps the two and the code together.',
    '',
    '| code | cause | cure |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
