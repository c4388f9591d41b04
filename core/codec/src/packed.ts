import { SmartshareError } from './error.ts'

/**
 * Many byte strings in one buffer: each as a 32-bit big-endian length and its bytes. Handing one buffer to another thread
 * by transfer costs microseconds; handing over thousands of small objects costs milliseconds.
 */
export function pack(items: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0
  for (const item of items) sizeBytes += 4 + item.length
  const packed = new Uint8Array(sizeBytes)
  const view = new DataView(packed.buffer)
  let at = 0
  for (const item of items) {
    view.setUint32(at, item.length)
    packed.set(item, at + 4)
    at += 4 + item.length
  }
  return packed
}

/** The byte strings of a packed buffer, as views into it. Throws PACK_DAMAGED. */
export function unpack(packed: Uint8Array, mostItems = Number.MAX_SAFE_INTEGER): Uint8Array[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const items: Uint8Array[] = []
  let at = 0
  while (at < packed.length) {
    if (at + 4 > packed.length || items.length >= mostItems) throw damaged()
    const end = at + 4 + view.getUint32(at)
    if (end > packed.length) throw damaged()
    items.push(packed.subarray(at + 4, end))
    at = end
  }
  return items
}

function damaged(): SmartshareError {
  return new SmartshareError('PACK_DAMAGED', 'a packed list of byte strings is damaged')
}
