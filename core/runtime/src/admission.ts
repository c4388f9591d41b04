import type { ParsedTransaction } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import { getAccount, nextNonce, payingReserve } from './accounts/account.ts'
import { checkAuthority, checkLimits, type GateBlock, highestFee } from './gate.ts'
import { resolveCall } from './module.ts'
import { modules } from './modules.ts'
import type { Parameters } from './parameters.ts'
import { balanceOf } from './tokens/tokens.ts'

/**
 * Whether a transaction is worth keeping in a mempool, seen from the latest state: a courtesy to its sender, who hears of a mistake
 * before paying for it, and a bound on junk. What may stand in a block is for the gate alone. `mostAhead`: how many
 * nonces it may be ahead of its lane. Throws TX_*, CALL_* and what the methods say about their arguments.
 */
export function checkAdmission(
  tx: ParsedTransaction,
  state: Pick<StateReader, 'get'>,
  block: GateBlock,
  parameters: Parameters,
  mostAhead: number,
): void {
  checkLimits(tx, block, parameters)
  const { body } = tx
  const from = getAccount(state, tx.from)
  const payer = tx.payer === tx.from ? from : getAccount(state, tx.payer)
  checkAuthority(tx, from, payer)
  const expected = nextNonce(from, body.lane)
  if (body.nonce < expected) {
    throw new SmartshareError('TX_NONCE_USED', `nonce ${body.nonce} where ${expected} comes next`, { expected })
  }
  if (body.nonce > expected + BigInt(mostAhead)) {
    throw new SmartshareError('TX_NONCE_GAP', `nonce ${body.nonce} is more than ${mostAhead} ahead`, { expected })
  }
  const fee = highestFee(body)
  const available = balanceOf(state, tx.payer) + payingReserve(payer)
  if (fee > available) {
    throw new SmartshareError('TX_UNPAYABLE', `a fee of up to ${fee} grains where ${available} are there`, {
      fee,
      available,
    })
  }
  for (const call of body.calls) {
    if (typeof call.target !== 'number') {
      // Whether there is such a contract may change until the call runs; its gas is paid for in any case.
      if (typeof call.method === 'number') throw new SmartshareError('CALL_UNKNOWN', 'contracts’ methods have names')
      continue
    }
    const { method, args } = resolveCall(modules, call)
    method.check(args)
  }
}
