import { encode as cborgEncode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  amount,
  array,
  bool,
  bytes,
  decode,
  encode,
  fixedBytes,
  mapped,
  optional,
  record,
  type Schema,
  SmartshareError,
  text,
  u64,
  uint,
} from './index.ts'

const everything = record({
  small: uint(),
  large: u64,
  money: amount,
  flag: bool,
  data: bytes(64),
  hash: fixedBytes(4),
  name: text(32),
  list: array(uint(1000), 8),
  inner: optional(record({ a: uint(9), b: text(4) })),
})

const anyValue = fc.record({
  small: fc.maxSafeNat(),
  large: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  money: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
  flag: fc.boolean(),
  data: fc.uint8Array({ maxLength: 64 }),
  hash: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  name: fc.string({ maxLength: 8, unit: 'grapheme-ascii' }),
  list: fc.array(fc.nat(1000), { maxLength: 8 }),
  inner: fc.option(fc.record({ a: fc.nat(9), b: fc.constantFrom('', 'é', 'abcd') })),
})

function codeOf(schema: Schema<unknown>, hex: string): string {
  try {
    decode(schema, Uint8Array.from(Buffer.from(hex, 'hex')))
    return 'none'
  } catch (error) {
    return SmartshareError.is(error) ? error.code : `not coded: ${error}`
  }
}

describe('codec', () => {
  it('reads back what it wrote, and writes what an independent encoder writes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const encoded = encode(everything, value)
        expect(decode(everything, encoded)).toEqual(value)
        const plain = Object.values(value).map((field) =>
          field !== null && typeof field === 'object' && 'a' in field ? Object.values(field) : field,
        )
        expect(encoded).toEqual(cborgEncode(plain))
      }),
    )
  })

  it('accepts exactly one encoding: whatever decodes is encoded to the same bytes again', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.nat(255), (value, at, byte) => {
        const encoded = encode(everything, value)
        encoded[at % encoded.length] = byte
        try {
          const again = encode(everything, decode(everything, encoded))
          expect(again).toEqual(encoded)
        } catch (error) {
          expect(SmartshareError.is(error) && error.code.startsWith('CODEC_')).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('answers arbitrary bytes with a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (junk) => {
        try {
          decode(everything, junk)
        } catch (error) {
          expect(SmartshareError.is(error)).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['an integer with a longer head than needed', uint(), '1817', 'CODEC_NOT_CANONICAL'],
    ['a 16-bit head for a small integer', uint(), '190017', 'CODEC_NOT_CANONICAL'],
    ['a 32-bit head for a small integer', uint(), '1a0000ffff', 'CODEC_NOT_CANONICAL'],
    ['a 64-bit head for a small integer', u64, '1b00000000ffffffff', 'CODEC_NOT_CANONICAL'],
    ['an integer above 2^53 − 1', uint(), '1b0020000000000000', 'CODEC_RANGE'],
    ['an amount above 2^63 − 1', amount, '1b8000000000000000', 'CODEC_RANGE'],
    ['a negative integer', uint(), '20', 'CODEC_TYPE'],
    ['an indefinite byte string', bytes(8), '5f41ff41ffff', 'CODEC_NOT_CANONICAL'],
    ['an indefinite array', array(uint(), 8), '9f01ff', 'CODEC_NOT_CANONICAL'],
    ['a byte string that ends too early', bytes(64), '4401', 'CODEC_TRUNCATED'],
    ['a byte string above its bound', bytes(2), '43010203', 'CODEC_LENGTH'],
    [
      'an array that claims more items than there are bytes',
      array(uint(), 2 ** 40),
      '9b0000001000000000',
      'CODEC_TRUNCATED',
    ],
    ['a record with a field too many', record({ a: uint() }), '820101', 'CODEC_LENGTH'],
    ['text that is not UTF-8', text(8), '62c328', 'CODEC_UTF8'],
    ['text of an encoded surrogate', text(8), '63eda080', 'CODEC_UTF8'],
    ['bytes after the end', uint(), '0101', 'CODEC_TRAILING'],
    ['nothing at all', uint(), '', 'CODEC_TRUNCATED'],
    ['undefined in place of a boolean', bool, 'f7', 'CODEC_TYPE'],
    ['a float', uint(), 'f93c00', 'CODEC_TYPE'],
    ['a tag', uint(), 'c001', 'CODEC_TYPE'],
  ] as [string, Schema<unknown>, string, string][])('refuses %s', (_, schema, hex, code) => {
    expect(codeOf(schema, hex)).toBe(code)
  })

  it('refuses nesting above its bound', () => {
    const nest: Schema<unknown> = {
      write: () => undefined,
      read: (reader) => array(nest, 1).read(reader),
    }
    expect(codeOf(nest, '81'.repeat(40))).toBe('CODEC_DEPTH')
  })

  it('encodes values within values, large ones, and goes on after one that does not fit', () => {
    const inner = record({ a: uint() })
    const outer = array(
      mapped(
        bytes(100),
        (n: number) => encode(inner, { a: n }),
        (held) => decode(inner, held).a,
      ),
      4,
    )
    expect(decode(outer, encode(outer, [1, 2, 300]))).toEqual([1, 2, 300])
    expect(() => encode(outer, [1, -1])).toThrow(SmartshareError)
    expect(encode(outer, [1])).toEqual(Uint8Array.of(0x81, 0x42, 0x81, 0x01))
    const large = new Uint8Array(100_000).fill(7)
    expect(decode(bytes(100_000), encode(bytes(100_000), large))).toEqual(large)
    expect(encode(uint(), 5)).toEqual(Uint8Array.of(5))
  })

  it('refuses to write what does not fit', () => {
    expect(() => encode(uint(5), 6)).toThrow(SmartshareError)
    expect(() => encode(uint(), 1.5)).toThrow(SmartshareError)
    expect(() => encode(u64, -1n)).toThrow(SmartshareError)
    expect(() => encode(text(8), '\ud800')).toThrow(SmartshareError)
    expect(() => encode(fixedBytes(4), new Uint8Array(5))).toThrow(SmartshareError)
  })
})
