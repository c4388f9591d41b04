import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex } from './bytes.ts'
import { hashTagged, sha256 } from './hash.ts'
import * as browser from './native-browser.ts'
import * as node from './native-node.ts'

const plain = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex')

describe.each([
  ['node', node.hashing],
  ['browser', browser.hashing],
])('hashing on the %s back end', (_, hashing) => {
  it('is SHA-256', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(toHex(hashing.sha256(bytes))).toBe(plain(bytes))
      }),
    )
  })

  it('hashes a level of pairs, also in place', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { maxLength: 40 }), (pairs) => {
        const input = concatBytes(...pairs)
        const expected = pairs.map((pair) => plain(pair)).join('')
        const output = new Uint8Array(input.length / 2)
        hashing.hashPairs(input, output)
        expect(toHex(output)).toBe(expected)
        const own = input.subarray(0, input.length / 2)
        hashing.hashPairs(input, own)
        expect(toHex(own)).toBe(expected)
      }),
    )
  })

  it('hashes bytes in shared memory, and views into the middle of other bytes', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(200)).fill(7)
    const output = new Uint8Array(32)
    hashing.hashPairs(shared.subarray(3, 67), output)
    expect(toHex(output)).toBe(plain(new Uint8Array(64).fill(7)))
    expect(toHex(hashing.sha256(shared.subarray(3, 100)))).toBe(plain(new Uint8Array(97).fill(7)))
  })
})

describe('a tagged hash', () => {
  it('is SHA-256 of the hashed tag and the parts', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('tx', 'header', 'state/key'),
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ minLength: 1300, maxLength: 2700 })), {
          maxLength: 3,
        }),
        (tag, parts) => {
          const prefix = Buffer.from(plain(Buffer.from(`smartshare/${tag}`)), 'hex')
          expect(toHex(hashTagged(tag, ...parts))).toBe(plain(prefix, ...parts))
        },
      ),
    )
  })

  it('stays right when there are more tags than are cached', () => {
    for (let i = 0; i < 300; i++) {
      const prefix = sha256(Buffer.from(`smartshare/many/${i}`))
      expect(toHex(hashTagged(`many/${i}`))).toBe(plain(prefix))
    }
  })
})
