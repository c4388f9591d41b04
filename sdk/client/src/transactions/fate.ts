import { SmartshareError } from '@smartshare/codec'
import {
  type AccountInfo,
  accountAnswer,
  type TransactionReceipt,
  type TransactionState,
  transactionAnswer,
} from '../rpc/answers.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'
import { MAX_BATCH_CALLS, type RpcCall } from '../rpc/transport.ts'
import type { SignedTransaction } from './transaction-builder.ts'

/** Blocks beyond the expiry until a transaction counts as never packed. */
const EXPIRY_MARGIN = 2

/** A transaction that is final and executed. */
export interface FinalTransaction {
  readonly id: string
  readonly height: number
  readonly index: number
  readonly receipt: TransactionReceipt
}

/** What has become of a transaction: the last two mean that it never was and never can be executed. */
export type Fate =
  | { readonly kind: 'executed'; readonly final: FinalTransaction }
  | { readonly kind: 'pending' | 'unknown' | 'displaced' | 'expired' }

/**
 * What one node knows of each transaction. The accounts are asked in the same batch, before their transactions: a nonce
 * that was used up by then, by a transaction that is not this one, has displaced this one for ever.
 */
export async function fatesOf(rpc: RpcClient, transactions: readonly SignedTransaction[]): Promise<Fate[]> {
  const fates: Fate[] = []
  // Half a batch of transactions leaves room for as many accounts.
  const chunk = MAX_BATCH_CALLS / 2
  for (let at = 0; at < transactions.length; at += chunk) {
    fates.push(...(await fatesOfChunk(rpc, transactions.slice(at, at + chunk))))
  }
  return fates
}

async function fatesOfChunk(rpc: RpcClient, transactions: readonly SignedTransaction[]): Promise<Fate[]> {
  const senders = [...new Set(transactions.map(({ sender }) => sender))]
  const calls: RpcCall<AccountInfo | TransactionState>[] = [
    ...senders.map((address) => ({ method: 'account_get', params: { address }, answer: accountAnswer })),
    ...transactions.map(({ id }) => ({ method: 'chain_transaction', params: { id }, answer: transactionAnswer })),
  ]
  const outcomes = (await rpc.batch(calls)).map((outcome) => {
    if ('error' in outcome) throw outcome.error
    return outcome.value
  })
  const accounts = new Map(senders.map((sender, i) => [sender, outcomes[i] as AccountInfo]))
  return transactions.map((transaction, i) => {
    const state = outcomes[senders.length + i] as TransactionState
    return fateOf(transaction, state, accounts.get(transaction.sender) as AccountInfo)
  })
}

function fateOf(
  { id, lane, nonce, expiryHeight }: SignedTransaction,
  found: TransactionState,
  account: AccountInfo,
): Fate {
  const { state, height, index, receipt } = found
  if (state === 'executed') {
    if (height === null || index === null || receipt === null || receipt.transaction !== id) {
      throw new SmartshareError('RPC_ANSWER', 'an executed transaction without its receipt', { transaction: id })
    }
    return { kind: 'executed', final: { id, height, index, receipt } }
  }
  if ((account.nonces[lane] ?? 0n) > nonce) return { kind: 'displaced' }
  if (state === 'unknown' && account.height > expiryHeight + EXPIRY_MARGIN) return { kind: 'expired' }
  return { kind: state }
}
