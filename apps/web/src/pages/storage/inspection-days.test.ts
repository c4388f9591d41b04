import type { AgentAgreement } from '@smartshare/client'
import { describe, expect, it } from 'vitest'
import type { MoneyEvent } from './history.ts'
import { inspectionDays, midnight } from './inspection-days.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const START_MS = new Date(2026, 2, 2, 12).getTime()

function agreement(next: number, missed: number): AgentAgreement {
  const fromMs = START_MS + next * DAY_MS
  return {
    ...{ agreement: 7, state: 'active', periods: 10, missed, passed: next - missed, startMs: START_MS },
    nextInspection: { inspection: next, fromMs, untilMs: fromMs + HOUR_MS },
  } as AgentAgreement
}

const paid = (inspection: number): MoneyEvent =>
  ({ agreement: 7, kind: 'paid', inspection, timeMs: START_MS + inspection * DAY_MS }) as MoneyEvent

const day = (offset: number) => midnight(START_MS + offset * DAY_MS)

describe('the days of inspections', () => {
  it('hold what was passed, what was missed and what comes', () => {
    const days = inspectionDays([agreement(3, 1)], [paid(0), paid(2)], DAY_MS)
    expect(days.get(day(0))).toEqual({ dayMs: day(0), passed: 1, missed: 0, due: 0 })
    expect(days.get(day(1))).toMatchObject({ passed: 0, missed: 1 })
    expect(days.get(day(2))).toMatchObject({ passed: 1, missed: 0 })
    expect(days.get(day(10))).toMatchObject({ due: 1 })
    expect(days.size).toBe(11)
  })

  it('count several of one day together, over all copies', () => {
    const days = inspectionDays([agreement(5, 0), agreement(5, 0)], [], HOUR_MS)
    expect(days.get(day(0))).toEqual({ dayMs: day(0), passed: 10, missed: 0, due: 12 })
  })

  it('never call missed what is only not known', () => {
    expect([...inspectionDays([agreement(3, 1)], null, DAY_MS).values()].every(({ missed }) => missed === 0)).toBe(true)
    const days = inspectionDays([agreement(8, 1)], [paid(6), paid(7)], DAY_MS)
    expect([...days.values()].reduce((sum, { missed }) => sum + missed, 0)).toBe(0)
  })
})
