import { SmartshareError } from '@smartshare/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_HEADER_BYTES, FrameReader, writeFrameHeader } from './frame.ts'

interface Sent {
  kind: number
  id: number
  payload: Uint8Array
}

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 1, max: 7 }),
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 9_000 }),
  }),
  { maxLength: 8 },
)

function encode(list: readonly Sent[]): Uint8Array {
  const parts = list.flatMap(({ kind, id, payload }) => {
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    writeFrameHeader(header, payload.length, kind, id)
    return [header, payload]
  })
  return Buffer.concat(parts)
}

describe('a frame reader', () => {
  it('gives back the frames however the bytes are cut and whenever it is stopped between', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 5_000 })), fc.boolean(), (list, cuts, stopping) => {
        const got: Sent[] = []
        const reader: FrameReader = new FrameReader({
          bound: () => 9_000,
          onFrame: (kind, id, payload) => {
            got.push({ kind, id, payload })
            if (stopping) reader.stop()
          },
        })
        let rest: Uint8Array = encode(list)
        for (let turn = 0; rest.length > 0; turn++) {
          let chunk = rest.subarray(0, cuts[turn % (cuts.length || 1)] ?? rest.length)
          rest = rest.subarray(chunk.length)
          while (chunk.length > 0) {
            reader.start()
            chunk = chunk.subarray(reader.push(chunk))
          }
        }
        expect(got.map((frame) => [frame.kind, frame.id, Buffer.from(frame.payload).toString('hex')])).toEqual(
          list.map((frame) => [frame.kind, frame.id, Buffer.from(frame.payload).toString('hex')]),
        )
        expect(reader.partial).toBe(false)
      }),
    )
  })

  it('refuses a length above the bound before a byte of the payload has come', () => {
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 1_001, 5, 0)
    const reader = new FrameReader({ bound: () => 1_000, onFrame: () => expect.unreachable() })
    expect(() => reader.push(header)).toThrow(expect.objectContaining({ code: 'LINK_TOO_LARGE' }))
  })

  it('refuses a kind that may not come', () => {
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, 99, 0)
    const reader = new FrameReader({ bound: () => -1, onFrame: () => expect.unreachable() })
    expect(() => reader.push(header)).toThrow(SmartshareError)
  })

  it('hands out small payloads as copies and large ones without copying', () => {
    const got: Uint8Array[] = []
    const reader = new FrameReader({ bound: () => 100_000, onFrame: (_kind, _id, payload) => got.push(payload) })
    const bytes = encode([
      { kind: 5, id: 0, payload: new Uint8Array(100) },
      { kind: 5, id: 0, payload: new Uint8Array(50_000) },
    ])
    expect(reader.push(bytes)).toBe(bytes.length)
    expect(got[0]?.buffer).not.toBe(bytes.buffer)
    expect(got[1]?.buffer).toBe(bytes.buffer)
  })
})
