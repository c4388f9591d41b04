import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { look, makeWallet, SKIPPED, verifiedBalance, WebTest } from './web-test.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const SSP = 100_000_000n

describe.skipIf(SKIPPED !== '')(`an account of two of three keys${SKIPPED}`, () => {
  let web: WebTest
  let pages: Page[] = []
  let shared = ''

  beforeAll(async () => {
    web = await WebTest.start()
  })
  afterAll(async () => {
    await web?.close()
  })

  const go = async (page: Page, path: string) => {
    // Within the app: a reload would lock the wallet.
    await page.evaluate(`history.pushState({}, '', '${path}'); dispatchEvent(new PopStateEvent('popstate'))`)
  }
  const fill = (page: Page, label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

  it('is made in one browser and joined in two others', async () => {
    pages = await Promise.all([0, 1, 2].map(async () => await web.open(await web.profile())))
    const keys: string[] = []
    for (const page of pages) {
      await makeWallet(page)
      await go(page, '/wallet/shared')
      keys.push(await page.locator('[data-public-key]').innerText())
    }
    const [first, ...others] = pages as [Page, Page, Page]
    await press(first, 'New shared account')
    await fill(first, 'Name', 'Our fund')
    await fill(first, 'Public keys of the others', keys.slice(1).join('\n'))
    await look(first, 'shared-create-desktop-light')
    await press(first, 'Save')
    await first.locator('[data-account-text]').filter({ hasText: 'smartshare shared account' }).waitFor()
    const text = await first.locator('[data-account-text]').innerText()
    for (const page of others) {
      await press(page, 'Join a shared account')
      await fill(page, 'Name', 'Our fund')
      await fill(page, 'Text of the account', text)
      await press(page, 'Save')
      await page.locator('[data-account-text]').waitFor()
    }
    await go(first, '/wallet')
    shared = (await first.locator('[data-address]').getAttribute('data-address')) ?? ''
    await press(first, 'Get test money')
    await verifiedBalance(first, 100n * SSP)
  })

  it('pays once two of its owners have approved, each in a browser of their own', async () => {
    const [first, second, third] = pages as [Page, Page, Page]
    // Any owner tells the chain the keys, with money of its own.
    await first.getByLabel('Account', { exact: true }).selectOption({ index: 0 })
    await press(first, 'Get test money')
    await verifiedBalance(first, 100n * SSP)
    const payee = (await first.locator('[data-address]').getAttribute('data-address')) ?? ''
    await first.getByLabel('Account', { exact: true }).selectOption(shared)
    await go(first, '/wallet/shared')
    await press(first, 'Tell it')
    await first.getByText('Tell the network the keys').waitFor({ state: 'detached', timeout: 60_000 })
    await go(first, '/wallet/send')
    await fill(first, 'To', payee)
    await fill(first, 'Amount', '40')
    await press(first, 'Continue')
    await press(first, 'Propose a payment')
    await first.locator('[data-proposal="collecting"]').waitFor()
    await look(first, 'shared-proposal-desktop-light')
    expect(await first.getByRole('button', { name: 'Hand it over' }).count()).toBe(0)
    const proposal = (await first.locator('[data-proposal-text]').getAttribute('data-proposal-text')) ?? ''

    await fill(second, 'From another owner', proposal.replace('"threshold":2', '"threshold":1'))
    await press(second, 'Add')
    await second.getByRole('alert').first().waitFor()
    await fill(second, 'From another owner', proposal)
    await press(second, 'Add')
    await press(second, 'Approve')
    await second.locator('[data-proposal="ready"]').waitFor()
    const approved = (await second.locator('[data-proposal-text]').getAttribute('data-proposal-text')) ?? ''

    // The third owner, who did not sign, hands it over.
    await fill(third, 'From another owner', approved)
    await press(third, 'Add')
    await look(third, 'shared-ready-desktop-light')
    await press(third, 'Hand it over')
    await third.locator('[data-proposal="done"]').waitFor({ timeout: 60_000 })
    await first.locator('[data-proposal="done"]').waitFor({ timeout: 60_000 })
    await go(first, '/wallet')
    await first.getByLabel('Account', { exact: true }).selectOption(payee)
    await first.locator('[data-proof="verified"]').first().waitFor()
    await expect
      .poll(async () => BigInt((await first.locator('[data-balance]').getAttribute('data-balance')) || 0), {
        timeout: 60_000,
      })
      .toBeGreaterThan(139n * SSP)
    expect(web.complaints).toEqual([])
  })
})
