import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  CHINESE,
  FAUCET_GRAINS,
  hasFocus,
  look,
  makeWallet,
  PASSWORD,
  SKIPPED,
  verifiedBalance,
  WebTest,
} from './web-test.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const PAID_GRAINS = 1_250_000_000n

describe.skipIf(SKIPPED !== '')(`the wallet in Chromium${SKIPPED}`, () => {
  let web: WebTest
  let profile: BrowserContext
  let page: Page
  let address = ''
  let other: Page
  let otherAddress = ''

  beforeAll(async () => {
    web = await WebTest.start()
    profile = await web.profile()
    page = await web.open(profile)
  })
  afterAll(async () => {
    await web?.close()
  })

  it('greets whoever has no wallet, and makes one whose words were written down', async () => {
    await look(page, 'welcome-desktop-light')
    address = await makeWallet(page)
    expect(address).toMatch(/^ssp1[a-z0-9]{58}$/)
    await verifiedBalance(page, 0n)
  })

  it('takes money from the faucet of a local network, and proves the balance by itself', async () => {
    await page.getByRole('button', { name: 'Get test money' }).click()
    await verifiedBalance(page, FAUCET_GRAINS)
    await look(page, 'wallet-desktop-light')
  })

  it('does the same on a phone, in Chinese and in the dark', async () => {
    other = await web.open(await web.profile({ language: 'zh', theme: 'dark', isPhone: true }))
    await look(other, 'welcome-phone-dark-zh')
    otherAddress = await makeWallet(other, CHINESE)
    await other.getByRole('button', { name: '领取测试币' }).click()
    await verifiedBalance(other, FAUCET_GRAINS)
    await look(other, 'wallet-phone-dark-zh')
    await other.getByRole('link', { name: '接收' }).click()
    await other.locator('svg[data-ready=true]').waitFor()
    await look(other, 'receive-phone-dark-zh')
  })

  it('reads an address from a picture of its code', async () => {
    const code = await other.locator('svg[data-ready=true]').screenshot()
    await other.goto(`${web.url}/wallet/send`)
    await other.getByRole('button', { name: '扫描二维码' }).click()
    await look(other, 'scan-phone-dark-zh')
    await other.locator('input[type=file]').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code })
    await expect.poll(() => other.getByLabel('收款地址').inputValue(), { timeout: 30_000 }).toBe(otherAddress)
  })

  it('sends with the keyboard alone', async () => {
    await page.getByRole('link', { name: 'Send' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('To', { exact: true }).waitFor()
    await page.getByLabel('To', { exact: true }).focus()
    await page.keyboard.type(otherAddress)
    // On to the amount, past whatever stands between.
    for (let presses = 0; presses < 10; presses++) {
      await page.keyboard.press('Tab')
      if (await hasFocus(page.getByLabel('Amount'))) break
    }
    await page.keyboard.type('12.5')
    await look(page, 'send-desktop-light')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'You send' }).waitFor()
    const send = page.getByRole('button', { name: 'Send now' })
    await expect.poll(() => send.isEnabled(), { timeout: 30_000 }).toBe(true)
    await look(page, 'review-desktop-light')
    for (let presses = 0; presses < 40; presses++) {
      if (await hasFocus(send)) break
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.locator('[data-outcome="done"]').waitFor({ timeout: 60_000 })
    await look(page, 'sent-desktop-light')
    await other.goto(`${web.url}/wallet`)
    await verifiedBalance(other, FAUCET_GRAINS + PAID_GRAINS)
    await other.getByText('历史记录').waitFor()
  })

  it('is locked after a reload, and opens with its password and no other', async () => {
    await page.goto(`${web.url}/wallet/messages`)
    await page.getByRole('heading', { name: 'The wallet is locked' }).waitFor()
    await page.getByLabel('Password').fill('another password')
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.getByText('The password is not right.').waitFor()
    await look(page, 'locked-desktop-light')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.getByLabel('Text').fill('This account is mine.')
    await page.getByRole('button', { name: 'Sign', exact: true }).click()
    const signed = await page.locator('[data-signed]').innerText()
    await page.getByRole('tab', { name: 'Verify' }).click()
    await page.getByLabel('Signed message').fill(signed)
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('Signed by this account').waitFor()
    await page.getByLabel('Signed message').fill(signed.replace('mine', 'yours'))
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('the account did not sign this text').waitFor()
  })

  it('complained of nothing', () => {
    expect(web.complaints).toEqual([])
  })
})
