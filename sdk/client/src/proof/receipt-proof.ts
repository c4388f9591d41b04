import { type Receipt, STATUS_DONE } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import { type LightRules, type LightState, verifyReceipt } from '@smartshare/light'
import { bytesOfBase64 } from '../rpc/base64.ts'
import type { RpcClient } from '../rpc/rpc-client.ts'
import type { Trust } from './trust.ts'

/** What a transaction did, as a node showed it and a light client has checked. */
export interface CheckedReceipt {
  readonly id: string
  readonly height: number
  readonly index: number
  /** False: its calls failed and changed nothing but the fee; `receipt.error` says why. */
  readonly isDone: boolean
  readonly receipt: Receipt
  /** What the verifier knows from now on. */
  readonly trust: LightState
}

/**
 * Asks a node what a transaction did and believes only what is proven; `trust` learns the sets on the way. Throws RPC_NOT_FOUND
 * while it is in no block, RPC_NOT_READY until a final header covers its block, PROOF_* if what the node says does not hold.
 */
export async function checkReceipt(
  rpc: RpcClient,
  trust: Trust,
  id: string,
  rules: LightRules,
): Promise<CheckedReceipt> {
  const { height, index } = await rpc.transaction(id)
  if (height === null || index === null) {
    throw new SmartshareError('RPC_NOT_FOUND', `transaction ${id} is in no block yet`)
  }
  const { term, proof } = await rpc.receiptProof(height, index)
  await trust.catchUp(rpc, term, rules)
  const { receipt, state } = verifyReceipt(trust.latest, bytesOfBase64(proof), { height, index }, rules)
  if (toHex(receipt.transactionId) !== id) {
    throw new SmartshareError('PROOF_RECEIPT', 'the receipt that is proven is of another transaction')
  }
  trust.take(state)
  return { id, height, index, isDone: receipt.status === STATUS_DONE, receipt, trust: state }
}
