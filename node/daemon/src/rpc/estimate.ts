import { type ParsedTransaction, parseTransaction } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import {
  balanceOf,
  GasMeter,
  getAccount,
  type Host,
  intrinsicGas,
  modules,
  type Parameters,
  runCall,
  settleDeposit,
} from '@smartshare/runtime'
import type { NodeApi } from '../api.ts'
import { onQuestionHost } from './question-host.ts'

/** Room for a state that has moved on until the transaction is executed, in hundredths. */
const GAS_ROOM = 130
const GAS_STEP = 100
/** The base price moves by at most an eighth per block: twice as much lasts for six full blocks. */
const PRICE_ROOM = 2n

export interface Estimate {
  readonly gas: number
  readonly gasLimit: number
  readonly basePrice: bigint
  readonly maxGasPrice: bigint
  readonly feeGrains: bigint
  readonly highestFeeGrains: bigint
  /** What the bytes that contracts store lock beside the fee; negative: what is given back for bytes that are freed. */
  readonly depositGrains: bigint
}

/**
 * Runs the calls of a transaction on a journal over the latest state, which is then thrown away. Signatures, nonce and
 * expiry are not looked at. Throws what the calls throw, TX_* and CODEC_*; GAS_EXHAUSTED if no limit would do.
 */
export function estimate(node: Pick<NodeApi, 'chainId' | 'genesis' | 'state'>, wire: Uint8Array): Estimate {
  const tx = parseTransaction(wire, node.chainId)
  return onQuestionHost(node, (host, state, parameters) => estimateOn(host, tx, state.basePrice, parameters))
}

function estimateOn(host: Host, tx: ParsedTransaction, basePrice: bigint, parameters: Parameters): Estimate {
  // Nonce and payer are read and written for every transaction, outside of its gas; only the calls are metered.
  const floorGrains = tx.body.emptying ? 0n : parameters.feeReserveGrains
  host.actor = { sender: tx.from, floorGrains, calls: tx.body.calls.length }
  const unlimited = host.gas
  // No transaction may use more, whatever its own limit says.
  host.gas = new GasMeter(parameters.maxTransactionGas)
  host.gas.charge(intrinsicGas(tx))
  for (const call of tx.body.calls) runCall(host, modules, call, tx.from)
  settleDeposit(host, tx.from)

  const gas = host.gas.used
  host.gas = unlimited
  const room = Math.ceil((gas * GAS_ROOM) / 100 / GAS_STEP) * GAS_STEP
  const gasLimit = Math.min(room, parameters.maxTransactionGas)
  const maxGasPrice = highestPrice(basePrice, parameters)
  const highestFeeGrains = BigInt(gasLimit) * maxGasPrice
  checkCovered(host, tx, highestFeeGrains)
  // At least half of the limit is charged (core/runtime, execute-transaction.ts).
  const charged = Math.max(gas, Math.ceil(gasLimit / 2))
  return {
    gas,
    gasLimit,
    basePrice,
    maxGasPrice,
    feeGrains: BigInt(charged) * basePrice,
    highestFeeGrains,
    depositGrains: BigInt(host.storedBytes) * parameters.stateByteGrains,
  }
}

function highestPrice(basePrice: bigint, parameters: Parameters): bigint {
  const price = basePrice * PRICE_ROOM
  return price < parameters.mostBasePrice ? price : parameters.mostBasePrice
}

/** The payer must be able to pay its highest fee, also after an emptying transaction. Throws TX_UNPAYABLE. */
function checkCovered(host: Host, tx: ParsedTransaction, highestFee: bigint): void {
  const account = getAccount(host, tx.payer)
  const leaving = account.withdrawal?.amount ?? 0n
  const reserve = account.reserve > leaving ? account.reserve - leaving : 0n
  const balance = balanceOf(host, tx.payer)
  const covered = balance + reserve
  if (covered >= highestFee) return
  const own = equalBytes(tx.payer, tx.from)
  throw new SmartshareError(
    'TX_UNPAYABLE',
    `${own ? 'after its calls the account' : 'the fee payer'} has ${covered} grains for a fee of up to ${highestFee}`,
    { covered, fee: highestFee },
  )
}
