import { SmartshareError } from '@smartshare/codec'
import { describe, expect, it } from 'vitest'
import type { Service } from './service.ts'

/** A service in a world where it can run. */
export interface ServiceFixture {
  /** A service that was not started; several may be made one after the other over the same data. */
  make(): Promise<Service>
  /** Brings it to keep something under an agreement, and returns which. */
  keepSomething(service: Service): Promise<number>
  close(): Promise<void>
}

/** What every service that an agent sells must do, whatever it sells. */
export function checkService(name: string, open: () => Promise<ServiceFixture>): void {
  const withService = async (use: (service: Service, fixture: ServiceFixture) => Promise<void>): Promise<void> => {
    const fixture = await open()
    const service = await fixture.make()
    await service.start()
    try {
      await use(service, fixture)
    } finally {
      await service.stop()
      await fixture.close()
    }
  }

  describe(`as a service, ${name}`, () => {
    it('describes itself in the terms of the market', () =>
      withService(async (service) => {
        const { kind, unit, priceGrains, freeUnits, terms } = service.describe()
        expect(kind).toBe(service.kind)
        expect([unit, terms].every((text) => text.length > 0)).toBe(true)
        expect(typeof priceGrains).toBe('bigint')
        expect(freeUnits).toBeGreaterThanOrEqual(0)
      }))

    it('quotes more for more, nothing for nonsense, and no more than it has', () =>
      withService(async (service) => {
        const small = service.quote({ sizeBytes: 2 ** 20, periods: 2 })!
        const large = service.quote({ sizeBytes: 2 ** 24, periods: 4 })!
        expect(small.priceGrains).toBeGreaterThan(0n)
        expect(large.priceGrains).toBeGreaterThan(small.priceGrains)
        expect(large.collateralGrains).toBeGreaterThanOrEqual(small.collateralGrains)
        for (const [sizeBytes, periods] of [
          [0, 1],
          [-1, 1],
          [1.5, 1],
          [2 ** 20, 0],
          [Number.NaN, 1],
          [2 ** 60, 1],
        ] as const) {
          expect(service.quote({ sizeBytes, periods })).toBeUndefined()
        }
      }))

    it('counts with finite numbers that are never negative', () =>
      withService(async (service, fixture) => {
        await fixture.keepSomething(service)
        const counts = Object.values(service.meter())
        expect(counts.length).toBeGreaterThan(0)
        for (const count of counts) expect(Number.isFinite(count) && count >= 0).toBe(true)
      }))

    it('keeps what it keeps over a restart, and forgets what is released, once and for all', async () => {
      const fixture = await open()
      try {
        const first = await fixture.make()
        await first.start()
        const agreement = await fixture.keepSomething(first)
        expect(first.kept()).toContain(agreement)
        await first.stop()
        const second = await fixture.make()
        await second.start()
        expect(second.kept()).toContain(agreement)
        await second.release(agreement)
        await second.release(agreement)
        expect(second.kept()).not.toContain(agreement)
        await second.stop()
      } finally {
        await fixture.close()
      }
    })

    it('can be stopped twice, and says with a code that it is not running', async () => {
      const fixture = await open()
      const service = await fixture.make()
      const stopped = (act: () => unknown) => {
        try {
          act()
        } catch (error) {
          return SmartshareError.is(error) ? error.code : error
        }
        return undefined
      }
      expect(stopped(() => service.meter())).toBe('AGENT_STOPPED')
      await service.start()
      await service.stop()
      await service.stop()
      expect(stopped(() => service.kept())).toBe('AGENT_STOPPED')
      await fixture.close()
    })
  })
}
