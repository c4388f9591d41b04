import { FINAL, type Header } from '@smartshare/chain'
import type { LogRecord } from './events.ts'

type FloorRecord = Extract<LogRecord, { type: 'floor' }>
type Floor = Pick<FloorRecord, 'term' | 'slot' | 'silentUntilMs'>

/** Final certificates at and below the last final block that are kept, so that roots can be named by them after a restart. */
const FINAL_CERTIFICATES_KEPT = 64

/**
 * The records that a restart still needs, in their order. `lastFinal` is the last block that the node has marked as final on
 * disk, null if there is none in the latest term: it and what lies above are kept even if consensus knows better.
 */
export function compactLog(records: readonly LogRecord[], lastFinal: Header | null): LogRecord[] {
  const term = records.findLast((record) => record.type === 'term')
  const number = term?.start.set.term ?? 0
  const slot = lastFinal?.term === number ? lastFinal.slot : -1
  const floor = highestFloor(records)
  const finals = records.filter((record) => record.type === 'certificate' && record.certificate.kind === FINAL)
  const keptFinals = new Set(finals.slice(-FINAL_CERTIFICATES_KEPT))
  const kept = records.filter((record) => {
    if (record.type === 'term') return record === term
    if (record.type === 'floor') return false
    if (record.type === 'vote') {
      const { vote } = record
      return vote.term > (floor?.term ?? -1) || (vote.term === floor?.term && vote.slot >= floor.slot)
    }
    if (record.type === 'block') return record.block.header.term === number && record.block.header.slot >= slot
    if (keptFinals.has(record)) return true
    return record.certificate.term === number && record.certificate.slot > slot
  })
  return floor === null ? kept : [...kept, floor]
}

/** The strictest of all floors in a log; null if there is none. */
export function highestFloor(records: readonly LogRecord[]): FloorRecord | null {
  let highest: FloorRecord | null = null
  for (const record of records) {
    if (record.type === 'floor') highest = highest === null ? record : stricter(highest, record)
  }
  return highest
}

/** The stricter of two floors in every respect: a floor never falls. */
export function stricter<F extends Floor>(a: F, b: F): F {
  const higher = a.term > b.term || (a.term === b.term && a.slot > b.slot) ? a : b
  return { ...higher, silentUntilMs: Math.max(a.silentUntilMs, b.silentUntilMs) }
}
