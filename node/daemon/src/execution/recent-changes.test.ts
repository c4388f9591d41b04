import { MemoryState, StateJournal } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentChanges } from './recent-changes.ts'

const keys = [1, 2, 3, 4].map((n) => Uint8Array.of(n))
const block = fc.array(fc.record({ key: fc.nat(3), value: fc.option(fc.integer({ min: 1, max: 9 })) }), {
  maxLength: 5,
})

describe('recent changes', () => {
  it('answer reads of any kept height, whichever height the disk has reached', () => {
    fc.assert(
      fc.property(
        fc.array(block, { minLength: 1, maxLength: 8 }),
        fc.nat(8),
        fc.nat(8),
        (blocks, reached, forgotten) => {
          const state = new MemoryState()
          const disk = new MemoryState()
          const recent = new RecentChanges(disk)
          const history: (string | undefined)[][] = [keys.map(() => undefined)]
          for (const [i, writes] of blocks.entries()) {
            const height = i + 1
            const journal = new StateJournal(state)
            for (const { key, value } of writes) {
              if (value === null) journal.delete(keys[key]!)
              else journal.set(keys[key]!, Uint8Array.of(value))
            }
            const changes = journal.changes()
            state.apply(changes)
            if (height <= reached) disk.apply(changes)
            recent.apply(
              height,
              changes.map(({ key, value, previous }) => ({ key, value: value ?? undefined, previous })),
            )
            history.push(keys.map((key) => state.get(key)?.join()))
          }
          const from = Math.min(forgotten, reached, blocks.length)
          recent.forget(from)
          for (let height = from; height <= blocks.length; height++) {
            const reader = recent.at(height)
            expect(keys.map((key) => reader.get(key)?.join())).toEqual(history[height])
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
