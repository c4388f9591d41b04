import type { Call } from '@smartshare/chain'
import type { FinalTransaction } from '@smartshare/client'
import { formatAddress } from '@smartshare/crypto'
import { pools } from '@smartshare/runtime'
import type { Session } from '../../session.ts'
import { factsText, sspText } from '../../text.ts'

/** What a transaction with calls of contracts cost: the fee is gone, the deposit is locked for what it stored. */
export interface Cost {
  readonly feeGrains: bigint
  /** Negative: it was given back for what was freed. */
  readonly depositGrains: bigint
  readonly gasUsed: number
}

/** Shows what a call would cost, and sends nothing. */
export async function showEstimate(session: Session, call: Call): Promise<void> {
  const client = await session.client()
  const fee = await client.sender(await session.signer()).estimate({ calls: [call], ...(await sponsorOf(session)) })
  const { gas, gasLimit, feeGrains, highestFeeGrains, depositGrains = 0n } = fee
  session.output.result({ estimate: true, gas, gasLimit, feeGrains, highestFeeGrains, depositGrains }, () =>
    factsText([
      ['nothing was sent', ''],
      ['gas', `${gas}`],
      ['fee', `${sspText(feeGrains)}, at most ${sspText(highestFeeGrains)}`],
      ['deposit', depositText(depositGrains)],
    ]),
  )
}

async function sponsorOf(session: Session) {
  const feePayer = await session.sponsor()
  return feePayer === undefined ? {} : { feePayer }
}

/** Deposits are paid to and from a pool of the system at the end of a transaction. */
export function costOf({ receipt }: FinalTransaction): Cost {
  const pool = formatAddress(pools.contractState)
  let depositGrains = 0n
  for (const { from, name, data } of receipt.events) {
    if (from !== 'tokens' || name !== 'transfer' || data === null) continue
    if (data.to === pool) depositGrains += BigInt(String(data.amount))
    if (data.from === pool) depositGrains -= BigInt(String(data.amount))
  }
  return { feeGrains: receipt.feeGrains, depositGrains, gasUsed: receipt.gasUsed }
}

/** A cost as a line for people. */
export function costText({ feeGrains, depositGrains, gasUsed }: Cost): string {
  const deposit = depositGrains === 0n ? '' : `; deposit ${depositText(depositGrains)}`
  return `fee ${sspText(feeGrains)} for ${gasUsed} gas${deposit}`
}

function depositText(grains: bigint): string {
  if (grains === 0n) return 'none'
  return grains > 0n
    ? `${sspText(grains)} locked for what is stored, free again with it`
    : `${sspText(-grains)} given back for what is freed`
}
