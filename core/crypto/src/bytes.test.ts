import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, concatBytes, equalBytes, fromHex, toHex } from './bytes.ts'

const anyBytes = fc.uint8Array({ maxLength: 40 })

describe('bytes', () => {
  it('come back from hexadecimal, which is what Buffer writes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
        expect(fromHex(toHex(bytes))).toEqual(bytes)
      }),
    )
  })

  it.each(['0', 'AB', '0x', 'g0', ' 00', '0\u00e9', '\u0130\u0131'])('refuses %j as hexadecimal', (text) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'HEX_INVALID', name: SmartshareError.name }))
  })

  it('compare as Buffer compares them', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(compareBytes(a, concatBytes(a, b))).toBe(-b.length || 0)
      }),
    )
  })

  it('keep their order when they are joined', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 5 }), (parts) => {
        expect(Buffer.from(concatBytes(...parts))).toEqual(Buffer.concat(parts))
      }),
    )
  })
})
