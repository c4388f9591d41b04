import type { PlacedEvent } from '@smartshare/client'
import { openNetwork } from '../../../worker/network.ts'

/** Blocks that are looked through while there is no index, from the newest back. */
const MOST_BLOCKS = 5000
const EVENT_PAGE = 1000
const MAX_PAGES = 20
const MAX_EVENTS = 200

/** Events in which an address stands, the latest first, as a node tells them; `sinceHeight`: how far back it was asked. */
export async function events(address: string): Promise<{ items: PlacedEvent[]; sinceHeight: number }> {
  const { rpc } = (await openNetwork()).client
  const { height } = await rpc.status()
  const sinceHeight = Math.max(1, height - MOST_BLOCKS)
  const items: PlacedEvent[] = []
  let next = { height: sinceHeight, skip: 0 }
  for (let page = 0; page < MAX_PAGES && next.height <= height; page++) {
    const found = await rpc.events({ ...next, address, limit: EVENT_PAGE })
    items.push(...found.events)
    if (found.next.height === next.height && found.next.skip === next.skip) break
    next = found.next
  }
  return { items: items.slice(-MAX_EVENTS).reverse(), sinceHeight }
}
