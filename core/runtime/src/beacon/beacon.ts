import { HASH_BYTES } from '@smartshare/chain'
import { fixedBytes, type Infer, record, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import type { Module } from '../module.ts'
import { Table } from '../table.ts'

/** Module number of the beacon. */
const BEACON = 8
/** Old seeds removed per block: more than are added, so that a backlog shrinks. */
const MAX_PRUNED_PER_BLOCK = 2
/** Seeds are kept for this many inspection windows; nobody may use one that is older than a single window. */
const WINDOWS_KEPT = 2
/** A gap between two blocks counts at most this part of an inspection window. */
const GAP_DIVISOR = 4

const clockSchema = record({
  /** Service time. */
  clockMs: uint(),
  /** Time of the block that set it. */
  timeMs: uint(),
  /** Longest gap between blocks that counts. */
  mostGapMs: uint(),
})

type Clock = Infer<typeof clockSchema>

const clocks = new Table<Clock>(BEACON, 1, clockSchema)
/** Accumulators by service time. */
const seeds = new Table(BEACON, 2, record({ clockMs: uint(), accumulator: fixedBytes(HASH_BYTES) }))

/**
 * Service time and randomness by time, both written by every block (docs/spec/storage-agreements.md, "Time and seeds").
 *
 * Service time is the time of blocks without the gaps in which the chain stood still: nobody can answer an inspection
 * while there are no blocks, so such time must not count. Nobody knows a seed before its block; the leader of that
 * block can only drop it, and with it its pay.
 */
export const beacon: Module = { id: BEACON, name: 'beacon', methods: [], events: [], beginBlock }

function beginBlock(host: Host): void {
  const { timeMs, accumulator } = host.block
  const window = host.parameters.inspectionWindowMs
  const clockMs = serviceTime(host, timeMs)
  clocks.set(host, { clockMs, timeMs, mostGapMs: Math.max(1, Math.floor(window / GAP_DIVISOR)) })
  // Two blocks of one time: the first stays, or a seed that is known already would change.
  if (seeds.get(host, uintKey(clockMs)) === undefined) seeds.set(host, { clockMs, accumulator }, uintKey(clockMs))
  const oldest = [...seeds.entries(host, [], { limit: MAX_PRUNED_PER_BLOCK })]
  for (const [key, seed] of oldest) if (seed.clockMs + WINDOWS_KEPT * window < clockMs) seeds.delete(host, key)
}

/** Service time in ms at a time (of a block, or of a wall clock after the last block). Equal to it until the chain stalls. */
export function serviceTime(reader: Pick<StateReader, 'get'>, timeMs: number): number {
  const clock = clocks.get(reader)
  if (clock === undefined) return timeMs
  return clock.clockMs + Math.min(Math.max(0, timeMs - clock.timeMs), clock.mostGapMs)
}

/** The time at which a service time comes (or came), if the chain does not stall (or had not) in between. */
export function timeOfService(reader: Pick<StateReader, 'get'>, clockMs: number): number {
  const clock = clocks.get(reader)
  return clock === undefined ? clockMs : clock.timeMs + clockMs - clock.clockMs
}

/**
 * Accumulator of the first block after a service time; undefined while there is none. Only for times of the last
 * inspection window: older seeds are gone.
 */
export function seedAfter(reader: StateReader, clockMs: number): Uint8Array | undefined {
  const [first] = seeds.entries(reader, [], { limit: 1, after: uintKey(clockMs) })
  return first?.[1].accumulator
}
