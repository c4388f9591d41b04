import { describe, expect, it } from 'vitest'
import { termsOf } from './terms.ts'

const DAY_MS = 86_400_000

describe('the terms to choose from', () => {
  it('are days to a year on the main network, a month usually', () => {
    expect(termsOf(DAY_MS)).toEqual({ choices: [1, 7, 30, 90, 365], usual: 30 })
  })

  it('are never longer than the chain knows, whatever the length of a period', () => {
    expect(termsOf(20_000)).toEqual({ choices: [180, 1080], usual: 1080 })
    expect(termsOf(100).choices).toEqual([3660])
    expect(termsOf(400 * DAY_MS)).toEqual({ choices: [3660], usual: 3660 })
  })
})
