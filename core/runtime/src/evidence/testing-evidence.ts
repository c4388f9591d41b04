import {
  bitmapOf,
  type Call,
  type Certificate,
  commitmentIn,
  type Evidence,
  encodeEvidence,
  FINAL,
  NO_VALUE,
  SKIP,
  statementHash,
  type Vote,
} from '@smartshare/chain'
import { bls } from '@smartshare/crypto'
import { commitCall } from '../contracts/heavy/testing-heavy.ts'
import { callOf, delegateName, delegateSecret, type TestChain } from '../testing.ts'

// Evidence signed by the delegates of a test chain's first set, for tests.

interface Said {
  readonly term?: number
  readonly slot?: number
  readonly kind?: number
  /** Byte that fills the hash of the block; nothing for Skip. */
  readonly block?: number
  /** Another network, to which the signature belongs. */
  readonly on?: Uint8Array
}

function statementOf(chain: TestChain, { term = 0, slot = 5, kind = FINAL, block = 1, on = chain.chainId }: Said) {
  const value = kind === SKIP ? NO_VALUE : new Uint8Array(32).fill(block)
  return { chainId: on, term, slot, kind, value }
}

function voteOf(chain: TestChain, seat: number, said: Said): Vote {
  const { chainId, ...statement } = statementOf(chain, said)
  return { ...statement, seat, signature: bls.sign(delegateSecret(seat), statementHash({ chainId, ...statement })) }
}

/** Two votes of a seat; unless said otherwise, Final for two blocks of one slot. */
export function twoVotes(
  chain: TestChain,
  seat: number,
  first: Said = {},
  second: Said = { ...first, block: 2 },
): Extract<Evidence, { kind: 'votes' }> {
  return { kind: 'votes', first: voteOf(chain, seat, first), second: voteOf(chain, seat, second) }
}

function certificateOf(chain: TestChain, seats: readonly number[], of: number, said: Said): Certificate {
  const { chainId, ...statement } = statementOf(chain, said)
  const message = statementHash({ chainId, ...statement })
  const signature = bls.aggregate(seats.map((seat) => bls.sign(delegateSecret(seat), message)))
  return { ...statement, bitmap: bitmapOf(seats, of), signature }
}

/** Two Final certificates, for two blocks of one slot, by these seats of a set of `of`. */
export function twoCertificates(
  chain: TestChain,
  first: readonly number[],
  second: readonly number[],
  of: number,
): Evidence {
  return {
    kind: 'certificates',
    first: certificateOf(chain, first, of, {}),
    second: certificateOf(chain, second, of, { block: 2 }),
  }
}

/** Two commitments of a delegate to results of a heavy call, in transactions of one nonce: at most one can be executed. */
export function twoCommitments(chain: TestChain, seat: number, job: number): Evidence {
  const said = (result: number) => {
    const call = commitCall(chain, seat, job, new Uint8Array(32).fill(result))
    return commitmentIn(chain.transaction(delegateName(seat), [call], { lane: 9, nonce: 0n }))!
  }
  return { kind: 'commitments', first: said(1), second: said(2) }
}

export function reportOf(chain: TestChain, evidence: Evidence, chainId: Uint8Array = chain.chainId): Call {
  return callOf('evidence', 'report', { evidence: encodeEvidence(chainId, evidence) })
}
