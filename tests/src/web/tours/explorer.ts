import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { smartshareJson } from '../../smartshare.ts'
import { hasFocus } from '../web-test.ts'
import { go, lookEverywhere, type Tour } from './tour.ts'

/** A name that would be markup if anything took it for that. */
const HOSTILE = '<b>Tether</b>'
const SUPPLY = '1000000000000000000'

/** Looks for a word with the keyboard alone and opens what is found first. */
async function find(page: Page, word: string, kind: string): Promise<void> {
  await page.locator('h1').click()
  await page.keyboard.press('/')
  const box = page.getByRole('combobox', { name: 'Search the chain' })
  expect(await hasFocus(box)).toBe(true)
  await page.keyboard.type(word)
  await page.locator(`[data-found=${kind}]`).first().waitFor()
  await expect
    .poll(async () => {
      await page.keyboard.press('Enter')
      return await box.inputValue()
    })
    .toBe('')
}

/** Found by keys: a block, a transaction, an account, a token; each as the chain has it. The sum of all SSP. */
export const tour: Tour = async ({ page, web }) => {
  const rpc = ['--rpc', web.status.urls.rpc]
  const alice = ['--dir', web.dir, '--wallet', 'alice']
  const made = await smartshareJson<{ issuer: string; tx: string }>(
    ...['token', 'issue', '--name', HOSTILE, '--symbol', 'USDT', '--supply', '1000', '--decimals', '2'],
    ...alice,
  )
  await go(page, '/explorer', 'Explorer')
  await page.locator('[data-now=height]').waitFor()
  await lookEverywhere(page, 'explorer')

  const { height } = await smartshareJson<{ height: number }>('status', ...rpc)
  await find(page, String(height), 'block')
  await page.getByRole('heading', { level: 1, name: /^Block / }).waitFor()
  await page.locator('[data-proof=verified]').waitFor()
  const block = await smartshareJson<{ hash: string }>('block', String(height), ...rpc)
  await page.getByText(block.hash).waitFor()
  await lookEverywhere(page, 'explorer-block')

  await find(page, made.tx, 'transaction')
  await page.locator('[data-call=issue]').waitFor()
  await page.locator('[data-event=issued]').waitFor()
  await page.locator('[data-proof=verified]').waitFor()
  await lookEverywhere(page, 'explorer-transaction')

  await find(page, 'USDT', 'token')
  await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor()
  await page.getByRole('heading', { name: 'Holders' }).waitFor()
  await lookEverywhere(page, 'explorer-token')

  await find(page, made.issuer, 'account')
  const { grains } = await smartshareJson<{ grains: string }>('balance', made.issuer, ...rpc)
  await page.locator(`[data-balance="${grains}"]`).waitFor()
  await page.locator('[data-proof=verified]').first().waitFor()
  await page.getByRole('tab', { name: 'Transfers' }).click()
  await page.getByRole('heading', { name: 'Transfers of this account' }).waitFor()
  await lookEverywhere(page, 'explorer-account')

  await go(page, '/explorer/transactions', 'Transactions')
  await page.getByRole('link', { name: 'CSV' }).waitFor()
  await go(page, '/explorer/delegates', 'Delegates and rounds')
  await page.locator('[data-turn=made]').first().waitFor()
  await lookEverywhere(page, 'explorer-delegates')
  await go(page, '/explorer/supply', 'Supply')
  await page.locator(`[data-supply="${SUPPLY}"]`).waitFor()
  await page.getByText('It adds up.').waitFor()
  await lookEverywhere(page, 'explorer-supply')
}
