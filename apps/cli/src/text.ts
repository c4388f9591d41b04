import { SmartshareError } from '@smartshare/codec'
import { formatAmount, SSP_DECIMALS } from '@smartshare/crypto'

/** Grains as people read them: "12.5 SSP". */
export function sspText(grains: bigint): string {
  return `${formatAmount(grains, SSP_DECIMALS)} SSP`
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a length of time like 90s, 30m, 24h or 7d. Throws USAGE. */
export function durationMs(text: string): number {
  const [, count, unit] = /^([1-9][0-9]{0,6})([smhd])$/.exec(text) ?? []
  const unitMs = UNIT_MS[unit ?? '']
  if (count === undefined || unitMs === undefined) {
    throw new SmartshareError('USAGE', `${text} is no length of time: write it like 90s, 30m, 24h or 7d`)
  }
  return Number(count) * unitMs
}

/** A table of left-aligned columns under a head; "nothing" in words if it has no rows. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[], nothing: string): string {
  if (rows.length === 0) return nothing
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Facts one under the other: "name  value". */
export function factsText(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/** A time in UTC, to the second. */
export function timeText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
