import { BACKING_PER_BOND, elect } from '../elimination.ts'
import { backingAt, elect as electByPhragmen } from './phragmen.ts'
import type { Population } from './population.ts'

// What backs the seats of the same holders under three ways of counting, the largest first. For all of them an outsider
// takes m of n seats with m times what backs the others' seat n - m + 1 (`leastAttack`).

/** By elimination with balanced support, as the chain counts. */
export function backingsByElimination({ candidates, ballots }: Population, seats: number): bigint[] {
  return elect(candidates, ballots, seats).map(({ backing }) => backing)
}

/** By sequential Phragmén: a seat that is paid at time t is backed with 1 / t. */
export function backingsByPhragmen({ candidates, ballots }: Population, seats: number): bigint[] {
  return electByPhragmen(candidates, ballots, seats).map(({ time }) => backingAt(time))
}

/** By plain counting: each ballot's stake cut evenly, ten bonds the cap. */
export function backingsByCounting({ candidates, ballots }: Population, seats: number): bigint[] {
  const votes = new Map(candidates.map(({ address, bond }) => [String(address), bond]))
  for (const { stake, names } of ballots) {
    const part = stake / BigInt(names.length)
    for (const name of names) votes.set(String(name), (votes.get(String(name)) ?? 0n) + part)
  }
  return candidates
    .map(({ address, bond }) => {
      const all = votes.get(String(address)) ?? 0n
      return all < bond * BACKING_PER_BOND ? all : bond * BACKING_PER_BOND
    })
    .sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
    .slice(0, seats)
}
