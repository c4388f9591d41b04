import {
  type Call,
  chainTag,
  encodeTransaction,
  MAX_LANES,
  TRANSACTION_VERSION,
  type TransactionBody,
  transactionId,
} from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { addressOfKey, type KeyPair } from '@smartshare/crypto'
import { getAccount, nextNonce } from '@smartshare/runtime'
import type { NodeApi } from '../api.ts'
import { estimate } from '../rpc/estimate.ts'

/** Lanes of what a node sends by itself, so that it is never in the way of what its operator sends. */
export const EVIDENCE_LANE = MAX_LANES - 1
export const HEAVY_LANE = MAX_LANES - 2
/** Blocks in which a transaction can be packed; then it is of no use and the next one takes its nonce. */
const CALL_LIFETIME_BLOCKS = 30

export interface CallerParts {
  /** Key of the account that calls and pays. */
  readonly keys: KeyPair
  /** Of its own for each caller of an account. */
  readonly lane: number
  readonly node: Pick<NodeApi, 'chainId' | 'genesis' | 'state' | 'submit'>
}

/** Sends calls of the node's own account, one at a time: the next one only when the last is executed or has expired. */
export class AccountCaller {
  readonly address: Uint8Array
  private readonly parts: CallerParts
  private nonce = -1n
  private expiryHeight = 0

  constructor(parts: CallerParts) {
    this.parts = parts
    this.address = addressOfKey(parts.keys.publicKey)
  }

  /** True if nothing that was sent may still be executed. */
  get isFree(): boolean {
    const { height, reader } = this.parts.node.state()
    return height >= this.expiryHeight || nextNonce(getAccount(reader, this.address), this.parts.lane) > this.nonce
  }

  /** Signs and hands over one call; gives the transaction's id. Throws what the call would fail with, or TX_*. */
  async send(call: Call): Promise<Uint8Array> {
    const { keys, lane, node } = this.parts
    const { height, reader } = node.state()
    const draft: TransactionBody = {
      version: TRANSACTION_VERSION,
      chain: chainTag(node.chainId),
      sender: keys.publicKey,
      lane,
      nonce: nextNonce(getAccount(reader, this.address), lane),
      expiryHeight: height + CALL_LIFETIME_BLOCKS,
      gasLimit: node.genesis.record.parameters.maxTransactionGas,
      maxGasPrice: node.genesis.record.parameters.mostBasePrice,
      tipGasPrice: 0n,
      feePayer: null,
      emptying: false,
      calls: [call],
    }
    const { gasLimit, maxGasPrice } = estimate(node, this.sign(draft).wire)
    const body = { ...draft, gasLimit, maxGasPrice }
    const [outcome] = await node.submit([this.sign(body).wire])
    if (outcome === undefined || 'error' in outcome) {
      throw SmartshareError.fromPlain(outcome?.error ?? { code: 'INTERNAL', message: 'no outcome' })
    }
    this.nonce = body.nonce
    this.expiryHeight = body.expiryHeight
    return outcome.id
  }

  private sign(body: TransactionBody): { wire: Uint8Array } {
    const { keys, node } = this.parts
    const signature = keys.sign(transactionId(body, node.chainId))
    return { wire: encodeTransaction({ body, senderAuth: [{ key: null, signature }], payerAuth: [] }) }
  }
}
