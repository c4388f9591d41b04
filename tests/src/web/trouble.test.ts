import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openWallet, Wallet } from '@smartshare/client'
import type { BrowserContext, Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { smartshareJson } from '../smartshare.ts'
import { FAUCET_GRAINS, look, makeWallet, PASSWORD, SKIPPED, verifiedBalance, WebTest } from './web-test.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 })

const PAID_GRAINS = 700_000_000n

type Answer = { result?: Record<string, unknown> }

describe.skipIf(SKIPPED !== '')(`the web app in trouble${SKIPPED}`, () => {
  let web: WebTest
  let profile: BrowserContext
  let page: Page
  const payee = Wallet.create().account().text

  beforeAll(async () => {
    web = await WebTest.start('--delegates', '2', '--providers', '0', '--indexers', '0', '--slot-ms', '250')
    profile = await web.profile()
    page = await web.open(profile)
    await makeWallet(page)
    await page.getByRole('button', { name: 'Get test money' }).click()
    await verifiedBalance(page, FAUCET_GRAINS)
  })
  afterAll(async () => {
    await web?.close()
  })

  /** Answers of nodes, changed on their way to the browser. */
  const nodes = (url: URL) => web.status.delegates.some(({ rpc }) => url.href.startsWith(rpc))
  const methodOf = (route: Route) => route.request().postData() ?? ''
  const balanceOf = async (address: string) => {
    const { grains } = await smartshareJson<{ grains: string }>('balance', address, '--dir', web.dir)
    return BigInt(grains)
  }

  it('names a node that lies about a balance, and asks another one', async () => {
    const [liar] = web.status.delegates
    const lie = async (route: Route) => {
      if (!methodOf(route).includes('"account_proof"')) return await route.continue()
      const response = await route.fetch()
      const answer = (await response.json()) as Answer
      // CBOR of 2^63 − 1 grains.
      Object.assign(answer.result ?? {}, { value: '1b7fffffffffffffff' })
      return await route.fulfill({ response, json: answer })
    }
    const isLiar = (url: URL) => url.href.startsWith(liar?.rpc ?? '')
    await profile.route(isLiar, lie)
    await page.getByText('A node lied').waitFor()
    await page.getByText(/PROOF_STATE/).waitFor()
    await verifiedBalance(page, FAUCET_GRAINS)
    await look(page, 'lie-desktop-light')
    await profile.unroute(isLiar, lie)
  })

  it('shows what every node lies about as a lie, and does not pay on it', async () => {
    const lie = async (route: Route) => {
      if (!methodOf(route).includes('"account_proof"')) return await route.continue()
      const response = await route.fetch()
      const answer = (await response.json()) as Answer
      Object.assign(answer.result ?? {}, { value: null })
      return await route.fulfill({ response, json: answer })
    }
    await profile.route(nodes, lie)
    await page.locator('[data-proof="lie"]').first().waitFor()
    await look(page, 'all-lie-desktop-light')
    await page.getByRole('link', { name: 'Send', exact: true }).click()
    await page.locator('button[type=submit]:disabled', { hasText: 'Continue' }).waitFor()
    await profile.unroute(nodes, lie)
  })

  it('says that no node answers, and goes on when one does', async () => {
    await page.goto(`${web.url}/wallet`)
    await verifiedBalance(page, FAUCET_GRAINS)
    const cut = (route: Route) => route.abort()
    await profile.route(nodes, cut)
    await page.getByRole('main').getByText('No node answers').first().waitFor({ timeout: 60_000 })
    await look(page, 'away-desktop-light')
    await profile.unroute(nodes, cut)
    await page.getByRole('main').getByText('No node answers').first().waitFor({ state: 'detached', timeout: 60_000 })
    await verifiedBalance(page, FAUCET_GRAINS)
    // The browser itself tells of requests that were cut.
    expect(web.complaints.filter((text) => !/ERR_FAILED|WebSocket/.test(text))).toEqual([])
  })

  it('sends once what a reload interrupted: the same bytes, found again', async () => {
    await page.goto(`${web.url}/wallet/send`)
    await page.getByLabel('To', { exact: true }).fill(payee)
    await page.getByLabel('Amount').fill('7')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Unlock' }).click()
    // Nobody answers to what is handed over, as when a line breaks: the node may have it or not.
    const handedOver: string[] = []
    const lose = async (route: Route) => {
      if (!methodOf(route).includes('"chain_submit"')) return await route.continue()
      handedOver.push(methodOf(route))
      return await route.abort()
    }
    await profile.route(nodes, lose)
    const send = page.getByRole('button', { name: 'Send now' })
    await expect.poll(() => send.isEnabled(), { timeout: 60_000 }).toBe(true)
    await send.click()
    await expect.poll(() => handedOver.length, { timeout: 30_000 }).toBeGreaterThan(0)
    await page.reload()
    await page.goto(`${web.url}/wallet`)
    // The page that went away may have got its bytes through after all: then they are found again, executed.
    const isPaid = async () => (await balanceOf(payee)) === PAID_GRAINS
    const isKnown = async () => (await page.locator('[data-payment="sent"]').count()) > 0 || (await isPaid())
    try {
      await expect.poll(isKnown, { timeout: 60_000 }).toBe(true)
      await look(page, 'under-way-desktop-light')
    } catch (error) {
      throw new Error(`the payment is nowhere: ${await page.getByRole('main').innerText()}`, { cause: error })
    } finally {
      await profile.unroute(nodes, lose)
    }
    await expect.poll(() => balanceOf(payee), { timeout: 60_000 }).toBe(PAID_GRAINS)
    await page.locator('[data-payment="sent"]').waitFor({ state: 'detached', timeout: 60_000 })
    const transactions = (text: string) =>
      (JSON.parse(text) as { params: { transactions: string[] } }).params.transactions
    expect(new Set(handedOver.flatMap(transactions)).size).toBe(1)
  })

  it('pays once from each of two tabs that pay at the same time', async () => {
    const other = await web.open(profile, '/wallet/send')
    await page.goto(`${web.url}/wallet/send`)
    for (const tab of [page, other]) {
      await tab.getByLabel('To', { exact: true }).fill(payee)
      await tab.getByLabel('Amount').fill('7')
      await tab.getByRole('button', { name: 'Continue' }).click()
      await tab.getByLabel('Password').fill(PASSWORD)
      await tab.getByRole('button', { name: 'Unlock' }).click()
      const send = tab.getByRole('button', { name: 'Send now' })
      await expect.poll(() => send.isEnabled(), { timeout: 60_000 }).toBe(true)
    }
    await page.getByText('You made the same payment a moment ago').waitFor()
    await Promise.all([page, other].map((tab) => tab.getByRole('button', { name: 'Send now' }).dblclick()))
    for (const tab of [page, other]) await tab.locator('[data-outcome="done"]').waitFor({ timeout: 60_000 })
    expect(await balanceOf(payee)).toBe(3n * PAID_GRAINS)
    await other.close()
  })

  it('opens nothing of another network', async () => {
    const foreign = async (route: Route) => {
      if (!methodOf(route).includes('"chain_genesis"')) return await route.continue()
      const response = await route.fetch()
      const answer = (await response.json()) as { result?: { encoded?: string } }
      const bytes = Buffer.from(answer.result?.encoded ?? '', 'base64')
      const changed = Buffer.from(bytes.toString('latin1').replace('local', 'other'), 'latin1')
      return await route.fulfill({ response, json: { ...answer, result: { encoded: changed.toString('base64') } } })
    }
    await profile.route(nodes, foreign)
    await page.goto(`${web.url}/wallet`)
    await page.getByText('This node belongs to another network').waitFor()
    await look(page, 'wrong-network-desktop-light')
    await profile.unroute(nodes, foreign)
  })

  it('saves a key file that opens elsewhere', async () => {
    await page.goto(`${web.url}/wallet/accounts`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save key file' }).click(),
    ])
    const path = join(web.dir, 'saved.json')
    await download.saveAs(path)
    const opened = await openWallet(readFileSync(path, 'utf8'), PASSWORD)
    expect(await page.getByTitle(opened.account().text).count()).toBeGreaterThan(0)
    await look(page, 'accounts-desktop-light')
  })
})
