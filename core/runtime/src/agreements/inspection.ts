import { encode, record, uint } from '@smartshare/codec'
import { hashTagged, SEGMENT_BYTES } from '@smartshare/crypto'
import type { Agreement } from './agreement.ts'

/** Missed inspections that make a breach. */
const MISSES_TO_BREACH = 3

const drawSchema = record({ agreement: uint(), inspection: uint(), draw: uint() })

/**
 * Indices of the 64-byte segments that an inspection opens, ascending and distinct: all of them if there are no more than
 * `count`, else `count` draws (fewer indices where two draws meet). Draw i is the big-endian 128-bit number of the first
 * 16 bytes of `H("inspection", seed ‖ CBOR([agreement, inspection, i]))` modulo the number of segments: the bias is below 2^-98.
 */
export function inspectedSegments(
  seed: Uint8Array,
  agreement: number,
  inspection: number,
  sizeBytes: number,
  count: number,
): number[] {
  const segments = Math.ceil(sizeBytes / SEGMENT_BYTES)
  if (segments <= count) return Array.from({ length: segments }, (_, index) => index)
  const total = BigInt(segments)
  const indices = new Set<number>()
  for (let draw = 0; draw < count; draw++) {
    const hash = hashTagged('inspection', seed, encode(drawSchema, { agreement, inspection, draw }))
    const view = new DataView(hash.buffer, hash.byteOffset)
    const number = (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
    indices.add(Number(number % total))
  }
  return [...indices].sort((a, b) => a - b)
}

type Times = Pick<Agreement, 'startMs' | 'periodMs' | 'windowMs' | 'periods'>

/**
 * Service time at which inspection k opens: the beginning of period k, counted from 0. Inspection number `periods`, at the
 * end of the term, is the last.
 */
export function inspectionStart({ startMs, periodMs }: Times, inspection: number): number {
  return startMs + inspection * periodMs
}

/** How many inspections can no longer be answered at a service time. */
function closedInspections(times: Times, clockMs: number): number {
  const sinceFirstClosed = clockMs - times.startMs - times.windowMs
  if (sinceFirstClosed < 0) return 0
  return Math.min(times.periods + 1, Math.floor(sinceFirstClosed / times.periodMs) + 1)
}

/** An active agreement with the inspections counted as missed whose time is over, however many these are. */
export function accrue(agreement: Agreement, clockMs: number): Agreement {
  const next = Math.max(agreement.next, closedInspections(agreement, clockMs))
  return next === agreement.next ? agreement : { ...agreement, next, missed: agreement.missed + next - agreement.next }
}

/** Whether the provider missed too much. */
export function isBroken({ missed }: Pick<Agreement, 'missed'>): boolean {
  return missed >= MISSES_TO_BREACH
}

/** Whether the last inspection was passed or missed. */
export function isOver({ next, periods }: Pick<Agreement, 'next' | 'periods'>): boolean {
  return next > periods
}
