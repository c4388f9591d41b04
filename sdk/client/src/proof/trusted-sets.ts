import {
  type Certificate,
  type DelegateSet,
  FINAL,
  type Header,
  headerHash,
  quorum,
  seatsOf,
  setHash,
  statementHash,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { bls, equalBytes } from '@smartshare/crypto'
import { chainIdOf, firstSet, type Genesis } from '@smartshare/runtime'

/** How the set of a term was seated: a certified header of the term before names its hash. */
export interface HandOver {
  readonly set: DelegateSet
  readonly header: Header
  readonly certificate: Certificate
}

/**
 * The delegate sets that a client may believe, from genesis on. Trust starts with the chain id, which covers the first set;
 * each set vouches for the next (docs/spec/bytes.md §8). Nothing else that a node says is believed.
 */
export class TrustedSets {
  readonly chainId: Uint8Array
  private readonly sets: DelegateSet[]

  constructor(genesis: Genesis) {
    this.chainId = chainIdOf(genesis)
    this.sets = [firstSet(genesis)]
  }

  /** The latest term whose set is known. */
  get term(): number {
    return this.sets.length - 1
  }

  /** Takes the next term's set over. Throws PROOF_*. */
  advance({ set, header, certificate }: HandOver): void {
    if (set.term !== this.term + 1 || header.term !== this.term) {
      throw wrong('PROOF_TERM', `a hand-over to term ${set.term} where term ${this.term + 1} comes next`)
    }
    this.checkFinal(header, certificate)
    if (header.nextSet === null || !equalBytes(header.nextSet, setHash(set))) {
      throw wrong('PROOF_SET', 'the header does not name this set')
    }
    this.sets.push(set)
  }

  /** Checks that a quorum of the header's own term made it final. Throws PROOF_*. */
  checkFinal(header: Header, certificate: Certificate): void {
    if (!equalBytes(header.chainId, this.chainId)) throw wrong('PROOF_OTHER_CHAIN', 'the header is of another network')
    const set = this.sets[header.term]
    if (set === undefined) throw wrong('PROOF_TERM', `the set of term ${header.term} is not known`)
    const { term, slot, kind, value, bitmap, signature } = certificate
    // The last block of a term may be proposed again in later slots, so only the term must be the header's.
    if (kind !== FINAL || term !== header.term || slot < header.slot || !equalBytes(value, headerHash(header))) {
      throw wrong('PROOF_CERTIFICATE', 'the certificate is not a Final one of this header')
    }
    const seats = seatsOf(bitmap, set.members.length)
    if (seats === undefined || seats.length < quorum(set.members.length)) {
      throw wrong('PROOF_QUORUM', 'the certificate does not carry the votes of a quorum')
    }
    const keys = seats.map((seat) => set.members[seat]!.key)
    const message = statementHash({ chainId: this.chainId, term, slot, kind: FINAL, value })
    if (!bls.verifyAggregate(keys, message, signature)) {
      throw wrong('PROOF_SIGNATURE', 'the signature of the certificate does not hold')
    }
  }
}

function wrong(code: string, message: string): SmartshareError {
  return new SmartshareError(code, message)
}
