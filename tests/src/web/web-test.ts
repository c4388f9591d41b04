// What tests of the web app share: a network of real processes, Chromium with the app, and what must hold on every page.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DevnetStatus, freeBasePort } from '@smartshare/devnet'
import { type BrowserContext, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { smartshare, smartshareJson } from '../smartshare.ts'

/** tools/setup.mjs puts it there where it can. */
const CHROMIUM = '/usr/bin/chromium'
export const SKIPPED = existsSync(CHROMIUM)
  ? ''
  : ` (skipped: there is no ${CHROMIUM}, and npm test could not install it)`
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Set: every `look` leaves a picture there. */
const PICTURES = process.env.SMARTSHARE_PICTURES
/** What the faucet of a local network gives. */
export const FAUCET_GRAINS = 10_000_000_000n
export const PASSWORD = 'a password for tests'

export type Language = 'en' | 'zh'
export type Theme = 'light' | 'dark'

export interface Visit {
  readonly language?: Language
  readonly theme?: Theme
  readonly isPhone?: boolean
}

export const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } } as const

/** One network and any number of browser profiles, each with keys and pages of its own. */
export class WebTest {
  readonly url: string
  readonly status: DevnetStatus
  readonly dir: string
  private readonly home: string
  private readonly profiles: BrowserContext[] = []
  /** What pages wrote to their consoles as errors, and what failed in them. */
  readonly complaints: string[] = []

  private constructor(home: string, dir: string, status: DevnetStatus) {
    this.home = home
    this.dir = dir
    this.status = status
    this.url = status.urls.web ?? ''
  }

  /** `words` are options of `smartshare devnet up`; without any: one delegate, no provider, no indexer. */
  static async start(...words: string[]): Promise<WebTest> {
    const home = mkdtempSync(join(tmpdir(), 'smartshare-web-'))
    const dir = join(home, 'net')
    const size =
      words.length > 0 ? words : ['--delegates', '1', '--providers', '0', '--indexers', '0', '--slot-ms', '250']
    const port = ['--base-port', `${await freeBasePort()}`]
    const status = await smartshareJson<DevnetStatus>('devnet', 'up', '--detach', ...size, ...port, '--dir', dir)
    return new WebTest(home, dir, status)
  }

  /** A browser profile of its own. */
  async profile(visit: Visit = {}): Promise<BrowserContext> {
    const { language = 'en', theme = 'light', isPhone = false } = visit
    const options: BrowserContextOptions = {
      viewport: isPhone ? SIZES.phone : SIZES.desktop,
      colorScheme: theme,
      locale: language === 'zh' ? 'zh-CN' : 'en-GB',
      ...(isPhone ? { deviceScaleFactor: 2, hasTouch: true, isMobile: true } : {}),
    }
    const profile = await chromium.launchPersistentContext(mkdtempSync(join(this.home, 'profile-')), {
      ...{ executablePath: CHROMIUM, headless: true, args: FLAGS, permissions: ['clipboard-read', 'clipboard-write'] },
      ...options,
    })
    this.profiles.push(profile)
    return profile
  }

  /** A page of the app in a profile. Whatever it complains of is kept in `complaints`. */
  async open(profile: BrowserContext, path = '/wallet'): Promise<Page> {
    const page = await profile.newPage()
    page.setDefaultTimeout(60_000)
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text())
    })
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    await page.goto(`${this.url}${path}`)
    await page.getByRole('main').waitFor()
    return page
  }

  async close(): Promise<void> {
    for (const profile of this.profiles) await profile.close()
    if (existsSync(join(this.dir, 'devnet.json'))) await smartshare('devnet', 'down', '--dir', this.dir)
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** Makes a wallet with the app's own steps, and says its address. */
export async function makeWallet(page: Page, words: WalletWords = ENGLISH): Promise<string> {
  await page.getByRole('link', { name: words.create }).first().click()
  const list = page.locator('[data-words="24"]')
  await list.waitFor()
  const secret = (await list.locator('li').allInnerTexts()).map((text) => text.replace(/^\d+\s*/, '').trim())
  await page.getByRole('button', { name: words.written }).click()
  for (const field of await page.locator('[data-place]').all()) {
    await field.fill(secret[Number(await field.getAttribute('data-place'))] ?? '')
  }
  await page.getByRole('button', { name: words.next }).click()
  const [first, again] = await page.locator('input[type=password]').all()
  await first?.fill(PASSWORD)
  await again?.fill(PASSWORD)
  await page.getByRole('button', { name: words.keep }).click()
  await page.locator('[data-balance]').waitFor()
  return await addressOn(page)
}

interface WalletWords {
  readonly create: string
  readonly written: string
  readonly next: string
  readonly keep: string
}
const ENGLISH: WalletWords = {
  create: 'Create a wallet',
  written: 'I have written them down',
  next: 'Continue',
  keep: 'Keep this wallet',
}
export const CHINESE: WalletWords = { create: '创建钱包', written: '我已写下', next: '继续', keep: '保存此钱包' }

/** The account that the wallet's overview shows. */
async function addressOn(page: Page): Promise<string> {
  return (await page.locator('[data-address]').getAttribute('data-address')) ?? ''
}

/** Waits until the light client shows this balance as verified. */
export async function verifiedBalance(page: Page, grains: bigint): Promise<void> {
  await page.locator(`[data-balance="${grains}"]`).waitFor({ timeout: 60_000 })
  await page.locator('[data-proof="verified"]').first().waitFor()
}

/** Whether what is typed now goes there. */
export function hasFocus(place: Locator): Promise<boolean> {
  return place.evaluate((element: { matches(selector: string): boolean }) => element.matches(':focus'))
}

/**
 * What must hold on every page: axe finds nothing serious, nothing is wider than the window. Leaves a picture where
 * SMARTSHARE_PICTURES says.
 */
export async function look(page: Page, name: string): Promise<void> {
  // Animations end first, or contrast is measured in the middle of one.
  await page.evaluate(
    'Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations === 1).map((one) => one.finished.catch(() => 0)))',
  )
  if (PICTURES !== undefined) {
    mkdirSync(PICTURES, { recursive: true })
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
  }
  await page.evaluate(AXE)
  const found = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[]
  }
  const serious = found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
  expect(serious).toEqual([])
  const excess = (await page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)')) as number
  expect([name, excess]).toEqual([name, 0])
}
