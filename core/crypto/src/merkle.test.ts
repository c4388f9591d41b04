import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fromHex, toHex } from './bytes.ts'
import { DATA_BLOCK_BYTES, DataTree, DataTreeBuilder, dataProof, dataRoot, verifyDataProof } from './merkle-data.ts'
import { listProof, listRoot, verifyListProof } from './merkle-list.ts'
import { proveInRange, RangeAccumulator, type RangeNodes, rangeAt, rangeUpTo, verifyRangeProof } from './range.ts'

type MerkleCase = { name: string; root: string; valid: boolean } & (
  | { kind: 'list root' | 'range root'; leaves: string[] }
  | { kind: 'list'; leaf: string; index: number; count: number; siblings: string[] }
  | { kind: 'data root'; sizeBytes: number }
  | { kind: 'data'; sizeBytes: number; segmentIndex: number; segment: string; siblings: string[] }
  | { kind: 'range'; leaf: string; index: number; count: number; siblings: string[]; peaks: string[] }
)

const vectors: MerkleCase[] = JSON.parse(readFileSync(new URL('../vectors/merkle.json', import.meta.url), 'utf8'))
const code = (wanted: string) => expect.objectContaining({ code: wanted })
const hashes = (count: number) => Array.from({ length: count }, (_, i) => sha(`${i}`))
const sha = (text: string) => Uint8Array.from(createHash('sha256').update(text).digest())
/** The content of the vectors; see make-merkle.mjs. */
const content = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) % 251)

describe.each(['node', 'browser'])('Merkle trees on the %s back end', (backEnd) => {
  let crypto: typeof import('./index.ts')
  beforeAll(async () => {
    vi.resetModules()
    vi.doMock('#native', () => import(backEnd === 'node' ? './native-node.ts' : './native-browser.ts'))
    crypto = await import('./index.ts')
  })
  afterAll(() => {
    vi.doUnmock('#native')
    vi.resetModules()
  })

  it.each(vectors)('$kind $root $name is $valid', (entry) => {
    const root = fromHex(entry.root)
    switch (entry.kind) {
      case 'list root':
        expect(toHex(crypto.listRoot(entry.leaves.map(fromHex)))).toBe(entry.root)
        break
      case 'range root': {
        const range = entry.leaves.reduce((sum, leaf) => sum.append(fromHex(leaf)), crypto.RangeAccumulator.empty)
        expect(toHex(range.root())).toBe(entry.root)
        break
      }
      case 'data root':
        expect(toHex(crypto.dataRoot(content(entry.sizeBytes)))).toBe(entry.root)
        break
      case 'list': {
        const { index, count } = entry
        const proof = { index, count, siblings: entry.siblings.map(fromHex) }
        expect(crypto.verifyListProof(root, fromHex(entry.leaf), proof)).toBe(entry.valid)
        break
      }
      case 'data': {
        const { sizeBytes, segmentIndex } = entry
        const siblings = entry.siblings.map(fromHex)
        const accepted = crypto.verifyDataProof(root, sizeBytes, segmentIndex, fromHex(entry.segment), siblings)
        expect(accepted).toBe(entry.valid)
        if (entry.valid) {
          const proof = crypto.dataProof(content(sizeBytes), segmentIndex)
          expect(proof).toEqual({ segmentIndex, segment: fromHex(entry.segment), siblings })
        }
        break
      }
      case 'range': {
        const { index, count } = entry
        const proof = { index, count, siblings: entry.siblings.map(fromHex), peaks: entry.peaks.map(fromHex) }
        expect(crypto.verifyRangeProof(root, fromHex(entry.leaf), proof)).toBe(entry.valid)
      }
    }
  })
})

describe('a list', () => {
  it('proves every leaf, and no leaf at the place of another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (count, a, b) => {
        const leaves = hashes(count)
        const root = listRoot(leaves)
        const [index, other] = [a % count, b % count]
        const proof = listProof(leaves, index)
        expect(verifyListProof(root, leaves[index] as Uint8Array, proof)).toBe(true)
        expect(verifyListProof(root, leaves[index] as Uint8Array, { ...proof, index: other })).toBe(index === other)
        expect(verifyListProof(root, leaves[other] as Uint8Array, proof)).toBe(index === other)
      }),
    )
  })

  it('has another root with a leaf of padding more', () => {
    const padding = new Uint8Array(32)
    for (let count = 0; count < 9; count++) {
      const leaves = hashes(count)
      expect(listRoot([...leaves, padding])).not.toEqual(listRoot(leaves))
    }
  })

  it('refuses leaves that are none', () => {
    expect(() => listRoot([new Uint8Array(31)])).toThrow(code('LIST_INVALID'))
    expect(() => listProof(hashes(3), 3)).toThrow(code('LIST_INDEX'))
    expect(() => listProof(hashes(3), -1)).toThrow(code('LIST_INDEX'))
    expect(() => listProof(hashes(3), 0.5)).toThrow(code('LIST_INDEX'))
  })
})

describe('a tree over data', () => {
  const sizes = fc.oneof(
    fc.integer({ min: 1, max: 5 * DATA_BLOCK_BYTES }),
    fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -65, max: 65 }))
      .map(([k, d]) => k * DATA_BLOCK_BYTES + d),
  )

  it('is the same however the stream is cut', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 12 }), (size, cuts) => {
        const bytes = content(size)
        const builder = new DataTreeBuilder()
        let at = 0
        for (const cut of cuts) {
          builder.update(bytes.subarray(at, at + cut))
          at = Math.min(size, at + cut)
        }
        const tree = builder.update(bytes.subarray(at)).finish()
        expect(tree.root).toEqual(dataRoot(bytes))
        expect(tree.sizeBytes).toBe(size)
      }),
      { numRuns: 60 },
    )
  })

  it('opens any segment from its one block, also after it was stored', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(511), (size, seed, bit) => {
        const bytes = content(size)
        const built = new DataTreeBuilder().update(bytes).finish()
        const tree = DataTree.fromTops(size, built.blockTops)
        expect(tree.root).toEqual(built.root)
        expect(built.blockTops.length).toBe(32 * Math.ceil(size / DATA_BLOCK_BYTES))
        const index = seed % Math.ceil(size / 64)
        const { offset, length } = tree.blockOf(index)
        expect(length).toBeLessThanOrEqual(DATA_BLOCK_BYTES)
        const proof = tree.prove(index, bytes.subarray(offset, offset + length))
        const segment = new Uint8Array(64)
        segment.set(bytes.subarray(64 * index, 64 * index + 64))
        expect(proof.segment).toEqual(segment)
        expect(verifyDataProof(tree.root, size, index, segment, proof.siblings)).toBe(true)
        segment[bit >> 3] = (segment[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(verifyDataProof(tree.root, size, index, segment, proof.siblings)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('notices a damaged block instead of proving something wrong', () => {
    const bytes = content(3 * DATA_BLOCK_BYTES + 100)
    const tree = new DataTreeBuilder().update(bytes).finish()
    for (const index of [0, 1024, 3 * 1024 + 1]) {
      const { offset, length } = tree.blockOf(index)
      const block = bytes.slice(offset, offset + length)
      block[length - 1] = (block[length - 1] as number) ^ 1
      expect(() => tree.prove(index, block)).toThrow(code('DATA_DAMAGED'))
      expect(() => tree.prove(index, block.subarray(1))).toThrow(code('DATA_DAMAGED'))
    }
    expect(() => tree.blockOf(3 * 1024 + 2)).toThrow(code('DATA_SEGMENT'))
    expect(() => tree.blockOf(-1)).toThrow(code('DATA_SEGMENT'))
    expect(() => DataTree.fromTops(bytes.length, tree.blockTops.subarray(32))).toThrow(code('DATA_TREE_INVALID'))
    expect(() => DataTree.fromTops(2 ** 41, new Uint8Array(0))).toThrow(code('DATA_TREE_INVALID'))
  })

  it('joins parts to the tree of the whole, and opens segments through a part', () => {
    // Parts of 2^11 segments (two blocks) stand for packets, so that the whole fits a test.
    const level = 11
    const part = 64 * 2 ** level
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * part }), fc.nat(), (size, seed) => {
        const bytes = content(size)
        const trees: DataTree[] = []
        for (let at = 0; at < size; at += part)
          trees.push(new DataTreeBuilder().update(bytes.subarray(at, at + part)).finish())
        const lot = DataTree.join(trees, level)
        expect(lot.root).toEqual(dataRoot(bytes))
        const index = seed % Math.ceil(size / 64)
        const place = Math.floor((index * 64) / part)
        const tree = trees[place] as DataTree
        const inPart = index - place * 2 ** level
        const { offset, length } = tree.blockOf(inPart)
        const start = place * part + offset
        const proof = lot.within(place, tree.prove(inPart, bytes.subarray(start, start + length)))
        expect(proof).toEqual(dataProof(bytes, index))
      }),
      { numRuns: 40 },
    )
  })

  it('joins only parts that fill their places', () => {
    const tree = (size: number) => new DataTreeBuilder().update(content(size)).finish()
    const part = 64 * 2 ** 11
    for (const sizes of [[part - 1, part], [part + 1], [part, 0], [part, part + 1]])
      expect(() => DataTree.join(sizes.map(tree), 11)).toThrow(code('DATA_TREE_INVALID'))
  })
})

describe('a range', () => {
  /** Appends leaves and keeps every node, as a store does. */
  function rangeOf(count: number): { range: RangeAccumulator; leaves: Uint8Array[]; nodes: RangeNodes } {
    const stored = new Map<string, Uint8Array>()
    const leaves = hashes(count)
    let range = RangeAccumulator.empty
    for (const leaf of leaves) {
      const grown = range.grow(leaf)
      for (const node of grown.nodes) {
        expect(stored.has(`${node.level}/${node.index}`)).toBe(false)
        stored.set(`${node.level}/${node.index}`, node.hash)
      }
      range = grown.range
    }
    return { range, leaves, nodes: (level, index) => stored.get(`${level}/${index}`) }
  }

  it('proves every leaf at every length', () => {
    for (let count = 1; count <= 40; count++) {
      const { range, leaves, nodes } = rangeOf(count)
      const root = range.root()
      for (const [index, leaf] of leaves.entries()) {
        const proof = proveInRange(range.count, index, nodes)
        expect(verifyRangeProof(root, leaf, proof)).toBe(true)
        expect(verifyRangeProof(root, sha('other'), proof)).toBe(false)
        expect(verifyRangeProof(root, leaf, { ...proof, index: (index + 1) % (count + 1) })).toBe(false)
      }
    }
  })

  it('comes back from its bytes, and grows on as before', () => {
    fc.assert(
      fc.property(fc.nat(200), (count) => {
        const { range } = rangeOf(count)
        const again = RangeAccumulator.decode(range.encode())
        expect(again).toEqual(range)
        expect(again.append(sha('next')).root()).toEqual(range.append(sha('next')).root())
        expect(again.root()).toEqual(range.root())
      }),
      { numRuns: 30 },
    )
  })

  it('tells from the proof of a leaf in a later range what the range was up to that leaf, and goes on from it', () => {
    const { leaves, nodes } = rangeOf(70)
    let range = RangeAccumulator.empty
    for (const [index, leaf] of leaves.entries()) {
      range = range.append(leaf)
      for (let count = index + 1; count <= leaves.length; count++) {
        expect(rangeUpTo(leaf, proveInRange(count, index, nodes))).toEqual(range)
      }
      for (const { level, index: at, hash } of range.peakNodes()) expect(nodes(level, at)).toEqual(hash)
    }
  })

  it('can be had at any of its counts, from the stored nodes', () => {
    const { leaves, nodes } = rangeOf(70)
    let range = RangeAccumulator.empty
    for (const leaf of leaves) {
      expect(rangeAt(range.count, nodes)).toEqual(range)
      range = range.append(leaf)
    }
    expect(() => rangeAt(70, () => undefined)).toThrow(code('RANGE_NODE_MISSING'))
  })

  it('proves a leaf in an older range too, from the same stored nodes', () => {
    const { leaves, nodes } = rangeOf(50)
    let range = RangeAccumulator.empty
    for (const leaf of leaves) range = range.count < 23 ? range.append(leaf) : range
    for (let index = 0; index < 23; index++)
      expect(verifyRangeProof(range.root(), leaves[index] as Uint8Array, proveInRange(range.count, index, nodes))).toBe(
        true,
      )
  })

  it('refuses leaves, bytes, indices and proofs that are none', () => {
    const { range, leaves, nodes } = rangeOf(5)
    const proof = proveInRange(5, 0, nodes)
    const tooMany = { ...proof, peaks: Array(60).fill(leaves[0]) }
    expect(verifyRangeProof(range.root(), leaves[0] as Uint8Array, tooMany)).toBe(false)
    expect(verifyRangeProof(range.root(), leaves[0] as Uint8Array, { ...proof, count: 2 ** 60 })).toBe(false)
    expect(() => range.append(new Uint8Array(31))).toThrow(code('RANGE_INVALID'))
    expect(() => proveInRange(5, 5, nodes)).toThrow(code('RANGE_INDEX'))
    expect(() => proveInRange(5, -1, nodes)).toThrow(code('RANGE_INDEX'))
    expect(() => proveInRange(5, 0, () => undefined)).toThrow(code('RANGE_NODE_MISSING'))
    const bytes = range.encode()
    bytes[1] = 4
    expect(() => RangeAccumulator.decode(bytes)).toThrow(code('RANGE_INVALID'))
  })
})
