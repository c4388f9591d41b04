/**
 * Fuel for what happens outside of the counted module, in units of tools/lvm/costs.mjs and found by the same method: an
 * exception and a call through JavaScript take far longer than any instruction.
 */
export const COSTS = {
  /** An error that is thrown: the engine unwinds the stack. */
  throw: 9_000,
  /** A protected call. */
  protect: 250,
  /** A call of a function of the host, beside what the function takes itself. */
  host: 250,
  /** A value that goes in or out. */
  value: 320,
  /** Bytes per unit when strings are copied, as a power of two. */
  byteShift: 2,
} as const
