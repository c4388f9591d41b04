import {
  type DelegateSet,
  firstAccumulator,
  type Header,
  headerHash,
  nextAccumulator,
  revealHash,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import type { SignatureScheme } from './config.ts'
import { type Ancestor, latestBefore, orderOfRound, seedOfNextTerm, seedOfRound } from './order.ts'

/** What one header came to. */
export interface CheckedTurn {
  /** The seat whose turn it was, and which made the block. */
  readonly leader: number
  /** Seats whose turns since the parent brought no final block, in the order of the slots. */
  readonly missed: readonly number[]
}

/** Where a `TurnChecker` stands: what it needs to go on. */
export interface TurnState {
  readonly set: DelegateSet
  readonly early: Uint8Array
  readonly head: Uint8Array
  readonly height: number
  /** The last block and the ancestors that still matter, the oldest first. */
  readonly ancestors: readonly { readonly slot: number; readonly accumulator: Uint8Array }[]
}

/**
 * Recomputes from the headers of a chain whose turn each slot was (docs/spec/bytes.md §9). It is given every final header
 * from height 1 on and believes nothing but the sets of the terms; holds two rounds of accumulators.
 */
export class TurnChecker {
  readonly #chainId: Uint8Array
  readonly #scheme: Pick<SignatureScheme, 'verify'>
  #set: DelegateSet
  #early: Uint8Array
  #head: Uint8Array
  #height = 0
  /** The last block as the order of turns sees it, with the ancestors that still matter. */
  #parent: Ancestor
  #order: { readonly round: number; readonly seed: Uint8Array; readonly seats: readonly number[] } | undefined

  /** `set` is that of term 0. */
  constructor(chainId: Uint8Array, set: DelegateSet, scheme: Pick<SignatureScheme, 'verify'>) {
    this.#chainId = chainId
    this.#scheme = scheme
    this.#set = set
    this.#head = chainId
    this.#early = firstAccumulator(chainId)
    this.#parent = { slot: -1, accumulator: this.#early, parent: null }
  }

  /** Goes on where another one stood. */
  static from(chainId: Uint8Array, state: TurnState, scheme: Pick<SignatureScheme, 'verify'>): TurnChecker {
    const checker = new TurnChecker(chainId, state.set, scheme)
    checker.#early = state.early
    checker.#head = state.head
    checker.#height = state.height
    let parent: Ancestor | null = null
    for (const { slot, accumulator } of state.ancestors) parent = { slot, accumulator, parent }
    if (parent === null) throw new SmartshareError('ROUNDS_CHAIN', 'a state without a last block')
    checker.#parent = parent
    return checker
  }

  /** Where it stands after the last header. */
  get state(): TurnState {
    const ancestors: { slot: number; accumulator: Uint8Array }[] = []
    for (let at: Ancestor | null = this.#parent; at !== null; at = at.parent) {
      ancestors.push({ slot: at.slot, accumulator: at.accumulator })
    }
    const [set, early, head, height] = [this.#set, this.#early, this.#head, this.#height]
    return { set, early, head, height, ancestors: ancestors.reverse() }
  }

  /** The term of the last header. */
  get term(): number {
    return this.#set.term
  }

  /** Height of the last header. */
  get height(): number {
    return this.#height
  }

  /**
   * Checks the header after the last one. `set` is that of its term; it is looked at only when a term begins. Throws
   * ROUNDS_CHAIN if it does not follow, ROUNDS_LEADER if it was not its leader's turn, ROUNDS_REVEAL if the leader's part
   * of the randomness, or what it comes to, is not right.
   */
  next(header: Header, set: DelegateSet): CheckedTurn {
    this.#checkPlace(header)
    if (header.term > this.#set.term) {
      if (set.term !== header.term) throw wrong('ROUNDS_CHAIN', 'the set is that of another term', header)
      this.#beginTerm(set)
    }
    const seats = this.#set.members.length
    if (header.slot <= this.#parent.slot)
      throw wrong('ROUNDS_CHAIN', 'the slot is not after that of the parent', header)
    const missed: number[] = []
    // More slots than this in a row without a block tell nothing new, and a lying node must not keep us busy for ever.
    const from = Math.max(this.#parent.slot + 1, header.slot - MOST_ROUNDS_MISSED * seats)
    for (let slot = from; slot < header.slot; slot++) missed.push(this.#leaderOf(slot))
    const leader = this.#leaderOf(header.slot)
    if (header.leader !== leader) throw wrong('ROUNDS_LEADER', `it was the turn of seat ${leader}`, header)
    this.#checkReveal(header)
    this.#parent = { slot: header.slot, accumulator: header.accumulator, parent: this.#parent }
    this.#forget()
    this.#head = headerHash(header)
    this.#height = header.height
    return { leader, missed }
  }

  #checkPlace(header: Header): void {
    const follows = header.height === this.#height + 1 && equalBytes(header.parent, this.#head)
    const sameTerm = header.term === this.#set.term || (header.term === this.#set.term + 1 && this.#height > 0)
    if (!follows || !sameTerm || !equalBytes(header.chainId, this.#chainId)) {
      throw wrong('ROUNDS_CHAIN', 'the header does not follow the one before', header)
    }
  }

  /** Whose turn a slot is for a block on the last header; `set` is that of the block's term. */
  leaderOf(slot: number, set: DelegateSet): number {
    if (set.term === this.#set.term) return this.#leaderOf(slot)
    const next = TurnChecker.from(this.#chainId, this.state, this.#scheme)
    next.#beginTerm(set)
    return next.#leaderOf(slot)
  }

  #beginTerm(set: DelegateSet): void {
    this.#early = seedOfNextTerm(this.#parent, this.#set.members.length)
    this.#parent = { slot: -1, accumulator: this.#parent.accumulator, parent: null }
    this.#set = set
    this.#order = undefined
  }

  #leaderOf(slot: number): number {
    const seats = this.#set.members.length
    const round = Math.floor(slot / seats)
    const seed = seedOfRound(this.#parent, this.#early, round, seats)
    if (this.#order?.round !== round || !equalBytes(this.#order.seed, seed)) {
      this.#order = { round, seed, seats: orderOfRound(seed, this.#set.term, round, seats) }
    }
    return this.#order.seats[slot % seats] as number
  }

  #checkReveal(header: Header): void {
    const { term, members } = this.#set
    const statement = revealHash(this.#chainId, term, Math.floor(header.slot / members.length))
    const key = (members[header.leader] as { key: Uint8Array }).key
    if (!equalBytes(header.accumulator, nextAccumulator(this.#parent.accumulator, header.reveal))) {
      throw wrong('ROUNDS_REVEAL', 'the accumulator is not that of the parent and the reveal', header)
    }
    if (!this.#holds(key, statement, header.reveal)) {
      throw wrong('ROUNDS_REVEAL', 'the reveal is not the signature of the leader', header)
    }
  }

  #holds(key: Uint8Array, statement: Uint8Array, reveal: Uint8Array): boolean {
    try {
      return this.#scheme.verify(key, statement, reveal)
    } catch {
      return false
    }
  }

  /** Cuts ancestors that no later seed can name: those before the latest one a whole round back. */
  #forget(): void {
    const seats = this.#set.members.length
    const oldest = latestBefore(this.#parent, (Math.floor(this.#parent.slot / seats) - 1) * seats)
    ;(oldest as { parent: Ancestor | null }).parent = null
  }
}

const MOST_ROUNDS_MISSED = 1_000

function wrong(code: string, message: string, { height, term, slot, leader }: Header): SmartshareError {
  return new SmartshareError(code, message, { height, term, slot, leader })
}
