import { SmartshareError } from '@smartshare/codec'

/** Largest amount: 2^63 − 1 (bytes.md §1). */
export const MAX_AMOUNT = (1n << 63n) - 1n
/** Decimal places of SSP: 1 SSP = 10^8 grains. */
export const SSP_DECIMALS = 8
/** All grains there will ever be. */
export const TOTAL_SUPPLY_GRAINS = 10n ** 18n
/** Most decimal places a token may have; 10^18 still is an amount. */
export const MAX_DECIMALS = 18

const MAX_FACTOR = (1n << 64n) - 1n
/** Digits of MAX_AMOUNT and a dot among them; what is longer is no amount in text. */
const MAX_TEXT_LENGTH = 20
const AMOUNT_TEXT = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/

function outOfRange(what: string): SmartshareError {
  return new SmartshareError('AMOUNT_RANGE', `${what} outside 0 … 2^63 − 1`)
}

/** `value` if it is an amount, 0 … 2^63 − 1. Throws AMOUNT_RANGE. */
export function checkAmount(value: bigint): bigint {
  if (value < 0n || value > MAX_AMOUNT) throw outOfRange('an amount')
  return value
}

/** The sum of two amounts. Throws AMOUNT_RANGE, never wraps. */
export function addAmount(a: bigint, b: bigint): bigint {
  const sum = checkAmount(a) + checkAmount(b)
  if (sum > MAX_AMOUNT) throw outOfRange('a sum')
  return sum
}

/** The difference of two amounts. Throws AMOUNT_RANGE if `b` is the larger one. */
export function subAmount(a: bigint, b: bigint): bigint {
  const difference = checkAmount(a) - checkAmount(b)
  if (difference < 0n) throw outOfRange('a difference')
  return difference
}

/**
 * `a · b / d`, rounded towards zero. The factors are 0 … 2^64 − 1, so that the product fits 128 bits; the divisor
 * is 1 … 2^64 − 1; the result is an amount. Throws AMOUNT_RANGE.
 */
export function mulDiv(a: bigint, b: bigint, d: bigint): bigint {
  if (a < 0n || a > MAX_FACTOR || b < 0n || b > MAX_FACTOR) throw outOfRange('a factor')
  if (d < 1n || d > MAX_FACTOR) throw new SmartshareError('AMOUNT_RANGE', 'a divisor outside 1 … 2^64 − 1')
  const result = (a * b) / d
  if (result > MAX_AMOUNT) throw outOfRange('a quotient')
  return result
}

function unitOf(decimals: number): bigint {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > MAX_DECIMALS) {
    throw new SmartshareError('AMOUNT_DECIMALS', `decimal places are from 0 to ${MAX_DECIMALS}`, { decimals })
  }
  return 10n ** BigInt(decimals)
}

/**
 * Smallest units in a decimal text: `parseAmount('12.5', 8)` is 1,250,000,000 grains. Digits and one dot only; no sign,
 * space, exponent, separator or needless leading zero. Throws AMOUNT_TEXT, AMOUNT_RANGE or AMOUNT_DECIMALS.
 */
export function parseAmount(text: string, decimals: number): bigint {
  const unit = unitOf(decimals)
  const match = text.length <= MAX_TEXT_LENGTH ? AMOUNT_TEXT.exec(text) : null
  if (match === null) throw new SmartshareError('AMOUNT_TEXT', 'not an amount: write it like 12 or 12.5')
  const [, whole = '', fraction = ''] = match
  if (fraction.length > decimals) {
    throw new SmartshareError('AMOUNT_TEXT', `at most ${decimals} digits may follow the dot`, { decimals })
  }
  return checkAmount(BigInt(whole) * unit + BigInt(fraction.padEnd(decimals, '0') || '0'))
}

/** The shortest text that `parseAmount` reads as `value`. Throws AMOUNT_RANGE or AMOUNT_DECIMALS. */
export function formatAmount(value: bigint, decimals: number): string {
  const unit = unitOf(decimals)
  const whole = checkAmount(value) / unit
  const fraction = decimals === 0 ? '' : (value % unit).toString().padStart(decimals, '0').replace(/0+$/, '')
  return fraction === '' ? whole.toString() : `${whole}.${fraction}`
}
