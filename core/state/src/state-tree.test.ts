import { hash } from 'node:crypto'
import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyText, textKey } from './key-text.ts'
import type { NewPage } from './page-batch.ts'
import { decodeProof, encodeProof, type StateProof, verifyProof } from './proof.ts'
import { StateTree, type StateTreeOptions } from './state-tree.ts'
import { type PageName, pageText } from './tree-page.ts'
import type { TreeChange } from './tree-update.ts'

type Model = Map<string, string>

// The definition of docs/spec/bytes.md §7 once more, as short as it can be and with nothing of the code under test.
const sha = (...parts: Uint8Array[]) => hash('sha256', Buffer.concat(parts), 'buffer')
const tagged = (tag: string, content: Uint8Array) => sha(sha(Buffer.from(`smartshare/${tag}`)), content)
const MARK = sha(Buffer.from('smartshare/state/leaf'))
const bitOf = (path: Uint8Array, depth: number) => ((path[depth >> 3] as number) >> (7 - (depth % 8))) & 1

function referenceRoot(model: Model): string {
  const subtree = (leaves: { path: Buffer; hash: Buffer }[], depth: number): Buffer => {
    if (leaves.length === 0) return Buffer.alloc(32)
    if (leaves.length === 1) return (leaves[0] as { hash: Buffer }).hash
    const side = (bit: number) => leaves.filter((leaf) => bitOf(leaf.path, depth) === bit)
    return sha(subtree(side(0), depth + 1), subtree(side(1), depth + 1))
  }
  const leaves = [...model].map(([key, value]) => {
    const path = tagged('state/key', textKey(key))
    return { path, hash: sha(sha(path, tagged('state/value', textKey(value))), MARK) }
  })
  return subtree(leaves, 0).toString('hex')
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const put = (key: string, value: string): TreeChange => ({ key: textKey(key), value: textKey(value) })
const drop = (key: string): TreeChange => ({ key: textKey(key), value: null })

/** A tree over pages in a map that, like LMDB, answers every read in the same memory. */
class Bench {
  readonly pages = new Map<PageName, Uint8Array>()
  readonly #shared = Buffer.alloc(4096)
  reads = 0
  tree: StateTree
  model: Model = new Map()
  #waiting: NewPage[] = []

  constructor(options: StateTreeOptions = {}) {
    this.tree = this.open(options)
  }

  open(options: StateTreeOptions): StateTree {
    this.tree = new StateTree({ get: (name) => this.#get(name) }, options)
    return this.tree
  }

  #get(name: PageName): Uint8Array | undefined {
    this.reads += 1
    const page = this.pages.get(name)
    if (page === undefined) return undefined
    this.#shared.fill(0xee)
    this.#shared.set(page)
    return this.#shared.subarray(0, page.length)
  }

  apply(changes: readonly TreeChange[], commit = true): string {
    for (const { key, value } of changes) {
      if (value === null) this.model.delete(keyText(key))
      else this.model.set(keyText(key), keyText(value))
    }
    const { root, pages } = this.tree.applyChanges(changes)
    this.#waiting.push(...pages)
    if (commit) this.commit()
    return hex(root)
  }

  commit(): void {
    for (const { name, bytes } of this.#waiting) {
      if (bytes === null) this.pages.delete(name)
      else this.pages.set(name, bytes)
    }
    this.#waiting = []
    this.tree.committed(this.tree.height)
  }
}

/** Keys whose paths begin with the same `bits` bits, so that small tests reach deep places. */
function closeKeys(bits: number, count: number): string[] {
  const groups = new Map<string, string[]>()
  for (let i = 0; ; i += 1) {
    const key = `close-${i}`
    const path = tagged('state/key', textKey(key))
    const prefix = (BigInt(`0x${path.toString('hex')}`) >> BigInt(256 - bits)).toString()
    const group = groups.get(prefix) ?? []
    group.push(key)
    if (group.length === count) return group
    groups.set(prefix, group)
  }
}
const CLOSE = closeKeys(12, 18)

const key = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((i) => `key-${i}`),
  fc.constantFrom(...CLOSE),
)
const change = fc.tuple(key, fc.option(fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' }), { freq: 3 }))
const block = fc
  .uniqueArray(change, { maxLength: 60, selector: ([k]) => k })
  .map((list) => list.map(([k, v]) => (v === null ? drop(k) : put(k, v))))

describe('StateTree', () => {
  it('has the root of the definition after any blocks, durable or not, and after a restart', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(block, fc.boolean(), fc.boolean()), { maxLength: 8 }),
        fc.constantFrom(0, 600, 1_000_000),
        (blocks, cacheBytes) => {
          const bench = new Bench({ cacheBytes })
          for (const [changes, commit, reopen] of blocks) {
            const root = bench.apply(changes, commit)
            expect(root).toBe(referenceRoot(bench.model))
            if (commit && reopen) bench.open({ cacheBytes, height: bench.tree.height })
            expect(hex(bench.tree.root)).toBe(root)
            expect(bench.tree.count).toBe(bench.model.size)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  it('lies in the same pages whatever way the keys came and went', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
        const there = new Bench()
        for (const changes of blocks) there.apply(changes)
        const again = new Bench()
        again.apply([...there.model].reverse().map(([k, v]) => put(k, v)))
        const sorted = (pages: Bench['pages']) =>
          [...pages].map(([name, bytes]) => [pageText(name), hex(bytes)] as const).sort(([a], [b]) => (a < b ? -1 : 1))
        expect(sorted(there.pages)).toEqual(sorted(again.pages))
        there.apply([...there.model.keys()].map(drop))
        expect(there.pages.size).toBe(0)
        expect(hex(there.tree.root)).toBe('0'.repeat(64))
      }),
      { numRuns: 100 },
    )
  })

  it('proves presence and absence of any key at any kept height, and after a restart with the undo of blocks', () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 5 }), key, fc.boolean(), (blocks, probe, restart) => {
        const bench = new Bench()
        const past: { root: Uint8Array; model: Model }[] = [{ root: new Uint8Array(32), model: new Map() }]
        const undo: Parameters<StateTree['extendUndo']>[0][] = []
        for (const changes of blocks) {
          undo.push(
            changes.map(({ key: k, value }) => {
              const before = bench.model.get(keyText(k))
              return { key: k, value, previous: before === undefined ? undefined : textKey(before) }
            }),
          )
          bench.apply(changes, changes.length % 2 === 0)
          past.push({ root: bench.tree.root, model: new Map(bench.model) })
        }
        if (restart) {
          bench.commit()
          bench.open({ height: blocks.length })
          expect(bench.tree.oldestHeight).toBe(blocks.length)
          while (bench.tree.oldestHeight > 0) bench.tree.extendUndo(undo.pop() ?? [])
        }
        for (const [height, { root, model }] of past.entries()) {
          expect(hex(bench.tree.rootAt(height))).toBe(hex(root))
          for (const one of [probe, 'never-there', ...[...model.keys()].slice(0, 5)]) {
            const proof = decodeProof(encodeProof(bench.tree.prove(textKey(one), height)))
            const value = model.get(one)
            expect(verifyProof(root, textKey(one), value === undefined ? undefined : textKey(value), proof)).toBe(true)
            expect(verifyProof(root, textKey(one), value === undefined ? textKey('x') : undefined, proof)).toBe(false)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('goes back over blocks without changes', () => {
    const bench = new Bench()
    const before = bench.apply(Array.from({ length: 40 }, (_, i) => put(`k${i}`, 'x')))
    bench.apply([])
    bench.open({ height: 2 })
    bench.tree.extendUndo([])
    expect(hex(bench.tree.rootAt(1))).toBe(before)
    expect(verifyProof(bench.tree.rootAt(1), textKey('k7'), textKey('x'), bench.tree.prove(textKey('k7'), 1))).toBe(
      true,
    )
  })

  it('keeps proofs for a bounded number of heights and bytes, and says when a height is gone', () => {
    const bench = new Bench({ undoHeights: 3 })
    for (let i = 1; i <= 10; i += 1) bench.apply([put('k', `v${i}`), put(`k${i}`, 'x')])
    expect(bench.tree.oldestHeight).toBe(7)
    expect(verifyProof(bench.tree.rootAt(7), textKey('k'), textKey('v7'), bench.tree.prove(textKey('k'), 7))).toBe(true)
    for (const height of [6, 11]) {
      expect(() => bench.tree.prove(textKey('k'), height)).toThrow(SmartshareError)
      expect(() => bench.tree.rootAt(height)).toThrow('Proofs are kept for heights 7 … 10')
    }
    const small = new Bench({ undoBytes: 1000 })
    small.apply([put('a', '1')])
    small.apply([put('a', '2')])
    expect(small.tree.oldestHeight).toBe(0)
    for (let round = 0; round < 3; round += 1) {
      small.apply(Array.from({ length: 100 }, (_, i) => put(`k${i}`, `${round}`)))
      expect(hex(small.tree.root)).toBe(referenceRoot(small.model))
    }
    expect(small.tree.oldestHeight).toBe(5)
  })

  it('takes a genesis at height 0, larger than one run', () => {
    const bench = new Bench({ changesPerRun: 1000 })
    const changes = Array.from({ length: 3500 }, (_, i) => put(`account-${i}`, `${i}`))
    const { root, pages } = bench.tree.applyChanges(changes, 0)
    expect(hex(root)).toBe(referenceRoot(new Map(changes.map((c) => [keyText(c.key), keyText(c.value as Uint8Array)]))))
    const names = Array.from(pages, ({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, bytes } of pages) if (bytes !== null) bench.pages.set(name, bytes)
    bench.tree.committed(0)
    const again = bench.open({ height: 0, changesPerRun: 700 })
    expect(hex(again.root)).toBe(hex(root))
    expect(again.count).toBe(changes.length)
    bench.model = new Map(changes.map((c) => [keyText(c.key), keyText(c.value as Uint8Array)]))
    const second = changes.map((c, i) => (i % 3 === 0 ? { key: c.key, value: null } : put(keyText(c.key), 'new')))
    expect(bench.apply(second)).toBe(referenceRoot(bench.model))
    const first = changes[0] as TreeChange
    expect(verifyProof(root, first.key, first.value as Uint8Array, bench.tree.prove(first.key, 0))).toBe(true)
  })

  it('refuses heights out of turn and a key that is changed twice', () => {
    const codeOf = (work: () => unknown): string => {
      try {
        work()
      } catch (error) {
        if (SmartshareError.is(error)) return error.code
      }
      return 'none'
    }
    const bench = new Bench()
    expect(codeOf(() => bench.tree.applyChanges([], 2))).toBe('STATE_TREE_HEIGHT')
    expect(codeOf(() => bench.tree.applyChanges([put('a', '1'), put('b', '1'), put('a', '2')]))).toBe(
      'STATE_TREE_CHANGES',
    )
    expect(codeOf(() => bench.tree.applyChanges([put('a', '1'), { key: new Uint8Array(), value: null }]))).toBe(
      'STATE_KEY_SIZE',
    )
    bench.apply([put('a', '1')])
    expect(codeOf(() => bench.tree.applyChanges([put('b', '1')], 0))).toBe('STATE_TREE_HEIGHT')
    expect(codeOf(() => bench.tree.committed(2))).toBe('STATE_TREE_HEIGHT')
    expect(hex(bench.tree.root)).toBe(referenceRoot(bench.model))
  })

  it('goes on after a refused update, but not if a part of a large one was applied already', () => {
    const bench = new Bench({ changesPerRun: 200 })
    bench.apply([put('a', '1')])
    const bad = { key: textKey('b'), value: new Uint8Array() }
    expect(() => bench.tree.applyChanges([put('c', '1'), bad])).toThrow('A value has')
    expect(bench.apply([put('d', '1')])).toBe(referenceRoot(bench.model))
    const pathOf = (i: number) => tagged('state/key', textKey(`k${i}`))
    let last = 0
    for (let i = 1; i <= 200; i += 1) if (pathOf(i).compare(pathOf(last)) > 0) last = i
    const many = Array.from({ length: 201 }, (_, i) => put(`k${i}`, 'x'))
    many[last] = { key: textKey(`k${last}`), value: new Uint8Array() }
    expect(() => bench.tree.applyChanges(many)).toThrow('A value has')
    expect(() => bench.tree.applyChanges([put('e', '1')])).toThrow('half-way')
  })

  it('works per block in proportion to changes × log of the keys, with one or two reads per change, at a million keys', () => {
    let bench = new Bench()
    const keyOf = (i: number) => {
      const bytes = new Uint8Array(34)
      new DataView(bytes.buffer).setUint32(0, i)
      return bytes
    }
    const measure = (salt: number, keys: number, count: number) => {
      const changes = Array.from({ length: count }, (_, i) => ({
        key: keyOf((i * 7919 + salt) % keys),
        value: new Uint8Array(8).fill(salt),
      }))
      const before = { hashes: bench.tree.hashes, reads: bench.reads }
      for (const { name, bytes } of bench.tree.applyChanges(changes).pages) bench.pages.set(name, bytes as Uint8Array)
      bench.tree.committed(bench.tree.height)
      return { hashes: (bench.tree.hashes - before.hashes) / count, reads: (bench.reads - before.reads) / count }
    }
    const figures: { keys: number; hashes: number; reads: number }[] = []
    for (const keys of [1_000, 31_250, 1_000_000]) {
      bench = new Bench({ undoHeights: 0 })
      // In the order of the tree, so that building it does not write the same pages again and again.
      const first = (i: number) => tagged('state/key', keyOf(i)).readUInt32BE() * 2 ** 20 + i
      const order = Float64Array.from({ length: keys }, (_, i) => first(i)).sort()
      for (let start = 0; start < keys; start += 50_000) {
        const part = Array.from(order.subarray(start, start + 50_000), (one) => ({
          key: keyOf(one % 2 ** 20),
          value: new Uint8Array(8).fill(1),
        }))
        for (const { name, bytes } of bench.tree.applyChanges(part).pages) bench.pages.set(name, bytes as Uint8Array)
        bench.tree.committed(bench.tree.height)
      }
      figures.push({ keys, ...measure(2, keys, 500) })
    }
    expect(bench.tree.count).toBe(1_000_000)
    // Ten hashes for the leaf and its bucket, and one for each level above that is not shared with other changes.
    for (const { keys, hashes } of figures) expect(hashes).toBeLessThan(10 + 1.1 * Math.log2(keys))
    const [, middle, large] = figures as [unknown, (typeof figures)[0], (typeof figures)[0]]
    // 32 times the keys is five levels more.
    expect(large.hashes - middle.hashes).toBeLessThan(10)
    expect(large.reads).toBeLessThan(2)
    // Many changes share the upper levels: the work per change falls.
    expect(measure(3, 1_000_000, 10_000).hashes).toBeLessThan(large.hashes)
  }, 180_000)
})

describe('proofs', () => {
  const bench = new Bench()
  const entries = [...Array.from({ length: 300 }, (_, i) => `key-${i}`), ...CLOSE]
  bench.apply(entries.map((k) => put(k, `value of ${k}`)))
  const root = bench.tree.root

  it('fail for every changed bit of proof, key, value and root', () => {
    const probes = ['key-7', CLOSE[3] as string, 'absent-1', 'absent-2', 'absent-3', 'absent-4']
    let empties = 0
    for (const probe of probes) {
      const k = textKey(probe)
      const value = bench.model.has(probe) ? textKey(bench.model.get(probe) as string) : undefined
      const proof = bench.tree.prove(k)
      if (value === undefined && proof.other === null) empties += 1
      expect(verifyProof(root, k, value, proof)).toBe(true)
      const flips = (bytes: Uint8Array) =>
        Array.from({ length: bytes.length * 8 }, (_, bit) => {
          const copy = bytes.slice()
          copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
          return copy
        })
      for (const one of flips(root)) expect(verifyProof(one, k, value, proof)).toBe(false)
      if (value !== undefined) {
        for (const one of flips(k)) expect(verifyProof(root, one, value, proof)).toBe(false)
        for (const one of flips(value)) expect(verifyProof(root, k, one, proof)).toBe(false)
      }
      const encoded = encodeProof(proof)
      for (const one of flips(encoded)) {
        let changed: StateProof | undefined
        try {
          changed = decodeProof(one)
        } catch (error) {
          expect(error).toBeInstanceOf(SmartshareError)
        }
        if (changed !== undefined) expect(verifyProof(root, k, value, changed)).toBe(false)
      }
    }
    expect(empties).toBeGreaterThan(0)
  })

  it('have one form only', () => {
    const proof = bench.tree.prove(textKey('key-7'))
    const value = textKey('value of key-7')
    const padded = new Uint8Array(proof.bitmap.length + 1)
    padded.set(proof.bitmap)
    const malformed: StateProof[] = [
      { ...proof, bitmap: padded },
      { ...proof, siblings: proof.siblings.subarray(32) },
      { ...proof, siblings: proof.siblings.subarray(1) },
      // An empty sibling written out instead of told by its bit.
      {
        ...proof,
        bitmap: Uint8Array.of(...proof.bitmap, 0x80),
        siblings: Uint8Array.of(...proof.siblings, ...new Uint8Array(32)),
      },
      { ...proof, other: { path: new Uint8Array(31), valueHash: new Uint8Array(32) } },
      { ...proof, bitmap: new Uint8Array(33).fill(255) },
    ]
    for (const one of malformed) {
      expect(verifyProof(root, textKey('key-7'), value, one)).toBe(false)
      expect(verifyProof(root, textKey('key-7'), undefined, one)).toBe(false)
    }
    for (const one of malformed.slice(0, 4)) expect(() => decodeProof(encodeProof(one))).toThrow(SmartshareError)
    expect(verifyProof(root.subarray(1), textKey('key-7'), value, proof)).toBe(false)
    expect(verifyProof(root, new Uint8Array(), value, proof)).toBe(false)
    expect(verifyProof(root, textKey('key-7'), new Uint8Array(), proof)).toBe(false)
  })

  it('show the absence of a key by another leaf only if that leaf stands on its path', () => {
    // A true leaf of the tree with its true siblings, offered for a key whose path leads elsewhere.
    const stranger = entries.find((k) => bitOf(tagged('state/key', textKey(k)), 0) === 1) as string
    const proof = bench.tree.prove(textKey(stranger))
    const other = {
      path: tagged('state/key', textKey(stranger)),
      valueHash: tagged('state/value', textKey(`value of ${stranger}`)),
    }
    const victims = entries.filter((k) => k !== stranger)
    for (const victim of victims) {
      expect(verifyProof(root, textKey(victim), undefined, { ...proof, other })).toBe(false)
    }
  })

  it('stay small', () => {
    const sizes = entries.map((k) => encodeProof(bench.tree.prove(textKey(k))).length)
    expect(Math.max(...sizes)).toBeLessThan(800)
  })
})
