/**
 * A key as a string with one character per byte. Maps look strings up fast, V8 seeds their hash (so nobody can
 * choose keys that collide), and comparing two of them compares the bytes.
 */
export function keyText(key: Uint8Array): string {
  return String.fromCharCode.apply(null, key as unknown as number[])
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
