import type { Header } from '@smartshare/chain'
import { TurnChecker } from '@smartshare/consensus'
import { fromHex, toHex } from '@smartshare/crypto'

/** Reveals were checked by those who made the block final; here only the order of turns is wanted. */
const TRUSTED = { verify: () => true }
const NO_KEY = new Uint8Array(0)

interface StoredTurns {
  readonly term: number
  readonly members: readonly string[]
  readonly early: string
  readonly head: string
  readonly height: number
  readonly ancestors: readonly (readonly [slot: number, accumulator: string])[]
}

/** Whose turn it was: the set of the term that runs, and where the order of turns stands. */
export class Turns {
  readonly #chainId: Uint8Array
  readonly #checker: TurnChecker
  #term: number
  #members: readonly Uint8Array[]

  private constructor(chainId: Uint8Array, checker: TurnChecker, term: number, members: readonly Uint8Array[]) {
    this.#chainId = chainId
    this.#checker = checker
    this.#term = term
    this.#members = members
  }

  static first(chainId: Uint8Array, members: readonly Uint8Array[]): Turns {
    return new Turns(chainId, new TurnChecker(chainId, setOf(0, members), TRUSTED), 0, members)
  }

  /** What `text` of another one told. */
  static from(chainId: Uint8Array, text: string): Turns {
    const stored = JSON.parse(text) as StoredTurns
    const members = stored.members.map(fromHex)
    const state = {
      set: setOf(stored.term, members),
      early: fromHex(stored.early),
      head: fromHex(stored.head),
      height: stored.height,
      ancestors: stored.ancestors.map(([slot, accumulator]) => ({ slot, accumulator: fromHex(accumulator) })),
    }
    return new Turns(chainId, TurnChecker.from(chainId, state, TRUSTED), stored.term, members)
  }

  get term(): number {
    return this.#term
  }

  /** Addresses of the seats of the term, in their order. */
  get members(): readonly Uint8Array[] {
    return this.#members
  }

  /** A copy that may go on by itself: what is not written in the end must not be remembered. */
  copy(): Turns {
    return Turns.from(this.#chainId, this.text)
  }

  /** A new term begins with the next block. */
  begin(term: number, members: readonly Uint8Array[]): void {
    this.#term = term
    this.#members = members
  }

  /** Seats whose turns brought no final block before this one. Throws ROUNDS_CHAIN, ROUNDS_LEADER for blocks of no chain. */
  next(header: Header): readonly number[] {
    return this.#checker.next(header, setOf(this.#term, this.#members)).missed
  }

  /** For the database. */
  get text(): string {
    const { early, head, height, ancestors } = this.#checker.state
    const stored: StoredTurns = {
      term: this.#term,
      members: this.#members.map(toHex),
      early: toHex(early),
      head: toHex(head),
      height,
      ancestors: ancestors.map(({ slot, accumulator }) => [slot, toHex(accumulator)]),
    }
    return JSON.stringify(stored)
  }
}

function setOf(term: number, members: readonly Uint8Array[]) {
  return { term, members: members.map((address) => ({ address, key: NO_KEY })) }
}
