/** A source of numbers that are the same for the same seed: the only chance in a simulation. */
export interface Random {
  /** 0 ≤ x < 1. */
  unit(): number
  /** Whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** A source of its own that depends on this one only through its seed. */
  fork(): Random
}

/** Counter-based generator: a Weyl sequence scrambled by the finaliser of MurmurHash3 (public domain constants). */
export function seededRandom(seed: number): Random {
  let counter = Math.imul(seed + 1, 0x9e3779b1) >>> 0
  const next = (): number => {
    counter = (counter + 0x9e3779b9) >>> 0
    let x = counter
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    return (x ^ (x >>> 16)) >>> 0
  }
  const random: Random = {
    unit: () => next() / 2 ** 32,
    between: (least, most) => least + Math.floor((next() / 2 ** 32) * (most - least + 1)),
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (items) => items[next() % items.length]!,
    fork: () => seededRandom(next()),
  }
  return random
}
