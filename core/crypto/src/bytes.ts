import { SmartshareError } from '@smartshare/codec'

const HEX_DIGITS = '0123456789abcdef'
const HEX_OF_BYTE: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => HEX_DIGITS.charAt(byte >> 4) + HEX_DIGITS.charAt(byte & 15),
)
const NO_DIGIT = 255
const DIGIT_OF_CODE = new Uint8Array(128).fill(NO_DIGIT)
for (let digit = 0; digit < 16; digit++) DIGIT_OF_CODE[HEX_DIGITS.charCodeAt(digit)] = digit

/** True if both hold the same bytes. Not in constant time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lexicographic order: below 0 if `a` comes first, 0 if equal; a prefix comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** One new array with all parts one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX_OF_BYTE[byte]
  return text
}

/** The bytes of lower-case hexadecimal without prefix. Throws HEX_INVALID for anything else. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new SmartshareError('HEX_INVALID', 'hexadecimal text of odd length')
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = DIGIT_OF_CODE[text.charCodeAt(2 * i)] ?? NO_DIGIT
    const low = DIGIT_OF_CODE[text.charCodeAt(2 * i + 1)] ?? NO_DIGIT
    if (high === NO_DIGIT || low === NO_DIGIT) {
      throw new SmartshareError('HEX_INVALID', 'text with other than lower-case hexadecimal digits', { at: 2 * i })
    }
    bytes[i] = (high << 4) | low
  }
  return bytes
}
