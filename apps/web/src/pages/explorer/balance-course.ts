/** SSP that came (positive) or went at a moment, fees included. */
interface Change {
  readonly height: number
  readonly timeMs: number
  readonly grains: bigint
}

interface Transfer {
  readonly height: number
  readonly timeMs: number
  readonly from: string | null
  readonly to: string | null
  readonly amount: bigint
}

interface Paid {
  readonly height: number
  readonly timeMs: number
  readonly payer: string
  readonly feeGrains: bigint
}

/** What changed a balance, the latest first: transfers of it and fees that it paid. */
export function changesOf(address: string, transfers: readonly Transfer[], paid: readonly Paid[]): Change[] {
  const moved = transfers.map(({ height, timeMs, from, to, amount }) => ({
    height,
    timeMs,
    grains: (to === address ? amount : 0n) - (from === address ? amount : 0n),
  }))
  const fees = paid
    .filter(({ payer }) => payer === address)
    .map(({ height, timeMs, feeGrains }) => ({ height, timeMs, grains: -feeGrains }))
  return [...moved, ...fees].sort((a, b) => b.height - a.height)
}

/** The balance after each moment, walked back from the present one; ascending in time. `sinceHeight`: nothing before is known. */
export function courseOf(changes: readonly Change[], grains: bigint, nowMs: number, sinceHeight: number) {
  const byTime = new Map<number, bigint>([[nowMs, grains]])
  let balance = grains
  for (const { height, timeMs, grains: change } of changes) {
    if (height < sinceHeight) break
    // The latest of a moment counts: it stands first.
    if (!byTime.has(timeMs)) byTime.set(timeMs, balance)
    balance -= change
  }
  return [...byTime].sort(([a], [b]) => a - b)
}
