import { type Block, type Certificate, type DelegateSet, type Header, setHash } from '@smartshare/chain'
import { equalBytes, hashTagged } from '@smartshare/crypto'
import { MAX_PAGE_BLOCKS, PAGE_BLOCKS } from '../config.ts'
import type { Verdict } from '../events.ts'

/** Marks a transaction that no honest node finds valid. */
export const INVALID_TRANSACTION = 0xff

export interface ExecutedState {
  readonly height: number
  readonly hash: Uint8Array
  readonly stateRoot: Uint8Array
  readonly rangeRoot: Uint8Array
  readonly term: number
  /** Height of the block on which the term stands. */
  readonly base: number
  /** Outcome of the term's election once it has taken place. */
  readonly nextSet: DelegateSet | null
}

/** The smallest state machine that consensus can tell apart: a chain of hashes with an election in it. */
export class Ledger {
  readonly states: ExecutedState[]
  readonly #termHeights: number
  readonly #elect: (seed: Uint8Array, term: number) => DelegateSet

  constructor(genesis: ExecutedState, termHeights: number, elect: (seed: Uint8Array, term: number) => DelegateSet) {
    this.states = [genesis]
    this.#termHeights = termHeights
    this.#elect = elect
  }

  get height(): number {
    return this.states.length - 1
  }

  at(height: number): ExecutedState {
    return this.states[height]!
  }

  /** Executes the next final block. */
  execute(hash: Uint8Array, header: Header): ExecutedState {
    const before = this.at(this.height)
    const isNew = header.term !== before.term
    const base = isNew ? before.height : before.base
    const stateRoot = hashTagged('receipt', before.stateRoot, hash)
    const rangeRoot = hashTagged('event', before.rangeRoot, stateRoot)
    const elected = isNew ? null : before.nextSet
    const isDue = elected === null && header.height >= base + this.#termHeights / 2
    const nextSet = isDue ? this.#elect(stateRoot, header.term + 1) : elected
    const after = { height: header.height, hash, stateRoot, rangeRoot, term: header.term, base, nextSet }
    this.states.push(after)
    return after
  }

  /** Falls back to an earlier height, as after a crash before a commit. */
  rollBack(height: number): void {
    this.states.length = Math.min(this.states.length, height + 1)
  }

  /** `nextSet` of a header of `term` that names this height. */
  nextSetHash(rootHeight: number, term: number): Uint8Array | null {
    const { nextSet, term: termOfRoot } = this.at(rootHeight)
    return termOfRoot === term && nextSet !== null ? setHash(nextSet) : null
  }

  judge(block: Block): Verdict {
    const { header, rootCertificate } = block
    if (header.rootHeight > this.height) return 'later'
    const root = this.at(header.rootHeight)
    if (!equalBytes(root.stateRoot, header.stateRoot) || !equalBytes(root.rangeRoot, header.rangeRoot)) return 'invalid'
    if (rootCertificate !== null && !equalBytes(rootCertificate.value, root.hash)) return 'invalid'
    const nextSet = this.nextSetHash(header.rootHeight, header.term)
    if ((nextSet === null) !== (header.nextSet === null)) return 'invalid'
    if (nextSet !== null && !equalBytes(nextSet, header.nextSet!)) return 'invalid'
    return block.transactions.some((transaction) => transaction[0] === INVALID_TRANSACTION) ? 'invalid' : 'valid'
  }
}

/** A block that a node holds as final. */
export interface FinalBlock {
  readonly hash: Uint8Array
  readonly block: Block
  readonly certificate: Certificate | null
}

/** Blocks of a page from the block log: from a height on, of one term, ending with one that has its own certificate. */
export function pageOf(finals: readonly FinalBlock[], term: number, fromHeight: number): FinalBlock[] {
  const page: FinalBlock[] = []
  for (let height = fromHeight; height <= finals.length && page.length < MAX_PAGE_BLOCKS; height++) {
    const final = finals[height - 1]!
    if (final.block.header.term !== term) break
    page.push(final)
    if (page.length >= PAGE_BLOCKS && final.certificate !== null) break
  }
  while (page.length > 0 && page.at(-1)!.certificate === null) page.pop()
  return page
}
