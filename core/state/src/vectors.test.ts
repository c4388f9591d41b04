import { readFileSync } from 'node:fs'
import { SmartshareError } from '@smartshare/codec'
import { describe, expect, it } from 'vitest'
import { decodeProof, encodeProof, verifyProof } from './proof.ts'
import { StateTree } from './state-tree.ts'
import { verifyPart } from './tree-part.ts'

interface RootCase {
  readonly kind: 'root'
  readonly name: string
  readonly entries: readonly (readonly [string, string])[]
  readonly root: string
}
interface ProofCase {
  readonly kind: 'proof'
  readonly name: string
  readonly root: string
  readonly key: string
  readonly value: string | null
  readonly proof: string
  readonly valid: boolean
}

interface PartCase {
  readonly kind: 'part'
  readonly name: string
  readonly root: string
  readonly bits: string
  readonly entries: readonly (readonly [string, string])[]
  readonly proof: string
  readonly valid: boolean
}

const cases: (RootCase | ProofCase | PartCase)[] = JSON.parse(
  readFileSync(new URL('../vectors/state.json', import.meta.url), 'utf8'),
)
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const roots = cases.filter((entry) => entry.kind === 'root')
const parts = cases.filter((entry) => entry.kind === 'part')
const proofs = cases.filter((entry) => entry.kind === 'proof')

function treeOf({ entries }: RootCase): StateTree {
  const tree = new StateTree({ get: () => undefined })
  tree.applyChanges(entries.map(([key, value]) => ({ key: bytes(key), value: bytes(value) })))
  return tree
}

describe('the vectors of the state tree', () => {
  it.each(roots)('give the root of $name', (entry) => {
    expect(Buffer.from(treeOf(entry).root).toString('hex')).toBe(entry.root)
  })

  it.each(proofs)('$name is valid: $valid', ({ root, key, value, proof, valid }) => {
    const accepted = () => {
      const decoded = decodeProof(bytes(proof))
      return verifyProof(bytes(root), bytes(key), value === null ? undefined : bytes(value), decoded)
    }
    let result = false
    try {
      result = accepted()
    } catch (error) {
      expect(error).toBeInstanceOf(SmartshareError)
    }
    expect(result).toBe(valid)
  })

  it.each(parts)('$name is valid: $valid', ({ root, bits, entries, proof, valid }) => {
    const path = new Uint8Array(32)
    for (const [i, bit] of [...bits].entries()) if (bit === '1') path[i >> 3]! |= 0x80 >> (i & 7)
    const all = entries.map(([key, value]) => [bytes(key), bytes(value)] as const)
    expect(verifyPart(bytes(root), { path, depth: bits.length }, all, decodeProof(bytes(proof)))).toBe(valid)
  })

  it('are the very bytes of the proofs that the tree makes', () => {
    let compared = 0
    for (const entry of proofs.filter(({ valid }) => valid)) {
      const state = roots.find(({ root }) => root === entry.root) as RootCase
      const proof = encodeProof(treeOf(state).prove(bytes(entry.key)))
      expect(Buffer.from(proof).toString('hex')).toBe(entry.proof)
      compared += 1
    }
    expect(compared).toBeGreaterThan(15)
  })
})
