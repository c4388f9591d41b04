import { sha256, toHex } from '@smartshare/crypto'
import { LuaError } from '../faults.ts'
import { type HostFunction, type Image, Machine, type Outcome } from '../machine.ts'
import { type LuaValue, textBytes } from '../values.ts'

/** What programs of tests find: a value back, nothing, an error, and the fuel that is left. */
export function testHost(log: LuaValue[][] = []): Record<string, HostFunction> {
  const noted = (act: HostFunction): HostFunction => {
    return (args) => {
      if (log.length < MOST_LOGGED) log.push(args)
      return act(args)
    }
  }
  return {
    echo: noted(([value = null]) => value),
    nothing: () => undefined,
    refuse: noted(([text]) => {
      throw new LuaError(text instanceof Uint8Array ? `refused: ${new TextDecoder().decode(text)}` : 'refused')
    }),
  }
}

const MOST_LOGGED = 1_000

/** A machine for programs of tests, with the image from before any of them and a log of what they asked the host. */
export class Bench {
  readonly log: LuaValue[][] = []
  readonly machine: Machine
  readonly clean: Image

  constructor() {
    this.machine = new Machine(testHost(this.log))
    this.clean = this.machine.image()
  }

  /** Loads a chunk and calls the function that it returns. The machine is left as it is then. */
  run(source: string, args: readonly LuaValue[] = [], fuel = 20_000_000): Outcome {
    this.log.length = 0
    const loaded = this.machine.load(textBytes(source), fuel)
    if (!loaded.done || loaded.reference === undefined) return loaded
    const called = this.machine.call(loaded.reference, args, fuel - loaded.fuelUsed)
    return { ...called, fuelUsed: called.fuelUsed + loaded.fuelUsed }
  }

  /** The same in a machine as if it were new. */
  runClean(source: string, args: readonly LuaValue[] = [], fuel?: number): Outcome {
    this.machine.restore(this.clean)
    return this.run(source, args, fuel)
  }

  /** All that a run shows to the outside, as one text. */
  transcript(source: string, args?: readonly LuaValue[], fuel?: number): string {
    return describe(this.runClean(source, args, fuel), this.log)
  }
}

/** All that can be seen of a run, so that two texts are equal only if the runs were. */
export function describe(outcome: Outcome, log: readonly LuaValue[][]): string {
  const result = outcome.done
    ? canonical(outcome.values)
    : `${outcome.error.code} ${JSON.stringify(outcome.error.message)}`
  return `${result} fuel ${outcome.fuelUsed} host ${log.map((args) => canonical(args)).join(' ')}`
}

/** SHA-256 of a transcript. */
export function transcriptHash(transcript: string): string {
  return toHex(sha256(textBytes(transcript)))
}

/** A value as a text in which every bit shows, also of floats and the order of fields. */
export function canonical(value: LuaValue): string {
  if (value === null) return 'nil'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return `i${value}`
  if (typeof value === 'number') return `f${floatBits(value)}`
  if (value instanceof Uint8Array) return `s${toHex(value)}`
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}=${canonical(item)}`).join(',')}}`
  }
  return `[${(value as readonly LuaValue[]).map(canonical).join(',')}]`
}

function floatBits(value: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}
