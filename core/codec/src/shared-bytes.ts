const SLAB_BYTES = 32_768
/** Above this an array of its own costs little beside what is written to it. */
const MOST_SHARED_BYTES = SLAB_BYTES / 16
let slab = new Uint8Array(SLAB_BYTES)
let slabUsed = 0

/**
 * Zeroed bytes that nobody else has, cut out of larger memory: engines take half a microsecond for each array above 64 bytes,
 * more than most of what is done with it. For what lives shortly, as keys and events of a block do: whoever keeps it keeps
 * all of that memory, and whoever posts it to another thread copies all of it.
 */
export function sharedBytes(size: number): Uint8Array {
  if (size > MOST_SHARED_BYTES) return new Uint8Array(size)
  if (slabUsed + size > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES)
    slabUsed = 0
  }
  slabUsed += size
  return slab.subarray(slabUsed - size, slabUsed)
}
