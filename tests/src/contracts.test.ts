import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTests } from '@smartshare/contract-kit'
import { describe, expect, it } from 'vitest'

// The ready contracts with their own tests, which are written in Lua.
const report = runTests(join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'contracts'))

describe.each(report.files.map((file) => [file.path, file.tests] as const))('contracts/%s', (_, tests) => {
  it.each(tests.map((test) => [test.name, test.error] as const))('%s', (_, error) => {
    expect(error).toBeUndefined()
  })
})

describe('the ready contracts', () => {
  it('have no line that their tests leave out', () => {
    expect(report.coverage.filter(({ missed }) => missed.length > 0)).toEqual([])
  })
})
