import { SSP } from '@smartshare/chain'
import { decode, SmartshareError } from '@smartshare/codec'
import { equalBytes } from '@smartshare/crypto'
import { GAS } from '../../gas.ts'
import type { Host, JobView } from '../../host.ts'
import { transferEvent } from '../../tokens/balances.ts'

/** As much as a payment costs elsewhere. */
const SEND_GAS = 2 * GAS.read + 2 * GAS.write

/** What a contract may still pay in a job: what it had and got, without what it sent already. */
export function jobBalance(host: Host, { grains }: JobView, contract: Uint8Array): bigint {
  let left = grains
  for (const { target, data } of host.events) {
    if (target !== transferEvent.target) continue
    const { to, amount } = decode(transferEvent.schema, data)
    if (!equalBytes(to, contract)) left -= amount
  }
  return left
}

/** A payment of a job: it is an event until the result is packed, and taken back as events are. Throws TOKENS_BALANCE. */
export function sendFromJob(host: Host, job: JobView, contract: Uint8Array, to: Uint8Array, grains: bigint): void {
  host.gas.charge(SEND_GAS)
  const available = jobBalance(host, job, contract)
  if (available < grains) {
    throw new SmartshareError('TOKENS_BALANCE', `a balance of ${available} grains does not cover ${grains}`, {
      available,
      needed: grains,
    })
  }
  if (grains > 0n) host.emit(transferEvent, { token: SSP, from: contract, to, amount: grains })
}
