import type { Page } from 'playwright-core'
import { type Language, look, SIZES, type Theme, type WebTest } from '../web-test.ts'

/** What every page of the app is driven with: one network of four delegates, a provider and an index, and an open wallet. */
export interface TourPlace {
  readonly web: WebTest
  /** In English, light, as wide as a desk; its wallet is open and has money from the faucet. */
  readonly page: Page
}

/** What drives one page of the app. All share a network, because starting one takes longer than most tours. */
export type Tour = (place: TourPlace) => Promise<void>

/** Set: pictures are taken of every look. */
const HAS_PICTURES = process.env.SMARTSHARE_PICTURES !== undefined
type Size = keyof typeof SIZES
type Look = readonly [size: Size, theme: Theme, language: Language]
const FEW: readonly Look[] = [
  ['desktop', 'light', 'en'],
  ['phone', 'dark', 'zh'],
]
let taken = 0
const ALL: readonly Look[] = (['desktop', 'phone'] as const).flatMap((size) =>
  (['light', 'dark'] as const).flatMap((theme) =>
    (['en', 'zh'] as const).map((language): Look => [size, theme, language]),
  ),
)

/**
 * Holds the page as it stands against `look` on a desk and a phone, light and dark, in both languages: in every combination where
 * pictures are taken, else in one of the two that differ most, by turns. The page is then as it was.
 */
export async function lookEverywhere(page: Page, name: string): Promise<void> {
  const turn = FEW.slice(taken % FEW.length).slice(0, 1)
  taken += 1
  for (const [size, theme, language] of HAS_PICTURES ? ALL : turn) {
    await show(page, size, theme, language)
    await look(page, `${name}-${size}-${theme}-${language}`)
  }
  await show(page, 'desktop', 'light', 'en')
}

/** Goes to a place of the app as its own links do: without a reload, which would lock the wallet. `title`: its heading. */
export async function go(page: Page, path: string, title: string): Promise<void> {
  await page.evaluate(`history.pushState({}, '', ${JSON.stringify(path)})`)
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
}

async function show(page: Page, size: Size, theme: Theme, language: Language): Promise<void> {
  await page.emulateMedia({ colorScheme: theme })
  // On a phone the choice of languages is behind a menu.
  await page.setViewportSize(SIZES.desktop)
  await page.locator('[data-choose=language]:visible').selectOption(language)
  await page.locator(`html[lang=${language === 'zh' ? 'zh-Hans' : 'en'}]`).waitFor()
  await page.setViewportSize(SIZES[size])
}
