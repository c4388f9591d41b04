import { describe, expect, it } from 'vitest'
import { problemOf } from './owner-desk.ts'

const FINE = {
  ...{ sizeBytes: 1000, copies: 2, providers: 2, lockedGrains: 50n, balanceGrains: 50n },
  ...{ freeDiskBytes: 2 ** 30, usedBytes: 0, quotaBytes: undefined },
}

describe('what speaks against an upload', () => {
  it('is nothing where there is money, room and a provider for each copy', () => {
    expect(problemOf(FINE)).toBeUndefined()
    expect(problemOf({ ...FINE, usedBytes: 9000, quotaBytes: 10_000 })).toBeUndefined()
  })

  it('is told by its code before anything is sent', () => {
    expect(problemOf({ ...FINE, providers: 1 })?.code).toBe('AGENT_PROVIDERS')
    expect(problemOf({ ...FINE, usedBytes: 9001, quotaBytes: 10_000 })?.code).toBe('AGENT_QUOTA')
    expect(problemOf({ ...FINE, freeDiskBytes: 1000 })?.code).toBe('STORAGE_FULL')
    expect(problemOf({ ...FINE, balanceGrains: 49n })?.code).toBe('AGENT_MONEY')
  })
})
