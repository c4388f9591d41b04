import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'
import { describe, expect, it } from 'vitest'

// Every text of the web app stands in files of texts, in every language.
const SOURCES = fileURLToPath(new URL('../../../apps/web/src', import.meta.url))
const LANGUAGES = ['en', 'zh']
/** Attributes whose text people see or hear. */
const SPOKEN = new Set(['aria-label', 'alt', 'label', 'placeholder', 'title', 'text', 'hint'])
const LETTERS = /\p{L}{2,}/u
/** What is the same in all languages. */
const SAME = /^(ssp1…|SSP)$/
const PLURAL = /_(zero|one|two|few|many|other)$/

type Texts = { readonly [key: string]: string | Texts }

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? filesUnder(path) : [path]
  })
}

function keysOf(texts: Texts, above = ''): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [`${above}${key}`] : keysOf(value, `${above}${key}.`),
  )
}

function textsAt(path: string): Texts {
  return JSON.parse(readFileSync(path, 'utf8')) as Texts
}

/** Forms of a plural differ from language to language; that there is one does not. */
const formless = (keys: readonly string[]) => [...new Set(keys.map((key) => key.replace(PLURAL, '')))].sort()

const pages = readdirSync(join(SOURCES, 'pages'))
const folders = [join(SOURCES, 'i18n/common'), ...pages.map((page) => join(SOURCES, 'pages', page, 'texts'))]

interface Node {
  readonly type: string
  readonly value?: unknown
  readonly name?: { readonly name?: unknown }
}

/** Texts that stand in the code itself. */
function textsIn(path: string): string[] {
  const found: string[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) visit(one)
    if (typeof value !== 'object' || value === null) return
    const node = value as Node
    if (node.type === 'JSXText' && LETTERS.test(String(node.value))) found.push(String(node.value).trim())
    if (node.type === 'JSXAttribute' && SPOKEN.has(String(node.name?.name))) {
      const literal = node.value as Node | null
      if (literal?.type === 'Literal' && LETTERS.test(String(literal.value))) found.push(String(literal.value))
    }
    for (const part of Object.values(node)) visit(part)
  }
  visit(parseSync(path, readFileSync(path, 'utf8')).program)
  return found.filter((text) => !SAME.test(text)).map((text) => `${relative(SOURCES, path)}: ${text}`)
}

describe('the texts of the web app', () => {
  it('are there in every language, for the frame and for every page', () => {
    expect(folders.length).toBeGreaterThan(1)
    for (const folder of folders) {
      expect([folder, existsSync(folder)]).toEqual([folder, true])
      const [first, ...others] = LANGUAGES.map((language) => textsAt(join(folder, `${language}.json`)))
      for (const texts of others) expect(formless(keysOf(texts))).toEqual(formless(keysOf(first as Texts)))
    }
    for (const page of pages) {
      expect(Object.keys(textsAt(join(SOURCES, 'pages', page, 'title.json'))).sort()).toEqual(LANGUAGES)
    }
  })

  it('name the same values in every language', () => {
    const values = (text: string) => [...text.matchAll(/\{\{\w+\}\}/g)].map(([value]) => value).sort()
    const flat = (texts: Texts, above = ''): [string, string][] =>
      Object.entries(texts).flatMap(([key, value]): [string, string][] =>
        typeof value === 'string' ? [[above + key, value]] : flat(value, `${above}${key}.`),
      )
    for (const folder of folders) {
      const [en, zh] = LANGUAGES.map((language) => new Map(flat(textsAt(join(folder, `${language}.json`)))))
      for (const [key, text] of zh as Map<string, string>) {
        const same = (en as Map<string, string>).get(key)
        if (same !== undefined) expect([key, values(text)]).toEqual([key, values(same)])
      }
    }
  })

  it('stand in no code', () => {
    const code = filesUnder(SOURCES).filter((path) => path.endsWith('.tsx'))
    expect(code.length).toBeGreaterThan(20)
    expect(code.flatMap(textsIn)).toEqual([])
    const chinese = filesUnder(SOURCES).filter(
      (path) =>
        /\.tsx?$/.test(path) && !path.endsWith('.test.ts') && /\p{Script=Han}/u.test(readFileSync(path, 'utf8')),
    )
    expect(chinese).toEqual([])
  })

  it('are used: every key of the frame and of the pages stands in the code', () => {
    const code = filesUnder(SOURCES)
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n')
    // Keys that are put together in the code are found by what stands before the part that varies.
    const isUsed = (key: string) =>
      code.includes(`'${key}'`) ||
      code.includes(`common:${key}'`) ||
      key
        .split('.')
        .some(
          (_, index, parts) => index > 0 && new RegExp(`${parts.slice(0, index).join('\\.')}\\.\\$\\{`).test(code),
        ) ||
      /^time\./.test(key)
    const unused = folders.flatMap((folder) =>
      formless(keysOf(textsAt(join(folder, 'en.json'))))
        .filter((key) => !isUsed(key))
        .map((key) => `${relative(SOURCES, folder)}: ${key}`),
    )
    expect(unused).toEqual([])
  })
})
