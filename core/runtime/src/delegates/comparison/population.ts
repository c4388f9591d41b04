import { sha256 } from '@smartshare/crypto'
import type { Ballot, Candidate } from '../elimination.ts'

// Honest holders for simulations, drawn by whole numbers alone, so that every machine draws the same.

export interface Population {
  readonly candidates: readonly Candidate[]
  readonly ballots: readonly Ballot[]
}

/** What simulated holders look like. */
export interface PopulationShape {
  readonly candidates: number
  readonly ballots: number
  /** Grains that vote, bonds included; each candidate's bond is this divided by `bondPart`. */
  readonly grains: bigint
  readonly bondPart: bigint
  /** A candidate's popularity falls as its rank to the power of -`halves` / 2. */
  readonly halves: 0 | 1 | 2 | 3
  /** Names of a whole ballot. */
  readonly names: number
  /** Hundredths of ballots that have one name only, and that have two to five. */
  readonly single?: number
  readonly short?: number
  /** Voters and candidates belong to so many groups and take four of five names from their own. */
  readonly communities?: number
  /** All voters name one of several lists of neighbours, which have no name in common. */
  readonly slates?: boolean
  /** Hundredths of candidates that name no alternates. */
  readonly silent?: number
}

const WHOLE_BALLOT = 10
const OWN_OF_FIVE = 4
const MOST_DRAWS = 1_000

/** Holders of equal stake; the same for the same shape and seed. */
export function simulatedPopulation(shape: PopulationShape, seed: string): Population {
  const { communities = 0, slates = false, single = 0, short = 0, silent = 0 } = shape
  const bond = shape.grains / shape.bondPart
  const addresses = Array.from({ length: shape.candidates }, (_, i) => numbered('candidate', i))
  const stake = (shape.grains - bond * BigInt(shape.candidates)) / BigInt(shape.ballots)
  const draw = draws(seed)
  const weights = addresses.map((_, i) => weightOf(shape.halves, BigInt(i + 1)))
  const everybody = addresses.map((_, i) => i)
  const groups = Array.from({ length: communities }, (_, group) => everybody.filter((i) => i % communities === group))
  const sums = new Map<readonly number[], number>(
    [everybody, ...groups].map((from) => [from, from.reduce((sum, i) => sum + weights[i]!, 0)]),
  )
  const pick = (from: readonly number[]): number => {
    let at = draw() % sums.get(from)!
    return from.find((i) => {
      at -= weights[i]!
      return at < 0
    })!
  }
  const namesOf = (count: number, home: number, self?: number): Uint8Array[] => {
    const names = new Set<number>()
    for (let i = 0; i < MOST_DRAWS && names.size < Math.min(count, shape.candidates - 1); i++) {
      const group = groups[home % Math.max(1, communities)]
      const name = pick(group !== undefined && i < 50 && draw() % 5 < OWN_OF_FIVE ? group : everybody)
      if (name !== self) names.add(name)
    }
    return [...names].map((i) => addresses[i]!)
  }
  const candidates = addresses.map((address, i) => {
    const alternates = draw() % 100 < silent ? [] : namesOf(WHOLE_BALLOT, i, i)
    return { address, bond, alternates }
  })
  const ballots = Array.from({ length: shape.ballots }, (_, at) => {
    if (slates) {
      const first = (at % Math.ceil(shape.candidates / shape.names)) * shape.names
      return { stake, names: addresses.slice(first, first + shape.names) }
    }
    const kind = draw() % 100
    const count = kind < single ? 1 : kind < single + short ? 2 + (draw() % 4) : shape.names
    return { stake, names: namesOf(count, draw()) }
  })
  return { candidates, ballots }
}

/** In millionths of the weight of the most popular one. */
function weightOf(halves: number, rank: bigint): number {
  // The largest w with w² · rank^halves ≤ 10^12.
  let root = 0n
  for (let step = 1n << 20n; step > 0n; step >>= 1n) {
    if ((root + step) * (root + step) * rank ** BigInt(halves) <= 10n ** 12n) root += step
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
