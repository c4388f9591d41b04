const encoder = new TextEncoder()
/** Shorter texts, as keys and names mostly are, are quicker without the engine's encoder. */
const SHORT = 32

/** The bytes of a text in UTF-8. */
export function textBytes(text: string): Uint8Array {
  if (text.length > SHORT) return encoder.encode(text)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return encoder.encode(text)
    bytes[i] = code
  }
  return bytes
}
