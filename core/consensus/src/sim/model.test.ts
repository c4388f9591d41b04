import { describe, expect, it } from 'vitest'
import { ALL_RULES } from '../rules.ts'
import { explore } from './model.ts'
import { BROKEN, rulesWithout, SOUND } from './model-plan.ts'

/** States of each bounded exploration; `npm run model` goes on to millions. */
const STATES = 100_000
const TIMEOUT_MS = 300_000

describe('the exploration of all courses with one traitor of four', () => {
  it.each(SOUND)('finds no conflicting certificates with all rules on (%o)', { timeout: TIMEOUT_MS }, (bounds) => {
    const { states, trace } = explore({ ...bounds, rules: ALL_RULES, mostStates: STATES })
    expect(trace).toBeNull()
    expect(states).toBeGreaterThan(STATES)
  })

  it('comes to an end with one slot, where every state is seen', { timeout: TIMEOUT_MS }, () => {
    const bounds = { traitorTurn: 0, slots: 1, variants: 2, restarts: 1, mostStates: 1_000_000 }
    const report = explore({ ...bounds, rules: ALL_RULES })
    expect(report.trace).toBeNull()
    expect(report.complete).toBe(true)
  })

  it.each(Object.entries(BROKEN))(
    'finds a way to conflicting certificates without %s',
    { timeout: TIMEOUT_MS },
    (rule, bounds) => {
      const { trace } = explore({ ...bounds, rules: rulesWithout(rule) })
      expect(trace?.length).toBeGreaterThan(2)
    },
  )
})
