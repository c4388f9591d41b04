import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyText, textKey } from './key-text.ts'
import { MemoryState } from './memory-state.ts'
import { MOST_CHECKPOINTS, StateJournal } from './state-journal.ts'
import { prefixEnd, type StateEntry } from './state-reader.ts'

type Model = Map<string, string>
type Step =
  | { do: 'set'; key: string; value: string }
  | { do: 'delete'; key: string }
  | { do: 'get'; key: string }
  | { do: 'begin' | 'commit' | 'revert' }
  | { do: 'range'; from: string; to: string | undefined; limit: number; reverse: boolean }

// Few letters, with the smallest and largest byte, so that keys meet and are prefixes of each other.
const key = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', '\u0000', '\u00ff') })
const value = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('x', 'y') })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('begin' as const, 'commit' as const, 'revert' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('range' as const),
      from: key,
      to: fc.option(key, { nil: undefined }),
      limit: fc.integer({ min: 0, max: 6 }),
      reverse: fc.boolean(),
    }),
  },
)

function texts(entries: Iterable<StateEntry>): [string, string][] {
  return [...entries].map(([k, v]) => [keyText(k), keyText(v)])
}

function sizeOf(model: Model): number {
  return [...model].reduce((sum, [k, v]) => sum + k.length + v.length, 0)
}

function rangeOf(model: Model, from: string, to: string | undefined, limit: number, reverse: boolean) {
  const within = [...model].filter(([k]) => k >= from && (to === undefined || k < to))
  within.sort(([a], [b]) => (a < b ? -1 : 1))
  if (reverse) within.reverse()
  return within.slice(0, limit)
}

function memory(model: Model): MemoryState {
  const state = new MemoryState()
  for (const [k, v] of model) state.set(textKey(k), textKey(v))
  return state
}

describe('StateJournal', () => {
  it('behaves like a copied map under any nesting of checkpoints, reads, ranges and writes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, value), { maxLength: 12, selector: ([k]) => k }),
        fc.array(step, { maxLength: 60 }),
        (start, steps) => {
          const before: Model = new Map(start)
          const journal = new StateJournal(memory(before))
          let now: Model = new Map(before)
          const saved: Model[] = []
          let written = 0
          for (const one of steps) {
            if (one.do === 'set') {
              journal.set(textKey(one.key), textKey(one.value))
              now.set(one.key, one.value)
              written += one.key.length + one.value.length
            } else if (one.do === 'delete') {
              journal.delete(textKey(one.key))
              now.delete(one.key)
            } else if (one.do === 'get') {
              const found = journal.get(textKey(one.key))
              expect(found === undefined ? undefined : keyText(found)).toBe(now.get(one.key))
            } else if (one.do === 'begin') {
              journal.begin()
              saved.push(new Map(now))
            } else if (one.do === 'range') {
              const { from, to, limit, reverse } = one
              const end = to === undefined ? undefined : textKey(to)
              expect(texts(journal.range(textKey(from), end, { limit, reverse }))).toEqual(
                rangeOf(now, from, to, limit, reverse),
              )
            } else if (saved.length > 0) {
              const former = saved.pop() as Model
              if (one.do === 'revert') now = former
              journal[one.do]()
            }
            expect(journal.depth).toBe(saved.length)
            expect(journal.sizeDelta).toBe(sizeOf(now) - sizeOf(before))
            expect(journal.bytesWritten).toBe(written)
          }
          while (journal.depth > 0) journal.commit()
          const changes = journal.changes()
          const changed = [...new Set([...before.keys(), ...now.keys()])].filter((k) => before.get(k) !== now.get(k))
          expect(changes.map((change) => keyText(change.key))).toEqual(changed.sort())
          for (const change of changes) {
            const text = keyText(change.key)
            expect(change.value === null ? undefined : keyText(change.value)).toBe(now.get(text))
            expect(change.previous === undefined ? undefined : keyText(change.previous)).toBe(before.get(text))
          }
          const after = memory(before)
          after.apply(changes)
          expect(texts(after.range(new Uint8Array(), undefined))).toEqual(rangeOf(now, '', undefined, 1e9, false))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('asks the base once for a key that is read again and again', () => {
    let asked = 0
    const base = memory(new Map([['k', 'v']]))
    const journal = new StateJournal({
      get: (one) => {
        asked += 1
        return base.get(one)
      },
      range: (from, to, options) => base.range(from, to, options),
    })
    for (let i = 0; i < 5; i += 1) {
      expect(journal.get(textKey('k'))).toEqual(textKey('v'))
      expect(journal.get(textKey('absent'))).toBeUndefined()
    }
    journal.set(textKey('k'), textKey('w'))
    expect(asked).toBe(2)
  })

  it('keeps reading right when more was read than it remembers', () => {
    const large = new Uint8Array(1_048_576).fill(7)
    const state = new MemoryState()
    for (let i = 0; i < 40; i += 1) state.set(textKey(`k${i}`), large)
    const journal = new StateJournal(state)
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < 40; i += 1) expect(journal.get(textKey(`k${i}`))?.length).toBe(large.length)
    }
    journal.set(textKey('k39'), textKey('small'))
    expect(journal.get(textKey('k39'))).toEqual(textKey('small'))
    expect(journal.sizeDelta).toBe(5 - large.length)
  })

  it('shows a walk the writes ahead of it and spares it those behind', () => {
    const journal = new StateJournal(memory(new Map([...'bdf'].map((k) => [k, 'x']))))
    const seen: string[] = []
    for (const [k] of journal.range(textKey('a'), undefined)) {
      const text = keyText(k)
      seen.push(text)
      if (text === 'b') {
        journal.set(textKey('a'), textKey('behind'))
        journal.set(textKey('c'), textKey('ahead'))
        journal.delete(textKey('d'))
      }
    }
    expect(seen).toEqual(['b', 'c', 'f'])
  })

  it('refuses keys, values and bounds beyond their size with a code', () => {
    const journal = new StateJournal(new MemoryState())
    const codeOf = (work: () => unknown): string => {
      try {
        work()
      } catch (error) {
        if (SmartshareError.is(error)) return error.code
      }
      return 'none'
    }
    const one = textKey('k')
    expect(codeOf(() => journal.set(new Uint8Array(), one))).toBe('STATE_KEY_SIZE')
    expect(codeOf(() => journal.set(new Uint8Array(256), one))).toBe('STATE_KEY_SIZE')
    expect(codeOf(() => journal.get(new Uint8Array(256)))).toBe('STATE_KEY_SIZE')
    expect(codeOf(() => journal.delete(new Uint8Array()))).toBe('STATE_KEY_SIZE')
    expect(codeOf(() => journal.range(new Uint8Array(1_000_000), undefined))).toBe('STATE_KEY_SIZE')
    expect(codeOf(() => journal.set(one, new Uint8Array()))).toBe('STATE_VALUE_SIZE')
    expect(codeOf(() => journal.set(one, new Uint8Array(1_048_577)))).toBe('STATE_VALUE_SIZE')
    expect(codeOf(() => journal.set(new Uint8Array(255), new Uint8Array(1_048_576)))).toBe('none')
  })

  it('bounds the nesting of checkpoints and refuses to close one that is not open', () => {
    const journal = new StateJournal(new MemoryState())
    expect(() => journal.commit()).toThrow('No checkpoint is open')
    expect(() => journal.revert()).toThrow('No checkpoint is open')
    for (let i = 0; i < MOST_CHECKPOINTS; i += 1) journal.begin()
    expect(() => journal.begin()).toThrow('More than')
    expect(() => journal.changes()).toThrow('while a checkpoint is open')
  })
})

describe('MemoryState', () => {
  it('agrees with a sorted map in reads and ranges', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.option(value)), { maxLength: 40 }),
        key,
        fc.option(key, { nil: undefined }),
        fc.boolean(),
        fc.integer({ min: 0, max: 8 }),
        (writes, from, to, reverse, limit) => {
          const state = new MemoryState()
          const model: Model = new Map()
          for (const [k, v] of writes) {
            state.apply([{ key: textKey(k), value: v === null ? null : textKey(v) }])
            if (v === null) model.delete(k)
            else model.set(k, v)
          }
          expect(state.size).toBe(model.size)
          const end = to === undefined ? undefined : textKey(to)
          expect(texts(state.range(textKey(from), end, { limit, reverse }))).toEqual(
            rangeOf(model, from, to, limit, reverse),
          )
        },
      ),
    )
  })
})

describe('prefixEnd', () => {
  it('separates exactly the keys that begin with the prefix', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ max: 3, maxLength: 3 }),
        fc.uint8Array({ minLength: 1, maxLength: 5 }),
        (low, other) => {
          for (const prefix of [low, low.map((byte) => 255 - byte)]) {
            const end = prefixEnd(prefix)
            const within = keyText(other) >= keyText(prefix) && (end === undefined || keyText(other) < keyText(end))
            expect(within).toBe(keyText(other).startsWith(keyText(prefix)))
          }
        },
      ),
    )
  })
})
