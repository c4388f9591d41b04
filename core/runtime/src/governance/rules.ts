import { FIRST_VERSION, MAX_PROTOCOL_VERSION } from '@smartshare/chain'
import { array, type Infer, optional, record, SmartshareError, uint } from '@smartshare/codec'
import type { StateReader } from '@smartshare/state'
import type { Parameters } from '../parameters.ts'
import { type StateWriter, Table } from '../table.ts'
import { changeable, changeSchema, withChanges } from './changeable.ts'

/** Module number of governance. */
export const GOVERNANCE = 10
/**
 * The newest version of the protocol whose rules this code has. Version 2 has the rules of version 1: with it a
 * network rehearses an upgrade.
 */
export const LATEST_VERSION = 2

export const versionSchema = uint(MAX_PROTOCOL_VERSION, FIRST_VERSION)
export const changesSchema = array(changeSchema, changeable.length)

const rulesSchema = record({ version: versionSchema, changes: changesSchema })
const storedSchema = record({
  running: rulesSchema,
  /** What is decided and comes with a later term; one thing at a time. */
  next: optional(record({ proposal: uint(), term: uint(), rules: rulesSchema })),
})

export type StoredRules = Infer<typeof storedSchema>

const stored = new Table<StoredRules>(GOVERNANCE, 1, storedSchema)

/** What is in force in a term. */
export interface Rules {
  readonly version: number
  readonly parameters: Parameters
}

/** Running and decided rules of a state; those of genesis before anything was decided. */
export function storedRules(reader: Pick<StateReader, 'get'>): StoredRules {
  return stored.get(reader) ?? { running: { version: FIRST_VERSION, changes: [] }, next: null }
}

export function setStoredRules(writer: StateWriter, rules: StoredRules): void {
  stored.set(writer, rules)
}

/**
 * The rules in force in `term`, from a state of that term or the one before: nothing that is decided for a term changes
 * while the one before runs, so every root that a block of the term may name says the same.
 */
export function rulesOf(reader: Pick<StateReader, 'get'>, term: number, genesis: Parameters): Rules {
  const { running, next } = storedRules(reader)
  const { version, changes } = next !== null && next.term <= term ? next.rules : running
  return { version, parameters: withChanges(genesis, changes) }
}

/** Throws PROTOCOL_UNKNOWN if this software has no rules of that version: it must not go on then, or it would fork off. */
export function checkKnown(version: number, latest: number): void {
  if (version <= latest) return
  throw new SmartshareError(
    'PROTOCOL_UNKNOWN',
    `the network runs version ${version} of the protocol, and this software knows versions up to ${latest}`,
    { version, latest },
  )
}
