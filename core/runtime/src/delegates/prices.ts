// What it costs to buy seats in an election by elimination. An outsider with m candidates and its stake spread evenly
// over them keeps all of them as long as an m-th of the stake is more than what the others' candidate has who is taken
// out when n - m + 1 of them are left: after that only n - m others remain. With less, its m-th is taken out first,
// however bonds and ballots are cut, for support that is not even makes the least of it smaller.

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
