import { FINAL, NO_VALUE, NOTAR, SKIP } from '@smartshare/chain'
import { describe, expect, it } from 'vitest'
import { compactLog } from './compact.ts'
import type { LogRecord } from './events.ts'
import { ALL_RULES } from './rules.ts'
import { Stage } from './sim/stage.ts'

const stage = new Stage({ rules: ALL_RULES, seats: 4 })
const actor = stage.actor(0)
const signature = new Uint8Array(96)

const blockAt = (slot: number): LogRecord => ({ type: 'block', block: stage.block(actor, slot, stage.base) })
const vote = (term: number, slot: number): LogRecord => ({
  type: 'vote',
  vote: { term, slot, kind: SKIP, value: NO_VALUE, seat: 0, signature },
})
const certificate = (kind: number, slot: number): LogRecord => ({
  type: 'certificate',
  certificate: { term: 0, slot, kind, value: NO_VALUE, bitmap: Uint8Array.of(7), signature },
})
const floor = (term: number, slot: number, silentUntilMs = 0): LogRecord => ({
  type: 'floor',
  term,
  slot,
  silentUntilMs,
})
const headerOf = (record: LogRecord) => (record.type === 'block' ? record.block.header : null)

describe('a compacted log', () => {
  it('drops votes below the floor and keeps those of the floor and above, in later terms too', () => {
    const kept = compactLog([vote(0, 4), vote(0, 5), vote(0, 6), vote(1, 0), floor(0, 5)], null)
    expect(kept).toEqual([vote(0, 5), vote(0, 6), vote(1, 0), floor(0, 5)])
  })

  it('keeps one floor, the strictest in every respect', () => {
    expect(compactLog([floor(1, 3), floor(0, 9, 77), floor(1, 2)], null)).toEqual([floor(1, 3, 77)])
  })

  it('drops what is below the last block marked as final, whatever the floor says', () => {
    const above = [blockAt(1), blockAt(2), certificate(NOTAR, 2), floor(0, 3)]
    const records = [blockAt(0), certificate(NOTAR, 0), certificate(NOTAR, 1), ...above]
    expect(compactLog(records, headerOf(blockAt(1)))).toEqual(above)
    expect(compactLog(records, null)).toHaveLength(7)
  })

  it('keeps late Final certificates, so that roots can be named by them', () => {
    const finals = Array.from({ length: 100 }, (_, slot) => certificate(FINAL, slot))
    expect(compactLog(finals, headerOf(blockAt(99)))).toEqual(finals.slice(-64))
  })

  it('forgets the terms before the last one that began', () => {
    const { set, base, seed } = stage.genesis
    const start = (term: number): LogRecord => ({
      type: 'term',
      start: { set: { ...set, term }, base, seed, previous: null },
    })
    const kept = compactLog([start(1), blockAt(3), certificate(NOTAR, 3), start(2), floor(2, 0)], null)
    expect(kept).toEqual([start(2), floor(2, 0)])
  })

  it('is compacted no further by doing it again', () => {
    const records = [vote(0, 4), floor(0, 3), blockAt(2), certificate(FINAL, 2), certificate(NOTAR, 2), vote(0, 1)]
    const once = compactLog(records, headerOf(blockAt(1)))
    expect(compactLog(once, headerOf(blockAt(1)))).toEqual(once)
  })
})
