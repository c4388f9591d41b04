import { describe, expect, it } from 'vitest'
import { checkModel, missingForSpin, RULES_OFF } from './spin.ts'

const MISSING = missingForSpin()
const SKIPPED = MISSING === undefined ? '' : ` (skipped: there is no ${MISSING}, and npm test could not install it)`
const TIMEOUT_MS = 600_000

describe.skipIf(SKIPPED !== '')(`the model of consensus in SPIN, three slots${SKIPPED}`, () => {
  it('keeps agreement in every state where the traitor leads the first slot', { timeout: TIMEOUT_MS }, () => {
    const { states, complete, violated } = checkModel({ slots: 3, traitor: 0b001 })
    expect(violated).toBeUndefined()
    expect(complete).toBe(true)
    expect(states).toBeGreaterThan(1_000_000)
  })

  it.each(RULES_OFF)('loses agreement with %s', { timeout: TIMEOUT_MS }, (off) => {
    expect(checkModel({ slots: 3, traitor: 0b001, off }).violated).toBeDefined()
  })
})
