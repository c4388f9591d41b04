import { type Population, type PopulationShape, simulatedPopulation } from './population.ts'

const SUPPLY = 10n ** 18n

/** How holders may vote, as far as it is simulated. */
export interface HonestModel {
  readonly name: string
  readonly shape: Omit<PopulationShape, 'grains'>
}

// Bonds are just large enough for the cap not to bind at the stake per seat: a 660th part of what votes.
const base = { candidates: 150, ballots: 400, names: 10, bondPart: 660n, halves: 1 } as const

/** Everybody votes for those they know; nobody knows of the attack. */
export const honestModels: readonly HonestModel[] = [
  { name: 'ten names', shape: base },
  { name: 'even', shape: { ...base, candidates: 110, halves: 0 } },
  { name: 'popular few', shape: { ...base, candidates: 200, halves: 2 } },
  { name: 'steep', shape: { ...base, halves: 3 } },
  { name: 'many candidates', shape: { ...base, candidates: 300, halves: 2 } },
  { name: 'slates', shape: { ...base, candidates: 140, names: 7, halves: 0, slates: true } },
  { name: 'communities', shape: { ...base, candidates: 200, halves: 2, communities: 20 } },
  { name: 'short ballots', shape: { ...base, halves: 2, single: 20, short: 30 } },
  { name: 'silent third', shape: { ...base, silent: 30 } },
  { name: 'short and silent', shape: { ...base, silent: 30, single: 20, short: 30 } },
  { name: 'all silent', shape: { ...base, silent: 100 } },
]

/** Honest holders of a model who vote with so many thousandths of the supply. */
export function honestAt({ shape }: HonestModel, thousandths: bigint, seed = 'seed 1'): Population {
  return simulatedPopulation({ ...shape, grains: (SUPPLY * thousandths) / 1000n }, seed)
}
