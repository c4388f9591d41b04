import { contractErrors } from './contract-errors.ts'
import { delegateErrors } from './delegate-errors.ts'
import type { ErrorTable } from './error-table.ts'
import { indexErrors } from './index-errors.ts'
import { lvmErrors } from './lvm-errors.ts'
import { moneyErrors } from './money-errors.ts'
import { nodeErrors } from './node-errors.ts'
import { serviceErrors } from './service-errors.ts'
import { toolErrors } from './tool-errors.ts'

/** Every code that Smartshare throws: why it happens, and what helps. docs/errors.md shows this table. */
export const errorCatalogue: ErrorTable = {
  ...contractErrors,
  ...delegateErrors,
  ...indexErrors,
  ...lvmErrors,
  ...moneyErrors,
  ...nodeErrors,
  ...serviceErrors,
  ...toolErrors,
}

/** What helps against an error with this code. */
export function cureOf(code: string): string {
  return (
    (Object.hasOwn(errorCatalogue, code) ? errorCatalogue[code]?.[1] : undefined) ??
    'See docs/errors.md of the version that the node runs.'
  )
}

/** The catalogue as a page: what docs/errors.md holds. */
export function errorPage(): string {
  const rows = Object.keys(errorCatalogue)
    .sort()
    .map((code) => `| \`${code}\` | ${errorCatalogue[code]![0]} | ${errorCatalogue[code]![1]} |`)
  return [
    '# Errors',
    '',
    'Every error has a stable code. This page is made from `core/codec/src/errors/`; a test keeps the two and the code together.',
    '',
    '| code | cause | cure |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
