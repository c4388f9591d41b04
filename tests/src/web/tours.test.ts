import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Tour, TourPlace } from './tours/tour.ts'
import { FAUCET_GRAINS, makeWallet, SKIPPED, verifiedBalance, WebTest } from './web-test.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const NETWORK = ['--delegates', '4', '--providers', '1', '--indexers', '1', '--slot-ms', '500']
/** Every page brings one: tours/<page>.ts exports it as `tour`. */
const FOLDER = new URL('./tours/', import.meta.url)
const pages = readdirSync(FOLDER).filter((name) => name !== 'tour.ts')

describe.skipIf(SKIPPED !== '')(`the app in Chromium${SKIPPED}`, () => {
  let place: TourPlace

  beforeAll(async () => {
    const web = await WebTest.start(...NETWORK)
    const page = await web.open(await web.profile())
    await makeWallet(page)
    await page.getByRole('button', { name: 'Get test money' }).click()
    await verifiedBalance(page, FAUCET_GRAINS)
    place = { web, page }
  })
  afterAll(async () => {
    await place?.web.close()
  })

  it.each(pages)('is driven as %s says', async (name) => {
    const { tour } = (await import(new URL(name, FOLDER).href)) as { tour: Tour }
    await tour(place)
  })

  it('complained of nothing', () => {
    expect(place.web.complaints).toEqual([])
  })
})
