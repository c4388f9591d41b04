import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LINK_LIMITS } from './limits.ts'
import { YamuxScanner } from './muxer-guard.ts'

function header(type: number, flags: number, stream: number, length: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes[1] = type
  bytes.writeUInt16BE(flags, 2)
  bytes.writeUInt32BE(stream, 4)
  bytes.writeUInt32BE(length, 8)
  return bytes
}

const window = DEFAULT_LINK_LIMITS.streamWindowBytes

describe('the multiplexer guard', () => {
  it('lets honest frames pass, however they are cut', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 20 })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 4_000 }), (list, cut) => {
        const scanner = new YamuxScanner(DEFAULT_LINK_LIMITS, () => 0)
        const bytes = Buffer.concat(
          list.flatMap((length) => [header(0, 0, 1, length), Buffer.alloc(length, 0xff), header(1, 0, 1, 0xffff_ffff)]),
        )
        for (let at = 0; at < bytes.length; at += cut) {
          expect(scanner.scan(bytes.subarray(at, at + cut))).toBeUndefined()
        }
      }),
    )
  })

  it('sees an oversize frame behind any honest ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 600 }), (length, cut) => {
        const scanner = new YamuxScanner(DEFAULT_LINK_LIMITS, () => 0)
        const bytes = Buffer.concat([header(0, 0, 1, length), Buffer.alloc(length), header(0, 0, 1, window + 1)])
        const errors: (string | undefined)[] = []
        for (let at = 0; at < bytes.length; at += cut) errors.push(scanner.scan(bytes.subarray(at, at + cut))?.code)
        expect(errors.at(-1)).toBe('LINK_TOO_LARGE')
      }),
    )
  })

  it('holds the number of streams and pings per second to its bound', () => {
    const clock = { nowMs: 0 }
    const scanner = new YamuxScanner(DEFAULT_LINK_LIMITS, () => clock.nowMs)
    const burst = 4 * DEFAULT_LINK_LIMITS.streamsPerSecond
    for (let i = 0; i < burst; i++) expect(scanner.scan(header(i % 2 === 0 ? 1 : 2, 1, 2 * i + 1, 0))).toBeUndefined()
    expect(scanner.scan(header(1, 1, 9_999, 0))?.code).toBe('LINK_QUOTA')
    clock.nowMs = 1_000
    expect(scanner.scan(header(1, 1, 9_999, 0))).toBeUndefined()
  })
})
