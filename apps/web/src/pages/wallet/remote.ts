// Run in the worker: what the wallet finds out from a node by many questions.
import { openNetwork } from '../../worker/network.ts'

/** Blocks that are looked through for the events of an account, from the newest back. */
const MOST_BLOCKS = 20_000
const EVENT_PAGE = 1000
const MAX_EVENTS = 2000
const MAX_PAGES = 50
/** Rows that get a time and a fee. */
const MAX_DETAILED = 100

/** What happened to an account in one event. */
export interface HistoryItem {
  readonly key: string
  readonly height: number
  readonly timeMs: number | null
  readonly transaction: string
  readonly from: string
  readonly name: string
  /** A payment: what came (positive) or went, from or to whom. */
  readonly transfer: { readonly other: string; readonly token: string; readonly units: bigint } | null
  /** Paid by this account for the transaction; at the first of its events alone. */
  readonly feeGrains: bigint
}

interface Course {
  next: { height: number; skip: number }
  events: HistoryItem[]
}

const courses = new Map<string, Course>()
const times = new Map<number, number>()
const fees = new Map<string, { payer: string; feeGrains: bigint }>()

/** Events in which an account stands, the latest first, as a node tells them; goes on from what it found before. */
export async function history(address: string): Promise<{ items: HistoryItem[]; sinceHeight: number }> {
  const { client } = await openNetwork()
  const { height } = await client.rpc.status()
  const first = Math.max(1, height - MOST_BLOCKS)
  const course = courses.get(address) ?? { next: { height: first, skip: 0 }, events: [] }
  courses.set(address, course)
  for (let page = 0; page < MAX_PAGES && course.next.height <= height; page++) {
    const found = await client.rpc.events({ ...course.next, address, limit: EVENT_PAGE })
    for (const { height: at, transaction, from, name, data } of found.events) {
      const key = `${at} ${transaction} ${course.events.length}`
      const transfer = name === 'transfer' && from === 'tokens' ? transferOf(data, address) : null
      course.events.push({ key, height: at, timeMs: null, transaction, from, name, transfer, feeGrains: 0n })
    }
    const isStill = found.next.height === course.next.height && found.next.skip === course.next.skip
    course.next = found.next
    if (isStill) break
  }
  course.events = course.events.slice(-MAX_EVENTS)
  const items = course.events.toReversed()
  const detailed = await Promise.all(items.slice(0, MAX_DETAILED).map((item) => withDetails(item)))
  return { items: withFees([...detailed, ...items.slice(MAX_DETAILED)], address), sinceHeight: first }

  async function withDetails(item: HistoryItem): Promise<HistoryItem> {
    if (!times.has(item.height))
      times.set(item.height, (await client.rpc.block(item.height, { limit: 1 })).header.timeMs)
    if (!fees.has(item.transaction)) {
      const { receipt } = await client.rpc.transaction(item.transaction)
      fees.set(item.transaction, { payer: receipt?.payer ?? '', feeGrains: receipt?.feeGrains ?? 0n })
    }
    return { ...item, timeMs: times.get(item.height) ?? null }
  }
}

/** A fee is paid once for a transaction, however many events it has. */
function withFees(items: HistoryItem[], address: string): HistoryItem[] {
  const paid = new Set<string>()
  return items.map((item) => {
    const fee = fees.get(item.transaction)
    if (fee === undefined || fee.payer !== address || paid.has(item.transaction)) return item
    paid.add(item.transaction)
    return { ...item, feeGrains: fee.feeGrains }
  })
}

function transferOf(data: Record<string, unknown> | null, address: string): HistoryItem['transfer'] {
  const { from, to, token, amount } = data ?? {}
  if (typeof from !== 'string' || typeof to !== 'string' || !/^\d{1,20}$/.test(String(amount))) return null
  const units = BigInt(String(amount))
  const isOut = from === address
  const named = typeof token === 'string' && token.length === 62 ? token : 'SSP'
  if (isOut && to === address) return { other: address, token: named, units: 0n }
  return { other: isOut ? to : from, token: named, units: isOut ? -units : units }
}
