import { SmartshareError } from '@smartshare/codec'

// Names of tokens are chosen by strangers and shown beside money. What is allowed is listed, not what is forbidden, and by
// code points: properties of Unicode differ between versions of an engine, and every node must judge alike.

/** Inclusive ranges of code points: letters, digits and signs that stand for themselves and go from left to right. */
const ALLOWED: readonly (readonly [number, number])[] = [
  /** ASCII without controls. */
  [0x20, 0x7e],
  /** Latin. */
  [0xa1, 0xac],
  [0xae, 0x24f],
  /** Greek and Cyrillic. */
  [0x370, 0x3ff],
  [0x400, 0x482],
  [0x48a, 0x52f],
  [0x1e00, 0x1fff],
  /** Dashes, quotes, ellipsis; signs of currencies. */
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x20a0, 0x20bf],
  /** Chinese, Japanese and Korean. */
  [0x3001, 0x3029],
  [0x3041, 0x3096],
  [0x309b, 0x30ff],
  [0x3105, 0x312f],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xff01, 0xff60],
]
const SPACE = 0x20
const SYMBOL = /^[A-Z][A-Z0-9]{1,11}$/
const URI = /^[\x21-\x7e]*$/
/** The symbol of the chain's own money. */
const RESERVED = 'SSP'

function isAllowed(code: number): boolean {
  return ALLOWED.some(([first, last]) => code >= first && code <= last)
}

/** Throws TOKENS_TEXT unless a text consists of visible characters and single inner spaces. */
export function checkWords(what: string, words: string): void {
  let before = SPACE
  for (const character of words) {
    const code = character.codePointAt(0)!
    if (!isAllowed(code)) {
      throw new SmartshareError('TOKENS_TEXT', `the ${what} has a character that is not allowed`, { code })
    }
    if (code === SPACE && before === SPACE) throw spaces(what)
    before = code
  }
  if (words !== '' && before === SPACE) throw spaces(what)
}

function spaces(what: string): SmartshareError {
  return new SmartshareError('TOKENS_TEXT', `the ${what} has a space at an end or two in a row`)
}

/** Throws TOKENS_SYMBOL unless it is 2 to 12 upper-case letters and digits, a letter first, and not SSP. */
export function checkSymbol(symbol: string): void {
  if (!SYMBOL.test(symbol)) {
    throw new SmartshareError('TOKENS_SYMBOL', 'a symbol is 2 to 12 upper-case letters and digits, a letter first')
  }
  if (symbol === RESERVED) throw new SmartshareError('TOKENS_SYMBOL', `${RESERVED} is the network's own`)
}

/** Throws TOKENS_TEXT unless an address of a document is visible ASCII. */
export function checkUri(uri: string): void {
  if (!URI.test(uri)) throw new SmartshareError('TOKENS_TEXT', 'a URI is visible ASCII without spaces')
}
