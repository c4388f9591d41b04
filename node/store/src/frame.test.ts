import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrames, FRAME_HEAD_BYTES, judgeTail, MOST_PAYLOAD_BYTES } from './frame.ts'

const payload = fc.uint8Array({ minLength: 0, maxLength: 2000, min: 1 })
const frame = fc.record({ kind: fc.nat(255), number: fc.maxSafeNat(), payload })

describe('frames', () => {
  it('come back as they were written, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.maxSafeNat(), (frames, durable) => {
        const bytes = encodeFrames(frames, durable)
        let at = 0
        for (const one of frames) {
          const found = decodeFrame(bytes, at)
          expect(found).toMatchObject({ kind: one.kind, number: one.number, durable, at })
          expect(Buffer.compare(found?.payload ?? new Uint8Array(), one.payload)).toBe(0)
          at = found?.end ?? 0
        }
        expect(at).toBe(bytes.length)
      }),
    )
  })

  it('are not found if any bit of them is changed', () => {
    const bytes = encodeFrames([{ kind: 1, number: 7, payload: Buffer.from('a block') }], 3)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = bytes.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(decodeFrame(changed, 0)).toBeUndefined()
    }
  })

  it('have a bounded payload', () => {
    expect(() => encodeFrames([{ kind: 1, number: 0, payload: new Uint8Array(MOST_PAYLOAD_BYTES + 1) }], 0)).toThrow(
      'too large',
    )
    const lying = encodeFrames([{ kind: 1, number: 0, payload: new Uint8Array() }], 0)
    const head = Buffer.from(lying.buffer, lying.byteOffset)
    head.writeUInt32BE(MOST_PAYLOAD_BYTES + 1, 4)
    head.set(hash('sha256', head.subarray(0, 24), 'buffer').subarray(0, 4), 24)
    expect(decodeFrame(lying, 0)).toBeUndefined()
  })
})

describe('the end of a log', () => {
  const one = (text: string) => ({ kind: 1, number: 1, payload: Buffer.from(text) })
  const first = encodeFrames([one('first')], 0)

  it('is torn if it ends early at any byte', () => {
    const second = encodeFrames([one('second '.repeat(300))], first.length)
    for (let cut = 1; cut < second.length; cut += 37) {
      const bytes = Buffer.concat([first, second.subarray(0, cut)])
      expect(judgeTail(bytes, first.length).kind).toBe('torn')
    }
  })

  it('is torn if sectors were never written, even if a later record of the same write is whole', () => {
    const batch = encodeFrames([one('second '.repeat(300)), one('third')], first.length)
    const bytes = Buffer.concat([first, batch])
    bytes.fill(0, 512, 1024)
    expect(judgeTail(bytes, first.length).kind).toBe('torn')
  })

  it('is damaged if a later record says that what is missing was durable', () => {
    const second = encodeFrames([one('second '.repeat(300))], first.length)
    const third = encodeFrames([one('third')], first.length + second.length)
    const bytes = Buffer.concat([first, second, third])
    bytes.fill(0, 512, 1024)
    expect(judgeTail(bytes, first.length)).toMatchObject({ kind: 'damaged' })
    bytes.fill(0, first.length, first.length + FRAME_HEAD_BYTES)
    expect(judgeTail(bytes, first.length)).toMatchObject({ kind: 'damaged' })
  })

  it('is damaged if the last record is complete and does not check', () => {
    const bytes = Buffer.concat([first, encodeFrames([one('second')], first.length)])
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
    expect(judgeTail(bytes, first.length)).toMatchObject({ kind: 'damaged' })
  })
})
