import { sha256 } from '@smartshare/crypto'
import { type Ballot, backingAt, type Candidate, elect } from './phragmen.ts'

// What it costs to buy seats, and what buyers get under other ways of counting.
//
// The best attack on sequential Phragmén is known exactly. A seat costs one unit, and nobody but the attacker pays for
// its seats: m of them at time t take stake of at least m / t. It has m seats of n only if the others' seat n - m + 1
// was not paid before, so t is at most that seat's time, and the attacker needs m × (what backs that seat). Splitting
// that much evenly into the bonds of m candidates is enough: each is then paid just in time, and the
// cap of ten bonds does not touch it. So no way of cutting ballots and bonds is better.

/**
 * Least grains with which somebody who is not among the voters takes `seats` of `all` seats. `backings` are those of
 * the others' seats as they are elected, the largest first; where they are too few, seats are free for a bond.
 */
export function leastAttack(backings: readonly bigint[], all: number, seats: number, leastBond: bigint): bigint {
  const rival = backings[all - seats] ?? 0n
  return BigInt(seats) * (rival > leastBond ? rival : leastBond)
}

/** Most seats of `all` that an outsider with these grains takes. */
export function seatsFor(backings: readonly bigint[], all: number, grains: bigint, leastBond: bigint): number {
  let seats = 0
  while (seats < all && leastAttack(backings, all, seats + 1, leastBond) <= grains) seats++
  return seats
}

/** A population of honest holders, for simulations. */
export interface Population {
  readonly candidates: readonly Candidate[]
  readonly ballots: readonly Ballot[]
}

/**
 * Whom holders name: a slate of neighbours that many name alike (as wallets and vendors suggest), or candidates drawn one by one,
 * whose popularity does not fall with their rank, falls as 1 / √rank, or as 1 / rank.
 */
export type Popularity = 'slates' | 'even' | 'root' | 'harmonic'

/** What simulated holders look like. */
export interface PopulationShape {
  readonly candidates: number
  readonly ballots: number
  readonly names: number
  readonly popularity: Popularity
  /** Grains that vote, bonds included; each candidate's bond is this divided by `bondPart`. */
  readonly grains: bigint
  readonly bondPart: bigint
}

/** Holders of equal stake, each naming candidates drawn by popularity; the same for the same shape and seed. */
export function simulatedPopulation(shape: PopulationShape, seed: string): Population {
  const bond = shape.grains / shape.bondPart
  const candidates = Array.from({ length: shape.candidates }, (_, i) => ({ address: numbered('candidate', i), bond }))
  const stake = (shape.grains - bond * BigInt(shape.candidates)) / BigInt(shape.ballots)
  const draw = draws(seed)
  const weights = candidates.map((_, i) => weightOf(shape.popularity, BigInt(i + 1)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const pick = () => {
    let at = draw() % total
    return weights.findIndex((weight) => {
      at -= weight
      return at < 0
    })
  }
  const ballots = Array.from({ length: shape.ballots }, (_, at) => {
    if (shape.popularity === 'slates') {
      const slates = Math.ceil(shape.candidates / shape.names)
      const first = (at % slates) * shape.names
      return { stake, names: candidates.slice(first, first + shape.names).map(({ address }) => address) }
    }
    const names = new Set<number>()
    while (names.size < Math.min(shape.names, shape.candidates)) names.add(pick())
    return { stake, names: [...names].map((i) => candidates[i]!.address) }
  })
  return { candidates, ballots }
}

/** Backings of the seats that these holders fill by sequential Phragmén, in order. */
export function proportionalBackings({ candidates, ballots }: Population, seats: number): bigint[] {
  return elect(candidates, ballots, seats).map(({ time }) => backingAt(time))
}

/**
 * Votes of the candidates by plain counting (each ballot's stake cut evenly, ten bonds the cap), the largest first.
 * `leastAttack` holds for them too: the attacker must pass the candidate on place n - m + 1 with each of its m.
 */
export function plainBackings({ candidates, ballots }: Population, seats: number): bigint[] {
  const votes = new Map(candidates.map(({ address, bond }) => [String(address), bond]))
  for (const { stake, names } of ballots) {
    const part = stake / BigInt(names.length)
    for (const name of names) votes.set(String(name), (votes.get(String(name)) ?? 0n) + part)
  }
  return candidates
    .map(({ address, bond }) => {
      const all = votes.get(String(address)) ?? 0n
      return all < bond * 10n ? all : bond * 10n
    })
    .sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
    .slice(0, seats)
}

/** In millionths of the weight of the most popular one; whole numbers alone, so that every machine draws the same. */
function weightOf(popularity: Popularity, rank: bigint): number {
  if (popularity === 'even' || popularity === 'slates') return 1_000_000
  if (popularity === 'harmonic') return Number(1_000_000n / rank)
  let root = 0n
  for (let step = 1n << 20n; step > 0n; step >>= 1n) {
    if ((root + step) * (root + step) * rank <= 10n ** 12n) root += step
  }
  return Number(root)
}

function numbered(kind: string, index: number): Uint8Array {
  return sha256(new TextEncoder().encode(`${kind} ${index}`))
}

/** Numbers below 2^32, each four bytes of a chain of hashes. */
function draws(seed: string): () => number {
  let block = sha256(new TextEncoder().encode(seed))
  let at = 0
  return () => {
    if (at === block.length) {
      block = sha256(block)
      at = 0
    }
    at += 4
    return new DataView(block.buffer, block.byteOffset).getUint32(at - 4)
  }
}
