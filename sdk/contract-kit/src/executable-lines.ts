import { SmartshareError } from '@smartshare/codec'
import { Machine, textBytes } from '@smartshare/lvm'

const FUEL = 2 ** 36
/** Bytes of the head of a dumped program: signature, version, format, data, sizes, and the two numbers to compare. */
const HEAD_BYTES = 4 + 1 + 1 + 6 + 3 + 8 + 8
const INSTRUCTION_BYTES = 4
const UPVALUE_BYTES = 3
/** Difference of lines that means: look into the list of absolute ones (ldebug.h). */
const ABSOLUTE = -128
const SIZES_OF_CONSTANTS: Readonly<Record<number, number>> = { 0: 0, 1: 0, 17: 0, 3: 8, 19: 8 }
const TEXT_CONSTANTS = new Set([4, 20])
/** Lines that only close what others opened: whether Lua passes them says nothing. */
const CLOSING = /^(?:end|else|until|[)}\],;\s])*(?:--.*)?$/

let dumper: ((source: string) => Uint8Array) | undefined

/** Lines of a Lua source on which something can run. Throws CONTRACT_SOURCE if it does not compile. */
export function executableLines(source: string): number[] {
  dumper ??= makeDumper()
  const texts = source.split('\n')
  const lines = new DumpedProgram(dumper(source)).lines()
  return [...lines].filter((line) => !CLOSING.test(texts[line - 1] ?? '')).sort((a, b) => a - b)
}

function makeDumper(): (source: string) => Uint8Array {
  const machine = new Machine({}, { open: true })
  const program = `return function(s) return string.dump(assert(load(s, '=contract', 't'))) end`
  const { reference } = machine.load(textBytes(program), FUEL)
  const empty = machine.image()
  return (source) => {
    machine.restore(empty)
    const outcome = machine.call(reference as number, [textBytes(source)], FUEL)
    if (!outcome.done) throw new SmartshareError('CONTRACT_SOURCE', outcome.error.message)
    return outcome.values[0] as Uint8Array
  }
}

/** Reads what `string.dump` of Lua 5.4 writes (ldump.c), for its tables of lines alone. */
class DumpedProgram {
  private readonly bytes: Uint8Array
  /** Behind the head comes the number of upvalues, a byte. */
  private at = HEAD_BYTES + 1

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  lines(): Set<number> {
    const found = new Set<number>()
    this.readFunction(found)
    return found
  }

  private readFunction(found: Set<number>): void {
    this.skipText()
    const firstLine = this.size()
    this.size()
    this.byte()
    const isVararg = this.byte() !== 0
    this.byte()
    this.skip(this.size() * INSTRUCTION_BYTES)
    for (let left = this.size(); left > 0; left--) this.skipConstant()
    this.skip(this.size() * UPVALUE_BYTES)
    for (let left = this.size(); left > 0; left--) this.readFunction(found)
    this.readLines(found, firstLine, isVararg)
  }

  private readLines(found: Set<number>, firstLine: number, isVararg: boolean): void {
    const count = this.size()
    const differences = Array.from({ length: count }, () => (this.byte() << 24) >> 24)
    const absolute = new Map(Array.from({ length: this.size() }, () => [this.size(), this.size()] as const))
    let line = firstLine
    differences.forEach((difference, instruction) => {
      line = difference === ABSOLUTE ? (absolute.get(instruction) ?? line) : line + difference
      // A function that takes `...` begins with an instruction that stands for no line.
      if (!isVararg || instruction > 0) found.add(line)
    })
    for (let left = this.size(); left > 0; left--) {
      this.skipText()
      this.size()
      this.size()
    }
    for (let left = this.size(); left > 0; left--) this.skipText()
  }

  private skipConstant(): void {
    const kind = this.byte()
    const size = SIZES_OF_CONSTANTS[kind]
    if (size !== undefined) this.skip(size)
    else if (TEXT_CONSTANTS.has(kind)) this.skipText()
    else throw new SmartshareError('LVM_OTHER_BUILD', `a dumped program has a constant of kind ${kind}`)
  }

  /** A length and the bytes; the length counts one more, and is zero if there is no text. */
  private skipText(): void {
    const size = this.size()
    if (size > 0) this.skip(size - 1)
  }

  private skip(bytes: number): void {
    this.at += bytes
  }

  private byte(): number {
    return this.bytes[this.at++] as number
  }

  /** Seven bits in a byte, the last one marked. */
  private size(): number {
    for (let value = 0; ; ) {
      const byte = this.byte()
      value = value * 128 + (byte & 0x7f)
      if ((byte & 0x80) !== 0) return value
    }
  }
}
