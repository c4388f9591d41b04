import { decodeSet } from '@smartshare/chain'
import { MAX_PAGE_BLOCKS, MAX_PAGE_BYTES, PAGE_BLOCKS, type Page } from '@smartshare/consensus'
import type { ChainStore } from '@smartshare/store'
import type { FinalChain } from './final-chain.ts'
import type { FinalRecord } from './final-record.ts'

/**
 * A page of final blocks of one term for a node that is behind: from a height on, ending with one that has a Final certificate
 * of its own, and the next set if the last of them, or the one before the page, is the term's last. Undefined also for blocks that
 * are not kept here: whoever needs them asks others, and learns why by the protocol for catching up.
 */
export async function pageOf(
  finals: FinalChain,
  store: ChainStore,
  term: number,
  fromHeight: number,
): Promise<Page | undefined> {
  if (fromHeight < finals.lowestHeight) return undefined
  const page: FinalRecord[] = []
  let sizeBytes = 0
  for (let height = fromHeight; page.length < MAX_PAGE_BLOCKS; height++) {
    const final = await finals.at(height)
    if (final === undefined || final.block.header.term !== term) break
    sizeBytes += final.block.transactions.reduce((sum, wire) => sum + wire.length, 1_024)
    if (sizeBytes > MAX_PAGE_BYTES && page.length > 0) break
    page.push(final)
    if (page.length >= PAGE_BLOCKS && final.certificate !== null) break
  }
  while (page.length > 0 && page.at(-1)!.certificate === null) page.pop()
  const before = fromHeight - 1
  const last = page.at(-1) ?? (before < finals.lowestHeight ? undefined : await finals.at(before))
  const following = last === undefined ? undefined : await finals.at(last.block.header.height + 1)
  const encoded = following?.block.header.term === term + 1 ? store.electedSet(term + 1) : undefined
  if (page.length === 0 && encoded === undefined) return undefined
  const certificate = page.at(-1)?.certificate
  return {
    term,
    certificates: certificate ? [certificate] : [],
    blocks: page.map(({ block }) => block),
    nextSet: encoded === undefined ? null : decodeSet(encoded),
  }
}
