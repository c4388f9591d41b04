import { parseAddress } from '@smartshare/crypto'

/** SSP as a unit to pay in. */
export const SSP = { token: 'SSP', symbol: 'SSP', name: 'SSP', decimals: 8 }
const utf8 = new TextEncoder()

/** What is paid in: SSP or the coin of a vendor. */
export type Unit = typeof SSP

/** A payment that is not sent yet. */
export interface Draft {
  readonly to: string
  readonly units: bigint
  readonly unit: Unit
  readonly memo: string
}

export function memoBytes(memo: string): Uint8Array {
  return utf8.encode(memo)
}

/** The calls that make a payment. */
export function transferOf({ to, units, unit, memo }: Draft) {
  const token = unit.token === SSP.token ? 0 : parseAddress(unit.token)
  const args = { to: parseAddress(to), token, amount: units, memo: memo === '' ? null : memoBytes(memo) }
  return [{ module: 'tokens', method: 'transfer', args }]
}
