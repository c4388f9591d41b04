import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyCipherAt, openChunk, sealChunk } from './chunk-cipher.ts'
import { OwnerKeys } from './keys.ts'

const bytesOf = (text: string, length: number) =>
  new Uint8Array(createHash('shake256', { outputLength: length }).update(text).digest())
const keys = new OwnerKeys(bytesOf('secret', 32))
const object = keys.object(bytesOf('object', 16))
const sealed = (index: number, last: boolean, plain: Uint8Array) => {
  const { ciphertext, tag } = sealChunk(object, index, last, plain)
  return new Uint8Array(Buffer.concat([ciphertext, tag]))
}

describe('sealed chunks', () => {
  it('open to what was sealed, whatever their length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(0xffff_ffff), fc.boolean(), (plain, index, last) => {
        expect(new Uint8Array(openChunk(object, index, last, sealed(index, last, plain)))).toEqual(plain)
      }),
    )
  })

  it('do not open with any bit flipped, in another place, as another last, or cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), fc.nat(7), (plain, at, bit) => {
        const chunk = sealed(3, false, plain)
        const flipped = Uint8Array.from(chunk)
        flipped[at % chunk.length]! ^= 1 << bit
        for (const attempt of [
          () => openChunk(object, 3, false, flipped),
          () => openChunk(object, 4, false, chunk),
          () => openChunk(object, 3, true, chunk),
          () => openChunk(object, 3, false, chunk.subarray(0, -1)),
          () => openChunk(object, 3, false, chunk.subarray(0, 15)),
          () => openChunk(keys.object(bytesOf('other', 16)), 3, false, chunk),
        ]) {
          expect(attempt).toThrow(expect.objectContaining({ code: 'STORAGE_FLIPPED' }))
        }
      }),
    )
  })
})

describe('the cipher of a copy', () => {
  it('gives the same bytes from any offset as from the beginning', () => {
    const copy = keys.copy(bytesOf('object', 16), bytesOf('copy', 16))
    const plain = bytesOf('plain', 4096)
    const whole = copyCipherAt(copy, 0).update(plain)
    fc.assert(
      fc.property(fc.nat(255), fc.nat(1000), (block, length) => {
        const part = copyCipherAt(copy, block * 16).update(plain.subarray(block * 16, block * 16 + length))
        expect(Buffer.compare(part, whole.subarray(block * 16, block * 16 + length))).toBe(0)
      }),
    )
  })

  it('carries its counter over all 16 bytes, at offsets beyond 32 bits too', () => {
    const copy = { key: bytesOf('key', 32), counter: new Uint8Array(16).fill(0xff) }
    // Block 1 after a counter of all ones is block 0 of a counter of zeros.
    const afterWrap = copyCipherAt(copy, 16).update(new Uint8Array(64))
    const fromZero = copyCipherAt({ ...copy, counter: new Uint8Array(16) }, 0).update(new Uint8Array(64))
    expect(Buffer.compare(afterWrap, fromZero)).toBe(0)
    const far = 2 ** 36
    const counter = new Uint8Array(16)
    counter[11] = 1 // 2^36 / 16 = 2^32
    const byOffset = copyCipherAt({ ...copy, counter: new Uint8Array(16) }, far).update(new Uint8Array(64))
    const byCounter = copyCipherAt({ ...copy, counter }, 0).update(new Uint8Array(64))
    expect(Buffer.compare(byOffset, byCounter)).toBe(0)
    expect(() => copyCipherAt(copy, 8)).toThrow('multiples of 16')
  })
})

describe('keys of an owner', () => {
  it('differ for every object, copy and purpose, and come again from the same secret', () => {
    const again = new OwnerKeys(bytesOf('secret', 32))
    const ids = ['a', 'b', 'c'].map((name) => bytesOf(name, 16))
    const texts = (owner: OwnerKeys) =>
      ids
        .flatMap((id) => [owner.object(id).key, owner.memo(id), ...ids.map((copyId) => owner.copy(id, copyId).key)])
        .map((key) => Buffer.from(key).toString('hex'))
    expect(texts(again)).toEqual(texts(keys))
    expect(new Set(texts(keys)).size).toBe(15)
    expect(new Set([...texts(keys), ...texts(new OwnerKeys(bytesOf('else', 32)))]).size).toBe(30)
  })

  it('are derived as the specification says (RFC 5869, HKDF-SHA-256)', () => {
    // Fixed by hand from the definition: whoever changes them locks every owner out of what is stored.
    const owner = new OwnerKeys(new Uint8Array(32).fill(1))
    const { key, noncePrefix } = owner.object(new Uint8Array(16).fill(2))
    expect(Buffer.from(key).toString('hex')).toBe('b48d289bbb482bf0f56145ffd1475a65e7dbe470ab8928d39344e24f21767a94')
    expect(Buffer.from(noncePrefix).toString('hex')).toBe('90e62e70824074')
  })

  it('refuse secrets and names of other lengths', () => {
    expect(() => new OwnerKeys(new Uint8Array(31))).toThrow('32 bytes')
    expect(() => keys.object(new Uint8Array(15))).toThrow('16 bytes')
    expect(() => keys.copy(new Uint8Array(16), new Uint8Array(17))).toThrow('16 bytes')
  })
})
