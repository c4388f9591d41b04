import { FINAL, NOTAR, type Vote } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogRecord, Message } from './events.ts'
import { ALL_RULES } from './rules.ts'
import { Stage } from './sim/stage.ts'
import { decodeMessage, decodeRecord, encodeMessage, encodeRecord } from './wire.ts'

const stage = new Stage({ rules: ALL_RULES, seats: 4 })
const actor = stage.actor(0)
const hash = new Uint8Array(32).fill(9)
const signature = new Uint8Array(96).fill(7)
const vote: Vote = { term: 3, slot: 70_000, kind: NOTAR, value: hash, seat: 2, signature }
const certificate = { term: 3, slot: 12, kind: FINAL, value: hash, bitmap: Uint8Array.of(7), signature }
const block = stage.block(actor, 0, stage.base, {}, [Uint8Array.of(1, 2, 3)])
const { set, base, seed } = stage.genesis

const MESSAGES: Message[] = [
  { type: 'proposal', block, certificates: [certificate] },
  { type: 'votes', votes: [vote, vote], executedHeight: 12 },
  { type: 'certificates', certificates: [certificate] },
  { type: 'ask', ask: { term: 1, finalHeight: 7, fromSlot: 9, wanted: [hash] } },
  { type: 'page', page: { term: 1, certificates: [certificate], blocks: [block], nextSet: set } },
]
const RECORDS: LogRecord[] = [
  { type: 'term', start: { set, base, seed, previous: null } },
  {
    type: 'term',
    start: { set, base: { ...base, rootCertificate: certificate }, seed, previous: { set, terminal: certificate } },
  },
  { type: 'vote', vote },
  { type: 'floor', term: 3, slot: 9, silentUntilMs: 1_735_689_600_000 },
  { type: 'block', block },
  { type: 'certificate', certificate },
]

describe('the bytes of consensus', () => {
  it.each(MESSAGES)('give a message of type $type back as it was', (message) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  it.each(RECORDS)('give a record of type $type back as it was', (record) => {
    expect(decodeRecord(encodeRecord(record))).toEqual(record)
  })

  it('are refused by code when anything is cut off, changed in length or too large', () => {
    for (const message of MESSAGES) {
      const encoded = encodeMessage(message)
      expect(() => decodeMessage(encoded.subarray(0, -1))).toThrow(SmartshareError)
      expect(() => decodeMessage(new Uint8Array([...encoded, 0]))).toThrow(SmartshareError)
    }
    expect(() => decodeMessage(new Uint8Array(13 * 1024 * 1024))).toThrow(/at most/)
    expect(() => decodeRecord(new Uint8Array(5 * 1024 * 1024))).toThrow(/at most/)
  })

  it('never make the decoder throw anything but a coded error', () => {
    const parts = MESSAGES.map(encodeMessage)
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.nat(), fc.nat(255), fc.boolean(), (encoded, place, byte, cut) => {
        const bent = encoded.slice(0, cut ? place % encoded.length : encoded.length)
        if (bent.length > 0) bent[place % bent.length] = byte
        try {
          decodeMessage(bent)
        } catch (error) {
          expect(error).toBeInstanceOf(SmartshareError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
