/** Bytes of a number below 2^128, big-endian. */
export const WIDE_BYTES = 16

export function wideOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(WIDE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, value >> 64n)
  view.setBigUint64(8, value & 0xffff_ffff_ffff_ffffn)
  return bytes
}

export function numberOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
}
