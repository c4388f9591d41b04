import type { OfferView } from '@smartshare/runtime'
import { describe, expect, it } from 'vitest'
import { lockedGrains, marketPrice } from './market-price.ts'

async function* offersAt(...prices: readonly bigint[]): AsyncGenerator<OfferView> {
  for (const priceGrains of prices) yield { priceGrains, pledgeGrains: priceGrains } as OfferView
}

describe('the price of the market', () => {
  it('reaches a little above the dearest offer that may be needed, and no further', async () => {
    expect(await marketPrice(offersAt(10n, 10n, 20n), 1)).toEqual({ priceGrains: 24n, providers: 3 })
    expect(await marketPrice(offersAt(10n, 10n, 10n, 10n, 10n, 1000n), 1)).toEqual({ priceGrains: 12n, providers: 5 })
  })

  it('leaves out who answers for less than is wanted', async () => {
    expect(await marketPrice(offersAt(10n, 100n), 1, 50n)).toEqual({ priceGrains: 120n, providers: 1 })
    expect(await marketPrice(offersAt(), 4)).toEqual({ priceGrains: 0n, providers: 0 })
  })

  it('rounds the price of each copy and period up', () => {
    expect(lockedGrains(100n, 1, 4, 30)).toBe(120n)
    expect(lockedGrains(100n, 2 ** 30, 2, 3)).toBe(600n)
    expect(lockedGrains(100n, 2 ** 30 + 1, 1, 1)).toBe(101n)
  })
})
