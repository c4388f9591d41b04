import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addAmount,
  formatAmount,
  MAX_AMOUNT,
  mulDiv,
  parseAmount,
  SSP_DECIMALS,
  subAmount,
  TOTAL_SUPPLY_GRAINS,
} from './checked.ts'

const MAX_U64 = (1n << 64n) - 1n
const edges = fc.constantFrom(0n, 1n, MAX_AMOUNT - 1n, MAX_AMOUNT)
const amounts = fc.oneof(fc.bigInt({ min: 0n, max: MAX_AMOUNT }), edges)
const factors = fc.oneof(fc.bigInt({ min: 0n, max: MAX_U64 }), edges, fc.constant(MAX_U64))
const outside = fc.oneof(fc.bigInt({ max: -1n }), fc.bigInt({ min: MAX_AMOUNT + 1n }))
const decimalPlaces = fc.integer({ min: 0, max: 18 })

const code = (wanted: string) => expect.objectContaining({ code: wanted })
const inRange = (value: bigint) => value >= 0n && value <= MAX_AMOUNT

function expectChecked(result: () => bigint, exact: bigint): void {
  if (inRange(exact)) expect(result()).toBe(exact)
  else expect(result).toThrow(code('AMOUNT_RANGE'))
}

describe('checked amounts', () => {
  it('add and subtract exactly, or refuse', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        expectChecked(() => addAmount(a, b), a + b)
        expectChecked(() => subAmount(a, b), a - b)
      }),
    )
  })

  it('refuse what is no amount on either side', () => {
    fc.assert(
      fc.property(amounts, outside, (a, wrong) => {
        for (const result of [() => addAmount(a, wrong), () => addAmount(wrong, a)])
          expect(result).toThrow(code('AMOUNT_RANGE'))
        for (const result of [() => subAmount(a, wrong), () => subAmount(wrong, a)])
          expect(result).toThrow(code('AMOUNT_RANGE'))
      }),
    )
  })

  it('multiply and divide without losing a bit of the product', () => {
    fc.assert(
      fc.property(factors, factors, factors, (a, b, d) => {
        if (d === 0n) expect(() => mulDiv(a, b, d)).toThrow(code('AMOUNT_RANGE'))
        else expectChecked(() => mulDiv(a, b, d), (a * b) / d)
      }),
    )
    expect(mulDiv(MAX_U64, MAX_AMOUNT, MAX_U64)).toBe(MAX_AMOUNT)
    expect(mulDiv(7n, 1n, 2n)).toBe(3n)
  })

  it('refuse factors beyond 64 bits', () => {
    for (const [a, b, d] of [
      [MAX_U64 + 1n, 0n, 1n],
      [0n, MAX_U64 + 1n, 1n],
      [-1n, 1n, 1n],
      [1n, -1n, 1n],
      [1n, 1n, -1n],
      [1n, 1n, MAX_U64 + 1n],
    ] as const)
      expect(() => mulDiv(a, b, d)).toThrow(code('AMOUNT_RANGE'))
  })
})

describe('amounts in text', () => {
  it('are read as they were written, and written in the shortest way', () => {
    fc.assert(
      fc.property(amounts, decimalPlaces, (amount, decimals) => {
        const text = formatAmount(amount, decimals)
        expect(parseAmount(text, decimals)).toBe(amount)
        expect(text).not.toMatch(/\.$|\..*0$/)
      }),
    )
  })

  it.each([
    ['12.5', 8, 1_250_000_000n],
    ['0', 8, 0n],
    ['0.00000001', SSP_DECIMALS, 1n],
    ['10000000000', SSP_DECIMALS, TOTAL_SUPPLY_GRAINS],
    ['9223372036854775807', 0, MAX_AMOUNT],
    ['9.223372036854775807', 18, MAX_AMOUNT],
    ['1.50', 2, 150n],
  ])('%s with %i places is %s', (text, decimals, amount) => {
    expect(parseAmount(text, decimals)).toBe(amount)
  })

  it.each([
    '',
    '.',
    '.5',
    '5.',
    '01',
    '-1',
    '+1',
    '1e3',
    '1,5',
    ' 1',
    '1 ',
    '1_0',
    '٣',
    '0x1',
    '1.2.3',
    '9'.repeat(21),
  ])('%j is no amount', (text) => {
    expect(() => parseAmount(text, 8)).toThrow(code('AMOUNT_TEXT'))
  })

  it('refuse more places than the token has, and more than an amount holds', () => {
    expect(() => parseAmount('1.234', 2)).toThrow(code('AMOUNT_TEXT'))
    expect(() => parseAmount('1.0', 0)).toThrow(code('AMOUNT_TEXT'))
    expect(() => parseAmount('9223372036854775808', 0)).toThrow(code('AMOUNT_RANGE'))
    expect(() => parseAmount('1', 19)).toThrow(code('AMOUNT_DECIMALS'))
    expect(() => formatAmount(1n, -1)).toThrow(code('AMOUNT_DECIMALS'))
    expect(() => formatAmount(-1n, 2)).toThrow(code('AMOUNT_RANGE'))
  })
})
