import { type ParsedTransaction, SSP } from '@smartshare/chain'
import { callOf, testAccount } from '@smartshare/runtime/testing'
import type { MemoryNode } from './memory-node.ts'
import { signed } from './test-transaction.ts'

const GAS_LIMIT = 5_000

/** A signed transfer of one grain between two accounts of the node's genesis. */
export function transferOf(node: MemoryNode, from: string, to: string, nonce: bigint): ParsedTransaction {
  const call = callOf('tokens', 'transfer', { to: testAccount(to).address, token: SSP, amount: 1n, memo: null })
  return signed(node, testAccount(from), [call], { nonce, gasLimit: GAS_LIMIT })
}
