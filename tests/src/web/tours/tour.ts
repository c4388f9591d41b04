import type { BrowserContext, Page } from 'playwright-core'
import { look, type WebTest } from '../web-test.ts'

/** What every page of the app is driven with: one network of four delegates, a provider and an index, and an open wallet. */
export interface TourPlace {
  readonly web: WebTest
  /** A browser in English, light, as wide as a desk, and the page in it, whose wallet is open. */
  readonly profile: BrowserContext
  readonly page: Page
  /** The account of that wallet, which has money from the faucet. */
  readonly address: string
}

/** What drives one page of the app. All share a network, because starting one takes longer than most tours. */
export type Tour = (place: TourPlace) => Promise<void>

/** Set: pictures are taken of every look. */
const HAS_PICTURES = process.env.SMARTSHARE_PICTURES !== undefined
const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } } as const

type Look = readonly [size: keyof typeof SIZES, theme: 'light' | 'dark', language: 'en' | 'zh']
const FEW: readonly Look[] = [
  ['desktop', 'light', 'en'],
  ['phone', 'dark', 'zh'],
]
const ALL: readonly Look[] = (['desktop', 'phone'] as const).flatMap((size) =>
  (['light', 'dark'] as const).flatMap((theme) =>
    (['en', 'zh'] as const).map((language): Look => [size, theme, language]),
  ),
)

/**
 * Holds the page as it stands against `look` on a desk and a phone, light and dark, in both languages: in every combination where
 * pictures are taken, else in the two that differ most. The page is then as it was.
 */
export async function lookEverywhere(page: Page, name: string): Promise<void> {
  for (const [size, theme, language] of HAS_PICTURES ? ALL : FEW) {
    await show(page, size, theme, language)
    await look(page, `${name}-${size}-${theme}-${language}`)
  }
  await show(page, 'desktop', 'light', 'en')
}

/** Goes to a place of the app as its own links do: without a reload, which would lock the wallet. */
export async function go(page: Page, path: string): Promise<void> {
  await page.evaluate(`history.pushState({}, '', ${JSON.stringify(path)})`)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
}

async function show(
  page: Page,
  size: keyof typeof SIZES,
  theme: 'light' | 'dark',
  language: 'en' | 'zh',
): Promise<void> {
  await page.emulateMedia({ colorScheme: theme })
  // On a phone the choice of languages is behind a menu.
  await page.setViewportSize(SIZES.desktop)
  await page.locator('[data-choose=language]:visible').selectOption(language)
  await page.locator(`html[lang=${language === 'zh' ? 'zh-Hans' : 'en'}]`).waitFor()
  await page.setViewportSize(SIZES[size])
}
