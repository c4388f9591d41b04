/** One array per length of key (at most 255 B). */
const scratch: (number[] | undefined)[] = []

/**
 * A key as a string with one character per byte. Maps look strings up fast, V8 seeds their hash (so nobody can
 * choose keys that collide), and comparing two of them compares the bytes.
 */
export function keyText(key: Uint8Array): string {
  // Spreading a plain array takes half the time of spreading a typed one, so there is one to reuse for each length.
  let codes = scratch[key.length]
  if (codes === undefined) {
    codes = new Array<number>(key.length).fill(0)
    scratch[key.length] = codes
  }
  for (let i = 0; i < key.length; i += 1) codes[i] = key[i] as number
  return String.fromCharCode.apply(null, codes)
}

/** The bytes of `keyText`. */
export function textKey(text: string): Uint8Array {
  const key = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i += 1) key[i] = text.charCodeAt(i)
  return key
}

export function equalBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}
