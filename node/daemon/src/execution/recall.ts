import { type DelegateSet, decodeSet } from '@smartshare/chain'
import type { ChainStore } from '@smartshare/store'
import type { RecentChanges } from './recent-changes.ts'
import type { RecentFacts } from './recent-facts.ts'

/** What a restarted node keeps in memory of executed blocks. */
export interface Recalled {
  readonly facts: RecentFacts
  readonly changes: RecentChanges
}

/**
 * After a restart: fills facts and changes of the heights that blocks may still name as their root, those from `lowest` on and at
 * most `mostHeights`. Returns the elected set of the next term if it is known at `committed`, the height on disk.
 */
export function recall(
  store: ChainStore,
  committed: number,
  { lowest, mostHeights }: { readonly lowest: number; readonly mostHeights: number },
  { facts, changes }: Recalled,
): DelegateSet | undefined {
  let from = committed
  while (from > lowest && store.changes(from) !== undefined) from--
  for (let height = Math.max(from, committed - mostHeights + 1); height <= committed; height++) {
    const known = store.facts(height)
    if (known !== undefined) facts.add(known)
    if (height === from) continue
    changes.apply(
      height,
      (store.changes(height) ?? []).map(({ key, value, previous }) => ({ key, value: value ?? undefined, previous })),
    )
  }
  changes.begin(committed)
  changes.forget(from)
  const { nextSetHash, term } = store.facts(committed)!
  const encoded = nextSetHash === null ? undefined : store.electedSet(term + 1)
  return encoded === undefined ? undefined : decodeSet(encoded)
}
