import { MODE_BUSY, MODE_CALM } from '@smartshare/chain'
import { type Infer, record, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import { heavyTotals } from '../contracts/heavy/jobs.ts'
import { currentTerm } from '../delegates/term.ts'
import type { EventKind, Host } from '../host.ts'
import type { Module } from '../module.ts'
import { Table } from '../table.ts'

// How loaded the chain is, from what the chain itself knows, and the mode that follows (docs/spec/load.md).

/** Module number of the load. */
const LOAD = 12
const WHOLE = 1000

const modeSchema = uint(MODE_BUSY)

const loadSchema = record({
  /** Gas charged, of what the round's blocks might have used. */
  gas: uint(WHOLE),
  /** Slots without a block. */
  missed: uint(WHOLE),
  /** Gas of heavy calls that are not done, of what may wait. */
  backlog: uint(WHOLE),
})

const stateSchema = record({
  mode: modeSchema,
  /** Of the last round that counted. */
  load: loadSchema,
  /** Rounds in a row that were calm while the mode is busy. */
  calmRounds: uint(),
  /** The round under way: its blocks so far and the gas that they used. */
  term: uint(),
  round: uint(),
  blocks: uint(),
  gas: uint(),
})

/** How loaded a round was, by each of its measures, in thousandths. */
export type Load = Infer<typeof loadSchema>

const states = new Table<Infer<typeof stateSchema>>(LOAD, 1, stateSchema)

/** The mode changed with the load of the round before. */
const modeEvent = {
  target: LOAD,
  name: 'mode',
  schema: record({ mode: modeSchema, load: loadSchema }),
} satisfies EventKind<unknown>

/** Counts blocks and tells the mode; nobody calls it. */
export const loadModule: Module = { id: LOAD, name: 'load', methods: [], events: [modeEvent] }

/** The mode that headers carry which name this state as their root. */
export function modeOf(reader: Pick<StateReader, 'get'>): number {
  return states.get(reader)?.mode ?? MODE_CALM
}

/** The load of the last round that counted. */
export function loadOf(reader: Pick<StateReader, 'get'>): Load {
  return states.get(reader)?.load ?? { gas: 0, missed: 0, backlog: 0 }
}

/** The measure that counts: the highest. */
export function highestLoad({ gas, missed, backlog }: Load): number {
  return Math.max(gas, missed, backlog)
}

/**
 * Counts the block that is being executed. The first block of a round settles the mode by the load of the round before;
 * a round that the end of its term cut off does not count.
 */
export function noteLoad(host: Host, gasUsed: number): void {
  const { term, slot } = host.block
  const seats = currentTerm(host).members.length
  const round = Math.floor(slot / seats)
  const known = states.get(host)
  const settled = {
    mode: known?.mode ?? MODE_CALM,
    load: known?.load ?? loadOf(host),
    calmRounds: known?.calmRounds ?? 0,
  }
  if (known === undefined || known.term !== term) {
    states.set(host, { ...settled, term, round, blocks: 1, gas: gasUsed })
    return
  }
  if (known.round === round) {
    states.set(host, { ...known, blocks: known.blocks + 1, gas: known.gas + gasUsed })
    return
  }
  const { maxBlockGas, heavyBacklogGas } = host.parameters
  // Rounds without a single block belong to the one before them.
  const slots = (round - known.round) * seats
  const load: Load = {
    gas: perMille(known.gas, known.blocks * maxBlockGas),
    missed: perMille(slots - known.blocks, slots),
    backlog: perMille(heavyTotals(host).gas, heavyBacklogGas),
  }
  const { mode, calmRounds } = nextMode(settled, highestLoad(load), host.parameters)
  if (mode !== settled.mode) host.emit(modeEvent, { mode, load })
  states.set(host, { mode, load, calmRounds, term, round, blocks: 1, gas: gasUsed })
}

/** Busy at once when a round's load reaches `busyLoad`, calm after `calmRounds` rounds in a row below `calmLoad`. */
export function nextMode(
  { mode, calmRounds }: { readonly mode: number; readonly calmRounds: number },
  load: number,
  limits: { readonly busyLoad: number; readonly calmLoad: number; readonly calmRounds: number },
): { readonly mode: number; readonly calmRounds: number } {
  if (mode === MODE_CALM) return { mode: load >= limits.busyLoad ? MODE_BUSY : MODE_CALM, calmRounds: 0 }
  const calm = load < limits.calmLoad ? calmRounds + 1 : 0
  return calm >= limits.calmRounds ? { mode: MODE_CALM, calmRounds: 0 } : { mode: MODE_BUSY, calmRounds: calm }
}

/** A part of a whole in thousandths, rounded down; 0 of nothing. */
function perMille(part: number, whole: number): number {
  if (whole === 0) return 0
  const scaled = part * WHOLE
  return Math.min(WHOLE, (scaled - (scaled % whole)) / whole)
}
