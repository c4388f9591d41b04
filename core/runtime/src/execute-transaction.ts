import { encodeReceipt, type ParsedTransaction, type Receipt, STATUS_DONE, STATUS_FAILED } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { getAccount, mayAct, nextNonce, payingReserve, setAccount, withNonceUsed } from './accounts/account.ts'
import { settleDeposit } from './contracts/contracts.ts'
import { errorText } from './error-text.ts'
import { GasMeter } from './gas.ts'
import { highestFee } from './gate.ts'
import type { Host } from './host.ts'
import { intrinsicGas } from './intrinsic-gas.ts'
import type { Module } from './module.ts'
import { runCall } from './run-call.ts'
import { balanceOf, pools, takeFee } from './tokens/tokens.ts'

/** At least this part of the gas limit is paid for: a large limit takes room that others could have used. */
const LEAST_CHARGE_DIVISOR = 2

/** Not what a transaction does wrong: the node itself is broken, and must not go on. */
const FATAL = new Set(['STATE_DAMAGED', 'LVM_BROKEN', 'LVM_OTHER_BUILD', 'HEAVY_DIVERGED'])

/** What one transaction did: its receipt and its fee. */
export interface Outcome {
  readonly receipt: Uint8Array
  readonly feeGrains: bigint
  readonly gasUsed: number
}

/**
 * Executes one ordered transaction: uses up its nonce, runs its calls as a whole, takes its fee. Of one that is quarantined
 * no call runs, and all its gas is taken. Never throws for what a transaction does; it throws only if the node itself or
 * the rules are broken.
 */
export function executeTransaction(
  host: Host,
  tx: ParsedTransaction,
  basePrice: bigint,
  modules: readonly Module[],
  isQuarantined = false,
): Outcome {
  const { body } = tx
  const account = getAccount(host, tx.from)
  const gas = new GasMeter(body.gasLimit)
  gas.used = intrinsicGas(tx)
  const price = body.maxGasPrice < basePrice + body.tipGasPrice ? body.maxGasPrice : basePrice + body.tipGasPrice
  host.beginTransaction()

  let error: Receipt['error'] = null
  if (nextNonce(account, body.lane) !== body.nonce) {
    // The gate admits nonces in their order only, and every ordered transaction uses its nonce up.
    throw new SmartshareError('STATE_DAMAGED', `ordered nonce ${body.nonce} is not the next one`)
  }
  setAccount(host, tx.from, withNonceUsed(account, body.lane, body.nonce))
  try {
    if (isQuarantined) {
      gas.used = body.gasLimit
      throw new SmartshareError('TX_QUARANTINED', 'these calls killed the machines of a quorum of delegates')
    }
    if (!mayAct(account, tx.from, body.sender, tx.senderAuth)) {
      throw new SmartshareError('TX_UNAUTHORISED', 'these keys may no longer act for the sender')
    }
    const unlimited = host.gas
    host.gas = gas
    host.actor = { sender: tx.from, floorGrains: floorOf(host, tx), calls: body.calls.length }
    try {
      host.attempt(() => {
        for (const call of body.calls) runCall(host, modules, call, tx.from)
        settleDeposit(host, tx.from)
      })
    } finally {
      host.gas = unlimited
      host.actor = undefined
    }
  } catch (thrown) {
    if (!SmartshareError.is(thrown) || FATAL.has(thrown.code)) throw thrown
    error = { code: thrown.code, message: errorText(thrown.message) }
  }

  const gasUsed = Math.max(gas.used, Math.ceil(body.gasLimit / LEAST_CHARGE_DIVISOR))
  const feeGrains = BigInt(gasUsed) * price
  chargeFee(host, tx.payer, feeGrains)
  const receipt = encodeReceipt({
    transactionId: tx.id,
    status: error === null ? STATUS_DONE : STATUS_FAILED,
    gasUsed,
    feeGrains,
    payer: tx.payer,
    events: host.events,
    error,
  })
  return { receipt, feeGrains, gasUsed }
}

/** What the sender's balance may not fall below, so that every ordered transaction can pay (docs/spec/chain.md). */
function floorOf(host: Host, tx: ParsedTransaction): bigint {
  if (!tx.body.emptying) return host.parameters.feeReserveGrains
  if (!equalBytes(tx.from, tx.payer)) return 0n
  const fee = highestFee(tx.body)
  const reserve = payingReserve(getAccount(host, tx.payer))
  return fee > reserve ? fee - reserve : 0n
}

function chargeFee(host: Host, payer: Uint8Array, feeGrains: bigint): void {
  const balance = balanceOf(host, payer)
  const fromBalance = balance < feeGrains ? balance : feeGrains
  takeFee(host, payer, fromBalance, balance)
  const rest = feeGrains - fromBalance
  if (rest === 0n) return
  const account = getAccount(host, payer)
  setAccount(host, payer, { ...account, reserve: account.reserve - rest })
  takeFee(host, pools.reserves, rest)
}
