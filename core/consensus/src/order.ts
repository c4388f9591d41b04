import { array, encode, uint } from '@smartshare/codec'
import { hashTagged } from '@smartshare/crypto'

const counterSchema = array(uint(), 3, 3)
/** Bytes of the hash that choose a place: 128 bits, so that the remainder is even to 2^-120. */
const CHOICE_BYTES = 16

/** The seats of a round in the order of their turns: Fisher–Yates by hashes of the seed (docs/spec/bytes.md §9). */
export function orderOfRound(seed: Uint8Array, term: number, round: number, seats: number): number[] {
  const order = Array.from({ length: seats }, (_, seat) => seat)
  for (let i = seats - 1; i >= 1; i--) {
    const hash = hashTagged('order', seed, encode(counterSchema, [term, round, i]))
    let number = 0n
    for (let at = 0; at < CHOICE_BYTES; at++) number = (number << 8n) | BigInt(hash[at]!)
    const j = Number(number % BigInt(i + 1))
    const seat = order[i]!
    order[i] = order[j]!
    order[j] = seat
  }
  return order
}

/** A block as far as the order of turns sees it. */
export interface Ancestor {
  /** −1 for the block on which the term stands. */
  readonly slot: number
  readonly accumulator: Uint8Array
  readonly parent: Ancestor | null
}

/**
 * Seed of a round for a proposal on `parent` (docs/spec/bytes.md §9): it depends only on the proposal's own ancestors, never
 * on what a node happens to know to be final. `early` is the seed of rounds 0 and 1.
 */
export function seedOfRound(parent: Ancestor, early: Uint8Array, round: number, seats: number): Uint8Array {
  if (round < 2) return early
  return latestBefore(parent, (round - 1) * seats).accumulator
}

/** Seed of rounds 0 and 1 of the term that stands on `terminal`, the last block of a term of `seats` seats. */
export function seedOfNextTerm(terminal: Ancestor, seats: number): Uint8Array {
  return latestBefore(terminal, terminal.slot - seats + 1).accumulator
}

/** The latest of `block` and its ancestors with a slot below `slot`, or the block on which the term stands. */
export function latestBefore<A extends Ancestor>(block: A, slot: number): A {
  let at: A = block
  while (at.slot >= slot && at.parent !== null) at = at.parent as A
  return at
}
