// Run in the worker: what the index knows of agreements. The agent knows the present alone.
import { IndexerClient } from '@smartshare/client'
import { networkState } from '../../worker/network.ts'

/** Events of one agreement that are read, the latest first. */
const MOST_EVENTS = 200
/** Agreements whose events are read. */
const MOST_AGREEMENTS = 16
const FIGURES = /^\d{1,20}$/

/** Something that happened to the money of an agreement. */
export interface MoneyEvent {
  readonly key: string
  readonly agreement: number
  readonly timeMs: number
  /** `paid`: an inspection was passed. `closed`: it ended, and the rest came back. */
  readonly kind: 'matched' | 'active' | 'paid' | 'closed'
  readonly inspection: number | null
  readonly transaction: string | null
  /** To the provider, to the mining pool as fee, held back, and back to the owner. */
  readonly paidGrains: bigint
  /** Of `matched`: for the whole term. */
  readonly lockedGrains: bigint
  readonly feeGrains: bigint
  readonly heldGrains: bigint
  readonly returnedGrains: bigint
}

const KINDS: Readonly<Record<string, MoneyEvent['kind']>> = {
  matched: 'matched',
  active: 'active',
  passed: 'paid',
  closed: 'closed',
}

/** What happened to agreements, the latest first; null where there is no index. Throws INDEX_*. */
export async function moneyOf(agreements: readonly number[]): Promise<MoneyEvent[] | null> {
  const { indexer } = networkState()
  if (indexer === null) return null
  const client = new IndexerClient({ url: indexer })
  const pages = await Promise.all(
    agreements.slice(0, MOST_AGREEMENTS).map(async (agreement) => {
      const { items } = await client.get('events', {}, { subject: `agreement:${agreement}`, limit: MOST_EVENTS })
      return items.flatMap(({ from, name, height, position, timeMs, transaction, data }) => {
        const kind = from === 'agreements' ? KINDS[name] : undefined
        if (kind === undefined || data === null) return []
        const { inspection, periods } = data
        const isTerm = kind === 'matched' && typeof periods === 'number'
        return {
          key: `${height} ${position}`,
          ...{ agreement, timeMs, transaction, kind },
          inspection: typeof inspection === 'number' ? inspection : null,
          paidGrains: amountOf(data.paidGrains) + amountOf(data.providerGrains),
          lockedGrains: isTerm ? amountOf(data.periodGrains) * BigInt(periods) : 0n,
          feeGrains: amountOf(data.feeGrains) + amountOf(data.poolGrains),
          heldGrains: amountOf(data.heldGrains),
          returnedGrains: amountOf(data.refundGrains),
        }
      })
    }),
  )
  return pages.flat().sort((a, b) => b.timeMs - a.timeMs)
}

function amountOf(value: unknown): bigint {
  return FIGURES.test(String(value)) ? BigInt(String(value)) : 0n
}
