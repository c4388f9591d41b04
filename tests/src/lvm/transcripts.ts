import { fileURLToPath } from 'node:url'
import { Bench, DEEP, describe, ENDING, ENDLESS, generateProgram, transcriptHash } from '@smartshare/lvm/testing'
import { run } from './run.ts'

const ENDLESS_FUEL = 1_000_000
/** Takes a program that uses all memory in small steps to its end. */
const FUEL = 300_000_000
const GENERATED_FUEL = 10_000_000

/** Ways to run the same programs, by the options of Node for each. */
export const COMPILERS: Record<string, readonly string[]> = {
  'as it comes': [],
  'baseline compiler only': ['--liftoff-only'],
  'optimising compiler only': ['--no-liftoff', '--no-wasm-tier-up'],
}

/** What programs are run: the corpus of hostile ones, and generated ones with seeds from `from` to below `to`. */
export interface Selection {
  readonly hostile: boolean
  readonly from: number
  readonly to: number
}

function* programs({ hostile, from, to }: Selection): Generator<{ source: string; fuel: number }> {
  if (hostile) {
    for (const { source } of ENDLESS) yield { source, fuel: ENDLESS_FUEL }
    for (const { source } of [...ENDING, ...DEEP]) yield { source, fuel: FUEL }
  }
  for (let seed = from; seed < to; seed++) yield { source: generateProgram(seed), fuel: GENERATED_FUEL }
}

/** The hash of what each program shows; run in one machine, one after the other. */
export function* transcripts(selection: Selection): Generator<string> {
  const bench = new Bench()
  for (const { source, fuel } of programs(selection)) yield transcriptHash(bench.transcript(source, [7n, 1.5], fuel))
}

/** The same, each in a machine of its own. */
export function* freshTranscripts(selection: Selection): Generator<string> {
  for (const { source, fuel } of programs(selection)) {
    const bench = new Bench()
    yield transcriptHash(describe(bench.run(source, [7n, 1.5], fuel), bench.log))
  }
}

/** The same in another process, whose Node has these options. */
export async function transcriptsElsewhere(options: readonly string[], selection: Selection): Promise<string[]> {
  const main = fileURLToPath(new URL('transcripts-main.ts', import.meta.url))
  const printed = await run(['--conditions=source', ...options, main, JSON.stringify(selection)])
  return printed.trimEnd().split('\n')
}

/** Places at which two lists are not equal. */
export function differences(a: readonly string[], b: readonly string[]): number[] {
  const places = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i)
  return places.filter((i) => a[i] !== b[i])
}
