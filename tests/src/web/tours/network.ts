import { expect } from 'vitest'
import { smartshareJson } from '../../smartshare.ts'
import { go, lookEverywhere, type Tour } from './tour.ts'

/** Figures of the chain, all four nodes, no heavy call. */
export const tour: Tour = async ({ page, web }) => {
  await go(page, '/network', 'Network')
  await expect.poll(() => page.locator('[data-node=good]').count(), { timeout: 30_000 }).toBe(4)
  const { height } = await smartshareJson<{ height: number }>('status', '--rpc', web.status.urls.rpc)
  const shown = page.locator('dt', { hasText: 'Height' }).locator('xpath=../dd').first()
  await expect.poll(async () => Number((await shown.innerText()).replaceAll(',', ''))).toBeGreaterThanOrEqual(height)
  await page.getByText('No heavy call is under way.').waitFor()
  await page.getByRole('button', { name: 'Show as a table' }).first().click()
  await page.getByRole('button', { name: 'Show as a chart' }).first().click()
  await lookEverywhere(page, 'network')
}
