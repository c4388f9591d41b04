import { Wallet } from '@smartshare/client'
import type { CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { smartshareJson } from '../smartshare.ts'
import { FAUCET_GRAINS, look, SKIPPED, verifiedBalance, WebTest } from './web-test.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const PAID_GRAINS = 300_000_000n

describe.skipIf(SKIPPED !== '')(`an account of a passkey${SKIPPED}`, () => {
  let web: WebTest
  let page: Page
  let devtools: CDPSession
  let authenticatorId = ''
  const payee = Wallet.create().account().text

  beforeAll(async () => {
    web = await WebTest.start()
    const profile = await web.profile()
    page = await web.open(profile)
    // The authenticator of Chromium itself, as a device has one: it makes keys and signs with them.
    devtools = await profile.newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    const options = {
      ...{ protocol: 'ctap2' as const, transport: 'internal' as const, hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    }
    ;({ authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options }))
  })
  afterAll(async () => {
    await web?.close()
  })

  const pay = async () => {
    await page.getByRole('link', { name: 'Send', exact: true }).click()
    await page.getByLabel('To', { exact: true }).fill(payee)
    await page.getByLabel('Amount').fill('3')
    await page.getByRole('button', { name: 'Continue' }).click()
    const send = page.getByRole('button', { name: 'Send now' })
    await expect.poll(() => send.isEnabled(), { timeout: 60_000 }).toBe(true)
    await send.click()
  }

  it('is made without words or password, and pays when the passkey has signed', async () => {
    await page.getByRole('link', { name: 'Use a passkey' }).click()
    await look(page, 'passkey-desktop-light')
    await page.getByRole('button', { name: 'Make a passkey' }).click()
    await page.locator('[data-balance]').waitFor()
    await page.getByRole('button', { name: 'Get test money' }).click()
    await verifiedBalance(page, FAUCET_GRAINS)
    await pay()
    await page.locator('[data-outcome="done"]').waitFor()
    const { grains } = await smartshareJson<{ grains: string }>('balance', payee, '--dir', web.dir)
    expect(BigInt(grains)).toBe(PAID_GRAINS)
  })

  it('pays nothing when the device does not sign', async () => {
    await devtools.send('WebAuthn.clearCredentials', { authenticatorId })
    await page.getByRole('link', { name: 'To the wallet' }).click()
    await pay()
    await page.locator('[data-outcome="refused"]').waitFor({ timeout: 150_000 })
    await page.getByText('The passkey was not used. Nothing was signed.').waitFor()
    await look(page, 'passkey-refused-desktop-light')
    const { grains } = await smartshareJson<{ grains: string }>('balance', payee, '--dir', web.dir)
    expect(BigInt(grains)).toBe(PAID_GRAINS)
    // Chromium would like a second kind of keys, which the chain does not know.
    expect(web.complaints.filter((text) => !text.includes('pubKeyCredParams'))).toEqual([])
  })
})
