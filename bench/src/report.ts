/** One measured figure, with what stands beside it in the same run. */
export interface Figure {
  readonly bench: string
  readonly metric: string
  readonly unit: string
  readonly value: number
  readonly peer?: string
  readonly peerValue?: number
  readonly ratio?: number
}

export type Report = (figure: Figure) => void

/** A figure with the physical limit or the peer that was measured in the same run. */
export function beside(figure: Figure, peer: string, peerValue: number): Figure {
  return { ...figure, peer, peerValue, ratio: figure.value / peerValue }
}

/** Milliseconds that this process computed, in all of its threads; other programs of the machine do not count. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** As one line for people. */
export function readable({ bench, metric, unit, value, peer, peerValue, ratio }: Figure): string {
  const figure = `${bench.padEnd(10)} ${metric.padEnd(28)} ${short(value).padStart(12)} ${unit.padEnd(8)}`
  if (peer === undefined || peerValue === undefined) return figure
  return `${figure} beside ${peer}: ${short(peerValue)} ${unit}, ratio ${short(ratio ?? Number.NaN)}`
}

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
