import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

const STORED = 'smartshare.language'
const COMMON = 'common'

type Texts = Record<string, unknown>
// Every page brings its own files: pages/<page>/texts/en.json and zh.json, read when the page is opened.
const files = import.meta.glob<Texts>(['./common/*.json', '../pages/*/texts/*.json'], { import: 'default' })
const wanted = new Set<string>([COMMON])

function pathOf(name: string, language: Language): string {
  return name === COMMON ? `./common/${language}.json` : `../pages/${name}/texts/${language}.json`
}

async function load(name: string, language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, name)) return
  const texts = await files[pathOf(name, language)]?.()
  if (texts !== undefined) i18next.addResourceBundle(language, name, texts)
}

function currentLanguage(): Language {
  return i18next.language === 'zh' ? 'zh' : 'en'
}

function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORED)
  if (stored === 'en' || stored === 'zh') return stored
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith('zh')) ? 'zh' : 'en'
}

/** Begins with the language that was chosen, or that the browser asks for. */
export async function startTexts(): Promise<void> {
  const language = preferredLanguage()
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    defaultNS: COMMON,
    ns: [COMMON],
    resources: {},
    // React escapes by itself, and what comes from the network is never markup.
    interpolation: { escapeValue: false },
  })
  await load(COMMON, language)
  show(language)
}

/** Reads the texts of a page before it is shown. */
export async function loadTexts(page: string): Promise<void> {
  wanted.add(page)
  await load(page, currentLanguage())
}

export async function chooseLanguage(language: Language): Promise<void> {
  await Promise.all([...wanted].map((name) => load(name, language)))
  localStorage.setItem(STORED, language)
  await i18next.changeLanguage(language)
  show(language)
}

function show(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en'
}
