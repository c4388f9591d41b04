import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { portOf, seatsOf } from './layout.ts'
import {
  checkOptions,
  DEFAULT_OPTIONS,
  type DevnetOptions,
  MAX_DELEGATES,
  MAX_PROVIDERS,
  PORT_SPAN,
} from './options.ts'

const options: fc.Arbitrary<DevnetOptions> = fc.record({
  basePort: fc.integer({ min: 1024, max: 65_536 - PORT_SPAN }),
  delegates: fc.integer({ min: 1, max: MAX_DELEGATES }),
  providers: fc.integer({ min: 0, max: MAX_PROVIDERS }),
  indexers: fc.integer({ min: 0, max: 1 }),
  slotMs: fc.integer({ min: 50, max: 60_000 }),
})

describe('the layout', () => {
  it('gives no port and no folder to two processes, for any options within their bounds', () => {
    fc.assert(
      fc.property(options, (chosen) => {
        checkOptions(chosen)
        const seats = seatsOf('/net', chosen)
        const ports = seats.flatMap((seat) => seat.ports.map(({ port }) => port))
        expect(seats).toHaveLength(
          chosen.delegates + chosen.providers + 1 + chosen.indexers + (chosen.providers > 0 ? 1 : 0),
        )
        expect(new Set(ports).size).toBe(ports.length)
        expect(new Set(seats.map(({ dir }) => dir)).size).toBe(seats.length)
        for (const port of ports) {
          expect(port).toBeGreaterThanOrEqual(chosen.basePort)
          expect(port).toBeLessThan(Math.min(chosen.basePort + PORT_SPAN, 65_536))
        }
      }),
    )
  })

  it('has the ports and folders that others rely on', () => {
    const seats = seatsOf('/net', DEFAULT_OPTIONS)
    const [d1, d2] = seats
    const p2 = seats.find(({ name }) => name === 'p2')
    expect([d1?.dir, d1 && portOf(d1, 'rpc'), d1 && portOf(d1, 'p2p')]).toEqual(['/net/delegates/d1', 21_000, 21_001])
    expect(d2 && portOf(d2, 'rpc')).toBe(21_010)
    expect([p2?.dir, p2 && portOf(p2, 'p2p'), p2 && portOf(p2, 'status')]).toEqual([
      '/net/providers/p2',
      21_210,
      21_211,
    ])
    const [indexer] = seats.filter(({ kind }) => kind === 'indexer')
    expect([indexer?.dir, indexer && portOf(indexer, 'status')]).toEqual(['/net/indexer', 21_910])
  })

  it('refuses options outside their bounds by name', () => {
    const refused = [
      { basePort: 80 },
      { delegates: 0 },
      { delegates: 21 },
      { providers: -1 },
      { indexers: 2 },
      { slotMs: 0.5 },
      { slotMs: Number.NaN },
    ]
    for (const wrong of refused) {
      expect(() => checkOptions(wrong)).toThrow(
        expect.objectContaining({
          code: 'DEVNET_OPTION',
          details: expect.objectContaining({ option: Object.keys(wrong)[0] }),
        }),
      )
    }
  })
})
