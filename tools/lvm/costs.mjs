// What an instruction of WebAssembly costs in fuel. One unit is about the time of a simple instruction that a compiler cannot drop.
// Method: `npm run bench -- lvm` runs a corpus of hostile programs, one for each kind of work, and prints the time of each per
// unit of fuel; a kind that stands out is given more here until the slowest costs less than four times the median.

/** Charged for the length of `memory.copy` and `memory.fill`: one unit for so many bytes, as a power of two. */
export const BULK_SHIFT = 2

/** By the text name of an instruction; what stands in no list costs `other`. */
const lists = [
  // Registers and constants mostly cost nothing once compiled.
  [0, 'Block Nop Drop LocalGet LocalSet Const GlobalGet MemorySize Unreachable'],
  [1, 'Loop If Break Return Select GlobalSet'],
  [2, 'Load Store'],
  [4, 'Switch Call'],
  [8, 'CallIndirect'],
  // Engines call a function of their own for these.
  [40, 'MemoryCopy MemoryFill'],
]
const heavyOperations = [
  [12, 'DivSInt32 DivUInt32 RemSInt32 RemUInt32'],
  [24, 'DivSInt64 DivUInt64 RemSInt64 RemUInt64'],
  [4, 'AddFloat64 SubFloat64 MulFloat64 AddFloat32 SubFloat32 MulFloat32'],
  [12, 'DivFloat64 DivFloat32 SqrtFloat64 SqrtFloat32'],
  [4, 'FloorFloat64 CeilFloat64 TruncFloat64 NearestFloat64 CopySignFloat64'],
]
/** Every function has one more: its frame. */
export const FUNCTION_COST = 3

/** Cost of an expression by the name of its kind and, for unary and binary ones, of its operation. */
export function costOf(kind, operation) {
  for (const [cost, names] of heavyOperations) if (names.split(' ').includes(operation)) return cost
  for (const [cost, names] of lists) if (names.split(' ').includes(kind)) return cost
  return 1
}
