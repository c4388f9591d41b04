import type { AgentAgreement } from '@smartshare/client'
import type { MoneyEvent } from './history.ts'

/** Inspections of one day, over all copies. */
export interface InspectionDay {
  /** Midnight of the reader's zone. */
  readonly dayMs: number
  readonly passed: number
  readonly missed: number
  /** Open now, or still to come. */
  readonly due: number
}

/** Inspections that are laid out; longer terms are cut. */
const MOST_INSPECTIONS = 20_000

/** Midnight of the day of a moment, in the reader's zone. */
export function midnight(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0)
}

/**
 * What was and will be inspected on which day. Without the index (`events` is null) passes are known by their number alone: where
 * none was missed, all before the next were passed; else those are left out.
 */
export function inspectionDays(
  agreements: readonly AgentAgreement[],
  events: readonly MoneyEvent[] | null,
  periodMs: number,
): Map<number, InspectionDay> {
  const days = new Map<number, InspectionDay>()
  let count = 0
  const add = (ms: number, what: 'passed' | 'missed' | 'due'): void => {
    if (++count > MOST_INSPECTIONS) return
    const dayMs = midnight(ms)
    const day = days.get(dayMs) ?? { dayMs, passed: 0, missed: 0, due: 0 }
    days.set(dayMs, { ...day, [what]: day[what] + 1 })
  }
  for (const { agreement, startMs, nextInspection, periods, missed } of agreements) {
    const passes = events?.filter((one) => one.agreement === agreement && one.kind === 'paid')
    const passed = new Set(passes?.map(({ inspection }) => inspection))
    if (startMs === null || nextInspection === null) {
      for (const { timeMs } of passes ?? []) add(timeMs, 'passed')
      continue
    }
    const first = firstKnown(passes, nextInspection.inspection, missed)
    for (let inspection = first; inspection < nextInspection.inspection; inspection++) {
      const isPassed = missed === 0 || passed.has(inspection)
      if (isPassed || events !== null) add(startMs + inspection * periodMs, isPassed ? 'passed' : 'missed')
    }
    for (let inspection = nextInspection.inspection; inspection <= periods; inspection++) {
      add(startMs + inspection * periodMs, 'due')
    }
  }
  return days
}

/** Events before the latest page of them are not read: what was before the first of them cannot be called missed. */
function firstKnown(passes: readonly MoneyEvent[] | undefined, next: number, missed: number): number {
  if (missed === 0 || passes === undefined) return 0
  const known = passes.flatMap(({ inspection }) => inspection ?? [])
  return known.length + missed >= next ? 0 : Math.min(next, ...known)
}
