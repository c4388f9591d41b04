import type { ParsedTransaction } from '@smartshare/chain'
import { GAS } from './gas.ts'

/** Gas that a transaction costs before its first call runs: its bytes, signatures and calls. */
export function intrinsicGas(tx: Pick<ParsedTransaction, 'wire' | 'senderAuth' | 'payerAuth' | 'body'>): number {
  return (
    GAS.transaction +
    GAS.wireByte * tx.wire.length +
    GAS.signature * (tx.senderAuth.length + tx.payerAuth.length) +
    GAS.call * tx.body.calls.length
  )
}
