// What the scripts beside this file share. They print, since core touches no files.
import { createHash } from 'node:crypto'
import { toHex } from '../src/index.ts'

export const bytesOf = (text) => Uint8Array.from(Buffer.from(text, 'hex'))
const sha256 = (...parts) =>
  Uint8Array.from(
    createHash('sha256')
      .update(joined(...parts))
      .digest(),
  )
/** H(tag, m) of bytes.md §3, by node:crypto. */
export const tagged = (tag, ...parts) => sha256(sha256(Buffer.from(`smartshare/${tag}`)), ...parts)
export const messageOf = (name) => sha256(Buffer.from(`message ${name}`))
export const seedOf = (name) => sha256(Buffer.from(`seed ${name}`))
export const hexOf = (value) => value.toString(16).padStart(64, '0')
export const bigEndian = (value) => bytesOf(hexOf(value))
export const littleEndian = (value) => bigEndian(value).reverse()
export const numberOf = (bytes) => BigInt(`0x${toHex(bytes)}`)
export const joined = (...parts) => Uint8Array.from(Buffer.concat(parts))

export function caseOf(name, publicKey, message, signature, valid) {
  return { name, publicKey: toHex(publicKey), message: toHex(message), signature: toHex(signature), valid }
}

export function changed(bytes, at, by = 1) {
  const copy = Uint8Array.from(bytes)
  copy[at] = copy[at] ^ by
  return copy
}

/** Prints a list of cases, one per line, so that a change shows as one line. */
export function printVectors(cases) {
  console.log(`[\n${cases.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]`)
}
