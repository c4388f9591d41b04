import { readFileSync } from 'node:fs'
import blst from '@chainsafe/blst'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.ts'
import { sha256 } from './hash.ts'
import type { BlsScheme } from './native.ts'
import * as browser from './native-browser.ts'
import * as node from './native-node.ts'
import { hashScheme } from './simulated.ts'

type BlsCase =
  | { kind: 'secret'; name: string; secret: string; publicKey?: string; valid: boolean }
  | { kind: 'verify'; name: string; publicKey: string; message: string; signature: string; valid: boolean }
  | { kind: 'aggregate'; name: string; publicKeys: string[]; message: string; signature: string; valid: boolean }
  | { kind: 'possession'; name: string; publicKey: string; proof: string; valid: boolean }

const vectors: BlsCase[] = JSON.parse(readFileSync(new URL('../vectors/bls.json', import.meta.url), 'utf8'))
const message = sha256(Uint8Array.of(1))
const other = sha256(Uint8Array.of(2))
const seeds = (count: number) => Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i, 99)))
const code = (wanted: string) => expect.objectContaining({ code: wanted })

/** What every scheme must do; the simulator's scheme too, or it would simulate something else. */
describe.each([
  ['node', node.bls],
  ['browser', browser.bls],
  ['simulated', hashScheme],
] as [string, BlsScheme][])('the %s BLS scheme', (_, scheme) => {
  const secrets = seeds(3).map((seed) => scheme.secretFromSeed(seed))
  const keys = secrets.map((secret) => scheme.publicKey(secret))
  const signatures = secrets.map((secret) => scheme.sign(secret, message))
  const [secret, key, signature] = [secrets[0], keys[0], signatures[0]] as [Uint8Array, Uint8Array, Uint8Array]

  it('has values of fixed sizes, always the same', () => {
    expect([secret.length, key.length, signature.length]).toEqual([32, 48, 96])
    expect(scheme.provePossession(secret)).toHaveLength(96)
    expect(scheme.sign(secret, message)).toEqual(signature)
    expect(keys.map(toHex)).toHaveLength(new Set(keys.map(toHex)).size)
    expect(scheme.isPublicKey(key)).toBe(true)
    expect(scheme.isPublicKey(key.subarray(1))).toBe(false)
  })

  it('accepts a signature for its key and message alone', () => {
    expect(scheme.verify(key, message, signature)).toBe(true)
    expect(scheme.verify(key, other, signature)).toBe(false)
    expect(scheme.verify(keys[1] as Uint8Array, message, signature)).toBe(false)
    expect(scheme.verify(key, message, new Uint8Array(96))).toBe(false)
    expect(scheme.verify(key, message, signature.subarray(1))).toBe(false)
    expect(scheme.verify(new Uint8Array(0), message, signature)).toBe(false)
  })

  it('adds signatures up in any order, and accepts the sum for exactly their keys', () => {
    const sum = scheme.aggregate(signatures)
    expect(scheme.aggregate([...signatures].reverse())).toEqual(sum)
    expect(scheme.verifyAggregate(keys, message, sum)).toBe(true)
    expect(scheme.verifyAggregate([...keys].reverse(), message, sum)).toBe(true)
    expect(scheme.verifyAggregate(keys, other, sum)).toBe(false)
    expect(scheme.verifyAggregate(keys.slice(1), message, sum)).toBe(false)
    expect(scheme.verifyAggregate([...keys, key], message, sum)).toBe(false)
    expect(scheme.verifyAggregate([], message, sum)).toBe(false)
    expect(scheme.aggregate([signature])).toEqual(signature)
    const twice = scheme.aggregate([signature, signature])
    expect(scheme.verifyAggregate([key], message, twice)).toBe(false)
    expect(scheme.verifyAggregate([key, key], message, twice)).toBe(true)
    const stepwise = scheme.aggregate([scheme.aggregate(signatures.slice(0, 2)), signatures[2] as Uint8Array])
    expect(stepwise).toEqual(sum)
  })

  it('adds up nothing but signatures', () => {
    expect(() => scheme.aggregate([])).toThrow(code('BLS_SIGNATURE_INVALID'))
    expect(() => scheme.aggregate([signature, signature.subarray(1)])).toThrow(code('BLS_SIGNATURE_INVALID'))
  })

  it('accepts a batch exactly when every item is valid, even if the faults cancel out', () => {
    const items = secrets.map((each, i) => {
      const own = sha256(Uint8Array.of(i))
      return { publicKey: keys[i] as Uint8Array, message: own, signature: scheme.sign(each, own) }
    })
    const [first, second, third] = items as [(typeof items)[0], (typeof items)[0], (typeof items)[0]]
    expect(scheme.verifyBatch(items)).toBe(true)
    expect(scheme.verifyBatch([])).toBe(true)
    // The sum of the signatures is right, each of the two exchanged ones is wrong.
    const exchanged = [{ ...first, signature: second.signature }, { ...second, signature: first.signature }, third]
    expect(scheme.verifyBatch(exchanged)).toBe(false)
    expect(scheme.verifyBatch([first, { ...second, message: other }])).toBe(false)
    expect(scheme.verifyBatch([first, { ...second, publicKey: new Uint8Array(48).fill(255) }])).toBe(false)
  })

  it('accepts a proof of possession for its own key, and never a signature in its place', () => {
    const proof = scheme.provePossession(secret)
    expect(scheme.verifyPossession(key, proof)).toBe(true)
    expect(scheme.verifyPossession(keys[1] as Uint8Array, proof)).toBe(false)
    expect(scheme.verifyPossession(key, signature)).toBe(false)
    expect(scheme.verify(key, message, proof)).toBe(false)
  })

  it('refuses secrets and seeds that are none', () => {
    expect(() => scheme.publicKey(new Uint8Array(31))).toThrow(code('BLS_SECRET_INVALID'))
    expect(() => scheme.sign(new Uint8Array(33), message)).toThrow(code('BLS_SECRET_INVALID'))
    expect(() => scheme.secretFromSeed(new Uint8Array(31))).toThrow(code('BLS_SEED_SHORT'))
  })
})

describe.each([
  ['node', node.bls],
  ['browser', browser.bls],
] as [string, BlsScheme][])('BLS12-381 on the %s back end', (_, scheme) => {
  it.each(vectors)('$kind: $name is $valid', (entry) => {
    switch (entry.kind) {
      case 'secret':
        if (entry.valid) expect(toHex(scheme.publicKey(fromHex(entry.secret)))).toBe(entry.publicKey)
        else
          for (const use of [scheme.publicKey, scheme.provePossession, (s: Uint8Array) => scheme.sign(s, message)])
            expect(() => use(fromHex(entry.secret))).toThrow(code('BLS_SECRET_INVALID'))
        break
      case 'verify': {
        const { publicKey, signature } = entry
        const item = { publicKey: fromHex(publicKey), message: fromHex(entry.message), signature: fromHex(signature) }
        expect(scheme.verify(item.publicKey, item.message, item.signature)).toBe(entry.valid)
        expect(scheme.verifyBatch([item])).toBe(entry.valid)
        break
      }
      case 'aggregate': {
        const keys = entry.publicKeys.map(fromHex)
        expect(scheme.verifyAggregate(keys, fromHex(entry.message), fromHex(entry.signature))).toBe(entry.valid)
        break
      }
      case 'possession':
        expect(scheme.verifyPossession(fromHex(entry.publicKey), fromHex(entry.proof))).toBe(entry.valid)
    }
  })

  it('refuses to add up what no signature is', () => {
    const bad = vectors.filter(
      (entry) => entry.kind === 'verify' && /^signature (outside|not on|plus)/.test(entry.name),
    )
    expect(bad.length).toBeGreaterThan(3)
    for (const entry of bad)
      if (entry.kind === 'verify')
        expect(() => scheme.aggregate([fromHex(entry.signature)])).toThrow(code('BLS_SIGNATURE_INVALID'))
    expect(() => scheme.aggregate([fromHex(`c0${'00'.repeat(95)}`)])).toThrow(code('BLS_SIGNATURE_INVALID'))
  })
})

describe('BLS12-381 on both back ends', () => {
  it('gives the same secrets, keys, signatures and proofs', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 64 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (seed, signed) => {
          const secret = node.bls.secretFromSeed(seed)
          expect(toHex(secret)).toBe(toHex(blst.SecretKey.fromKeygen(seed).toBytes()))
          expect(node.bls.publicKey(secret)).toEqual(browser.bls.publicKey(secret))
          expect(node.bls.sign(secret, signed)).toEqual(browser.bls.sign(secret, signed))
          expect(node.bls.provePossession(secret)).toEqual(browser.bls.provePossession(secret))
        },
      ),
      { numRuns: 8 },
    )
  })

  it('gives the same sums', () => {
    const signatures = seeds(5).map((seed) => node.bls.sign(node.bls.secretFromSeed(seed), message))
    expect(node.bls.aggregate(signatures)).toEqual(browser.bls.aggregate(signatures))
  })
})
