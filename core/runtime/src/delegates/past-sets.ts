import type { DelegateSet } from '@smartshare/chain'
import { type Infer, record, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { uintKey } from '../keys.ts'
import { Table } from '../table.ts'
import { DELEGATES } from './registry.ts'
import { membersSchema } from './set-schema.ts'

// The sets of past terms, by which late evidence is judged.

/** Old sets removed when a term begins: more than are added, so that a backlog shrinks. */
const MAX_PRUNED_PER_TERM = 2

const pastSchema = record({ members: membersSchema, endMs: uint() })
/** Delegates of a term that is over, and the time of the first block after it. */
export type PastSet = Infer<typeof pastSchema>

const pastSets = new Table<PastSet>(DELEGATES, 30, pastSchema)

/** A term is over: keeps its set for as long as the bonds of those who served in it are locked. */
export function keepPastSet(host: Host, { term, members }: DelegateSet): void {
  const { timeMs } = host.block
  pastSets.set(host, { members, endMs: timeMs }, uintKey(term))
  const oldest = [...pastSets.entries(host, [], { limit: MAX_PRUNED_PER_TERM })]
  for (const [key, { endMs }] of oldest) if (endMs + host.parameters.unbondingMs < timeMs) pastSets.delete(host, key)
}

/** The set of a term that is over; undefined for those so old that nothing depends on them. */
export function pastSet(reader: Pick<StateReader, 'get'>, term: number): PastSet | undefined {
  return pastSets.get(reader, uintKey(term))
}
