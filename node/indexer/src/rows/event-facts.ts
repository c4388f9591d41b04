import type { ChainEvent } from '@smartshare/chain'
import { decode } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import { type AbiOf, base64, eventView } from '@smartshare/daemon/views'
import { modules } from '@smartshare/runtime'
import { addressText } from './texts.ts'

/** The record of an event of a module, as the module wrote it. */
export type ModuleRecord = Readonly<Record<string, unknown>>

/** An event with everything that rows are made of. */
export interface EventFacts {
  readonly height: number
  readonly timeMs: number
  readonly position: number
  /** Place of its transaction; null for the block's own. */
  readonly index: number | null
  readonly source: string
  readonly isContract: boolean
  readonly name: string
  /** Of modules only: what contracts say proves nothing about anybody else. */
  readonly record: ModuleRecord | undefined
  readonly data: string | null
  readonly encoded: string | null
}

export function eventFacts(
  event: ChainEvent,
  at: Pick<EventFacts, 'height' | 'timeMs' | 'position' | 'index'>,
  abiOf: AbiOf,
): EventFacts {
  const { from, name, data } = eventView(event, abiOf)
  return {
    ...at,
    source: from,
    isContract: typeof event.target !== 'number',
    name,
    record: moduleRecord(event),
    data: data === null ? null : JSON.stringify(data),
    encoded: data === null ? base64(event.data) : null,
  }
}

/** The record of a module's event; undefined for events of contracts, and for kinds that this version does not know. */
export function moduleRecord({ target, name, data }: ChainEvent): ModuleRecord | undefined {
  const kind = modules.find(({ id }) => id === target)?.events.find((candidate) => candidate.name === name)
  return kind === undefined ? undefined : (decode(kind.schema, data) as ModuleRecord)
}

const NUMBERED = ['agreement', 'tender', 'offer', 'job', 'proposal'] as const

/** What an event of a module is about, as `subject` of a query names it. */
export function subjectsOf(record: ModuleRecord): { kind: string; id: string }[] {
  const found: { kind: string; id: string }[] = []
  for (const kind of NUMBERED) if (typeof record[kind] === 'number') found.push({ kind, id: `${record[kind]}` })
  const { delegate, delegates, object } = record
  if (delegate instanceof Uint8Array) found.push({ kind: 'delegate', id: addressText(delegate) })
  if (Array.isArray(delegates)) {
    for (const one of new Set(delegates.map(addressText))) found.push({ kind: 'delegate', id: one })
  }
  if (object instanceof Uint8Array) found.push({ kind: 'object', id: toHex(object) })
  return found
}
