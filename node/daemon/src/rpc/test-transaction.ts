import {
  type Call,
  chainTag,
  encodeTransaction,
  type ParsedTransaction,
  parseTransaction,
  TRANSACTION_VERSION,
  type TransactionBody,
  transactionId,
} from '@smartshare/chain'
import type { TestAccount } from '@smartshare/runtime/testing'
import type { MemoryNode } from './memory-node.ts'

/** A signed transaction for tests, with whatever nonce they want. */
export function signed(
  node: MemoryNode,
  account: TestAccount,
  calls: Call[],
  options: { nonce: bigint; gasLimit?: number; lane?: number; expiryHeight?: number },
): ParsedTransaction {
  const body: TransactionBody = {
    version: TRANSACTION_VERSION,
    chain: chainTag(node.chainId),
    sender: account.keys.publicKey,
    lane: options.lane ?? 0,
    nonce: options.nonce,
    expiryHeight: options.expiryHeight ?? node.height + 1000,
    gasLimit: options.gasLimit ?? 100_000,
    maxGasPrice: node.state().basePrice * 2n,
    tipGasPrice: 0n,
    feePayer: null,
    emptying: false,
    calls,
  }
  const signature = account.keys.sign(transactionId(body, node.chainId))
  const wire = encodeTransaction({ body, senderAuth: [{ key: null, signature }], payerAuth: [] })
  return parseTransaction(wire, node.chainId)
}
