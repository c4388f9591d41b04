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

  it('puts large payloads into the memory it is given, however the bytes are cut, and small ones elsewhere', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60_000 })), (cuts) => {
        const memory = new Uint8Array(new SharedArrayBuffer(80_000))
        const asked: number[] = []
        const got: Uint8Array[] = []
        const reader = new FrameReader({
          bound: () => 100_000,
          onFrame: (_kind, _id, payload) => got.push(payload),
          memory: (bytes) => {
            asked.push(bytes)
            return bytes === 70_000 ? memory.subarray(0, bytes) : undefined
          },
        })
        const payloads = [100, 70_000, 90_000].map((length, i) => new Uint8Array(length).fill(i + 1))
        let rest: Uint8Array = encode(payloads.map((payload) => ({ kind: 5, id: 0, payload })))
        for (let turn = 0; rest.length > 0; turn++) {
          const taken = reader.push(rest.subarray(0, cuts[turn % (cuts.length || 1)] ?? rest.length))
          rest = rest.subarray(taken)
        }
        expect(asked).toEqual([70_000, 90_000])
        expect(got[1]?.buffer).toBe(memory.buffer)
        for (const [i, payload] of payloads.entries()) expect(Buffer.compare(got[i] as Uint8Array, payload)).toBe(0)
      }),
    )
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
