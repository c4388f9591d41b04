import { addAmount, mulDiv } from '@smartshare/crypto'
import type { Parameters } from '../parameters.ts'

// What a vote weighs by its age, counted in terms (a day each on the main network).

/** What the weight of votes goes by. */
export type VoteAges = Pick<Parameters, 'voteMaturityTerms' | 'voteFullTerms' | 'voteEndTerms'>

/** Grains of stake by when their voter last voted. */
export interface Part {
  /** Term in which its voter last voted. */
  readonly renewed: number
  /** Terms after that from which on it counts: not 0 while stake is new. */
  readonly delay: number
  grains: bigint
}

/**
 * Grains with which a part counts in an election whose votes are frozen in `term`: nothing before it is mature, all of it until
 * it is `voteFullTerms` old, then less in equal steps, rounded down, and nothing from `voteEndTerms` on.
 */
export function weightOf({ renewed, delay, grains }: Part, term: number, ages: VoteAges): bigint {
  const age = term - renewed
  if (age < delay || age >= ages.voteEndTerms) return 0n
  if (age <= ages.voteFullTerms) return grains
  return mulDiv(grains, BigInt(ages.voteEndTerms - age), BigInt(ages.voteEndTerms - ages.voteFullTerms))
}

/** Grains with which all parts together count. */
export function powerOf(parts: readonly Part[], term: number, ages: VoteAges): bigint {
  return parts.reduce((sum, part) => sum + weightOf(part, term, ages), 0n)
}

/** Stake that somebody added lately: not mature yet, or added in this very term. */
export interface FreshStake {
  /** Term in which it was added, and from which on it counts. */
  term: number
  matures: number
  grains: bigint
}

/** What is still new in a term after `grains` are added: one addition for each term until it is mature. */
export function withFresh(
  known: readonly FreshStake[],
  grains: bigint,
  { term, ages }: { term: number; ages: VoteAges },
): FreshStake[] {
  const fresh = known.filter((one) => one.matures > term || one.term >= term)
  if (grains === 0n) return fresh
  const now = fresh.at(-1)
  if (now?.term !== term) return [...fresh, { term, matures: term + ages.voteMaturityTerms, grains }]
  return [...fresh.slice(0, -1), { ...now, grains: addAmount(now.grains, grains) }]
}

/** What is still new after `grains` were taken away: the newest go first. */
export function withoutFresh(known: readonly FreshStake[], grains: bigint): FreshStake[] {
  let left = grains
  const kept: FreshStake[] = []
  for (const one of known.toReversed()) {
    const taken = one.grains < left ? one.grains : left
    left -= taken
    if (one.grains > taken) kept.unshift({ ...one, grains: one.grains - taken })
  }
  return kept
}
