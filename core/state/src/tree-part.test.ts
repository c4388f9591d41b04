import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NewPage } from './page-batch.ts'
import { decodeProof, encodeProof, pathOf, type StateProof } from './proof.ts'
import type { StateEntry } from './state-reader.ts'
import { StateTree } from './state-tree.ts'
import { comparePaths, isInPart, type StatePart, verifyPart } from './tree-part.ts'
import { provePart } from './tree-prove.ts'

const text = new TextEncoder()

interface Tree {
  readonly root: Uint8Array
  readonly entries: readonly StateEntry[]
  prove(part: StatePart): StateProof
}

/** A tree of `count` keys, its entries in the order of their paths. */
function treeOf(count: number, salt = ''): Tree {
  const entries = Array.from(
    { length: count },
    (_, i): StateEntry => [text.encode(`key ${salt}${i}`), text.encode(`${i}`)],
  )
  entries.sort(([a], [b]) => comparePaths(pathOf(a), pathOf(b)))
  const pages = new Map<NewPage['name'], Uint8Array>()
  const tree = new StateTree({ get: (name) => pages.get(name) })
  const applied = tree.applyChanges(entries.map(([key, value]) => ({ key, value })))
  for (const { name, bytes } of applied.pages) if (bytes !== null) pages.set(name, bytes)
  const root = count === 0 ? new Uint8Array(32) : applied.root
  return { root, entries, prove: (part) => provePart((name) => pages.get(name), part) }
}

function partOf(bits: string): StatePart {
  const path = new Uint8Array(32)
  for (const [i, bit] of [...bits].entries()) if (bit === '1') path[i >> 3]! |= 0x80 >> (i & 7)
  return { path, depth: bits.length }
}

const inPart = (tree: Tree, part: StatePart) => tree.entries.filter(([key]) => isInPart(part, pathOf(key)))
const bits = fc.array(fc.constantFrom('0', '1'), { maxLength: 14 }).map((all) => all.join(''))
const trees = [0, 1, 2, 3, 17, 40, 700].map((count) => treeOf(count))
const treeArb = fc.constantFrom(...trees)

describe('a part of the state', () => {
  it('is proven to hold its keys and no other, for every cut of trees of any size', () => {
    fc.assert(
      fc.property(treeArb, bits, (tree, cut) => {
        const part = partOf(cut)
        const proof = decodeProof(encodeProof(tree.prove(part)))
        expect(verifyPart(tree.root, part, inPart(tree, part), proof)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  it('cannot lack, change, add, double or reorder an entry', () => {
    fc.assert(
      fc.property(treeArb, bits, fc.nat(), (tree, cut, dice) => {
        const part = partOf(cut)
        const proof = tree.prove(part)
        const entries = inPart(tree, part)
        const holds = (list: readonly StateEntry[], from = proof) => verifyPart(tree.root, part, list, from)
        const at = dice % Math.max(1, entries.length)
        const one = entries[at]
        expect(holds([...entries, [text.encode('hidden'), text.encode('1')]])).toBe(false)
        if (one === undefined) return
        expect(holds(entries.toSpliced(at, 1))).toBe(false)
        expect(holds(entries.toSpliced(at, 1, [one[0], text.encode('more')]))).toBe(false)
        expect(holds(entries.toSpliced(at, 0, one))).toBe(false)
        if (entries.length > 1) expect(holds(entries.toReversed())).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('is not proven by the proof of another part, of another tree, or by one with a bit turned', () => {
    const other = treeOf(40, 'other ')
    fc.assert(
      fc.property(bits, bits, fc.nat(), (cut, second, dice) => {
        const tree = trees[5]!
        const part = partOf(cut)
        const entries = inPart(tree, part)
        expect(verifyPart(other.root, part, entries, tree.prove(part))).toBe(false)
        const elsewhere = partOf(second)
        const strange = inPart(tree, elsewhere)
        // Parts that hold the same keys, or the same emptiness, may share their proofs.
        if (strange.length > 1 && cut !== second) {
          expect(verifyPart(tree.root, part, strange, tree.prove(elsewhere))).toBe(false)
        }
        const encoded = encodeProof(tree.prove(part))
        encoded[dice % encoded.length]! ^= 1 << (dice % 8)
        let bent: StateProof
        try {
          bent = decodeProof(encoded)
        } catch {
          return
        }
        expect(verifyPart(tree.root, part, entries, bent)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('cannot be said to be empty by the leaf of a key that is in it, nor hold two keys where one leaf stands', () => {
    const tree = treeOf(1)
    const [key, value] = tree.entries[0]!
    const path = pathOf(key)
    const whole = partOf('')
    const leaf = { path, valueHash: new Uint8Array(32) }
    const none = { bitmap: new Uint8Array(0), siblings: new Uint8Array(0), other: null }
    expect(verifyPart(tree.root, whole, [], { ...none, other: leaf })).toBe(false)
    expect(verifyPart(tree.root, whole, [], none)).toBe(false)
    expect(verifyPart(tree.root, whole, [[key, value]], none)).toBe(true)
    expect(verifyPart(tree.root, { path: new Uint8Array(31), depth: 0 }, [[key, value]], none)).toBe(false)
    expect(verifyPart(tree.root, { path: new Uint8Array(32), depth: 65 }, [], none)).toBe(false)
    expect(verifyPart(tree.root, whole, [[new Uint8Array(0), value]], none)).toBe(false)
    expect(verifyPart(tree.root, whole, [[key, new Uint8Array(0)]], none)).toBe(false)
  })
})
