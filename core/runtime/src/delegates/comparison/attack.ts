import { compareBytes, sha256 } from '@smartshare/crypto'
import { BACKING_PER_BOND, type Ballot, type Candidate, elect } from '../elimination.ts'
import type { Population } from './population.ts'

// An outsider who wants seats, playing in real counts beside honest holders all that is known to be worth trying.

const NAMES = 10

/** How an attacker places its grains on candidates of its own. */
export const strategies = [
  /** All in bonds. */
  'bonds',
  /** Bonds of a tenth, the rest in ballots of ten neighbours among its own. */
  'neighbours',
  /** Bonds of a tenth, the rest in ballots of one name. */
  'singles',
  /** Ballots name two of its own and eight of the most popular others, to look like theirs and to lean on them. */
  'mimic',
  /** Ballots name two of its own and eight of the weakest others, so that stronger others are taken out in their place. */
  'decoys',
  /** Bonds just enough for seats, all the rest on one candidate that passes it on. */
  'chain',
] as const

export type Strategy = (typeof strategies)[number]

/** The honest holders with an attacker among them who runs so many candidates. */
function withAttacker(honest: Population, strategy: Strategy, grains: bigint, count: number): Population {
  const addresses = Array.from({ length: count }, (_, i) => sha256(new TextEncoder().encode(`attacker ${i}`)))
  const part = grains / BigInt(count)
  const neighbours = (i: number, length: number) => Array.from({ length }, (_, j) => addresses[(i + j) % count]!)
  const bond = strategy === 'bonds' ? part : part / (BACKING_PER_BOND - 1n)
  const own = addresses.map((address, i): Candidate => ({ address, bond, alternates: neighbours(i + 1, NAMES) }))
  const ranking = honest.candidates.map(({ address }) => address)
  const others = (from: readonly Uint8Array[], i: number) =>
    Array.from({ length: NAMES - 2 }, (_, j) => from[(i + j) % from.length]!)
  const ballots: Ballot[] = []
  for (const [i, address] of addresses.entries()) {
    const stake = part - bond
    if (strategy === 'neighbours') ballots.push({ stake, names: neighbours(i, Math.min(NAMES, count)) })
    if (strategy === 'singles') ballots.push({ stake, names: [address] })
    if (strategy === 'chain') ballots.push({ stake, names: [addresses[0]!] })
    if (strategy === 'mimic') {
      ballots.push({ stake, names: [...neighbours(i, 2), ...others(ranking.slice(0, 2 * NAMES), i)] })
    }
    if (strategy === 'decoys') {
      ballots.push({ stake, names: [...neighbours(i, 2), ...others(ranking.slice(-6 * NAMES), i)] })
    }
  }
  return { candidates: [...honest.candidates, ...own], ballots: [...honest.ballots, ...ballots] }
}

/** Seats that the attacker's own candidates win in a real count. */
export function seatsWon(
  honest: Population,
  strategy: Strategy,
  { grains, count, seats }: { grains: bigint; count: number; seats: number },
): number {
  const { candidates, ballots } = withAttacker(honest, strategy, grains, count)
  const own = candidates.slice(honest.candidates.length).map(({ address }) => address)
  const elected = elect(candidates, ballots, seats, seats)
  return elected.filter(({ address }) => own.some((one) => compareBytes(one, address) === 0)).length
}
