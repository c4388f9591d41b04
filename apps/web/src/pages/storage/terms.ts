const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** How long files may be stored, as people say it. */
const SPANS_MS = [HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS, 365 * DAY_MS]
const USUAL_MS = 30 * DAY_MS
/** The chain knows no longer term. */
const MAX_PERIODS = 3660

/** Terms to choose from on a network with such periods, in periods, and which of them is usual. */
export function termsOf(periodMs: number): { readonly choices: readonly number[]; readonly usual: number } {
  const fitting = SPANS_MS.filter((ms) => ms >= periodMs && ms <= periodMs * MAX_PERIODS)
  const spansMs = fitting.length === 0 ? [periodMs * MAX_PERIODS] : fitting
  const periodsOf = (ms: number) => Math.ceil(ms / periodMs)
  const usualMs = spansMs.findLast((ms) => ms <= USUAL_MS) ?? (spansMs[0] as number)
  return { choices: spansMs.map(periodsOf), usual: periodsOf(usualMs) }
}
