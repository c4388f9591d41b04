/**
 * Fuel for what happens outside of the counted module, in units of tools/lvm/costs.mjs and found by the same method: an
 * exception and a call through JavaScript take far longer than any instruction.
 */
export const COSTS = {
  /** An error that is thrown: the engine unwinds the stack. */
  throw: 12_000,
  /** An error of the host, before it is thrown in Lua: it is made, thrown and caught in JavaScript first. */
  hostError: 30_000,
  /** A protected call. */
  protect: 300,
  /** A call of a function of the host, beside what the function takes itself. */
  host: 400,
  /** A value that goes in or out. */
  value: 400,
  /** A string that goes in or out, beside that it is a value. */
  string: 400,
  /** A key of a table, beside that it is a string: JavaScript has it as text. */
  key: 1_500,
  /** Bytes per unit when strings are copied, as a power of two: they are garbage for JavaScript soon. */
  byteShift: 0,
} as const
