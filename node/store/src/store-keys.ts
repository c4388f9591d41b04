import { type NewPage, pageText } from '@smartshare/state'

// How keys of the databases are written: big-endian, so that they sort as the numbers do.

const pageKeyBytes = Buffer.alloc(128)
const pageKeys = Array.from({ length: pageKeyBytes.length }, (_, length) => pageKeyBytes.subarray(0, length))

/** The name of a page as a key, its octal digits, in memory that the next call overwrites. */
export function pageKey(name: NewPage['name']): Uint8Array {
  if (typeof name === 'string') return pageKeys[pageKeyBytes.write(pageText(name), 'latin1')]!
  let length = 1
  for (let rest = name; rest >= 8; rest = Math.floor(rest / 8)) length += 1
  let rest = name
  for (let at = length - 1; at >= 0; at -= 1) {
    const digit = rest % 8
    pageKeyBytes[at] = 0x30 + digit
    rest = (rest - digit) / 8
  }
  return pageKeys[length]!
}

/** A height, ordered as numbers are. */
export function heightKey(height: number): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64BE(BigInt(height))
  return key
}

export function heightOfKey(key: Uint8Array): number {
  return Number(Buffer.from(key).readBigUInt64BE())
}

/** A node of the range over executed blocks. */
export function rangeKey(level: number, index: number): Buffer {
  const key = Buffer.alloc(9)
  key[0] = level
  key.writeBigUInt64BE(BigInt(index), 1)
  return key
}
