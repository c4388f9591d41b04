import { commitmentIn, type Evidence, FINAL, parseTransaction, statementHash, type Vote } from '@smartshare/chain'
import { bls, sha256 } from '@smartshare/crypto'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import type { MemoryNode } from './memory-node.ts'
import { signed } from './test-transaction.ts'

type TwoVotes = Extract<Evidence, { kind: 'votes' }>

/** Two Final votes of a delegate of the first set for two blocks of one slot. */
export function twoFinals(node: Pick<MemoryNode, 'chainId'>, seat: number, { term = 0, slot = 3 } = {}): TwoVotes {
  const secret = bls.secretFromSeed(sha256(new TextEncoder().encode(`delegate ${seat}`)))
  const vote = (block: number): Vote => {
    const value = new Uint8Array(32).fill(block)
    const message = statementHash({ chainId: node.chainId, term, slot, kind: FINAL, value })
    return { term, slot, kind: FINAL, value, seat, signature: bls.sign(secret, message) }
  }
  return { kind: 'votes', first: vote(1), second: vote(2) }
}

/** Two commitments of a delegate of the first set to results of one heavy call. */
export function twoCommitments(node: MemoryNode, seat: number): Evidence {
  const said = (result: number) => {
    const commitment = new Uint8Array(32).fill(result)
    const call = callOf('contracts', 'commitResult', { job: 3, term: 0, commitment })
    const { wire } = signed(node, testAccount(`delegate ${seat}`), [call], { nonce: 0n })
    return commitmentIn(parseTransaction(wire, node.chainId))!
  }
  return { kind: 'commitments', first: said(1), second: said(2) }
}
