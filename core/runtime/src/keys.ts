/** Text form of bytes for use as a key of a Map; one character per byte. */
export { keyText as mapKey } from '@smartshare/state'

/** Big-endian bytes of an integer below 2^53, so that byte order is numeric order. */
export function uintKey(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** Big-endian bytes of an integer below 2^64. */
export function u64Key(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}

/** Bytes that sort largest first. */
export function descendingKey(value: bigint): Uint8Array {
  return u64Key(0xffff_ffff_ffff_ffffn - value)
}
