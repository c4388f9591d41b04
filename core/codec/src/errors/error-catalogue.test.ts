import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cureOf, errorCatalogue, errorPage } from './error-catalogue.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..')
const THROWN = /SmartshareError\(\s*'([A-Z][A-Z0-9_]+)'/g

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (name === 'node_modules' || name === 'dist' || name === 'errors') return []
    if (statSync(path).isDirectory()) return sources(path)
    return /\.tsx?$/.test(name) && !name.endsWith('.test.ts') ? [readFileSync(path, 'utf8')] : []
  })
}

const texts = ['core', 'node', 'sdk', 'share', 'apps', 'bench'].flatMap((wing) => sources(join(root, wing)))

describe('the catalogue of errors', () => {
  it('explains every code that is thrown anywhere', () => {
    const thrown = new Set(texts.flatMap((text) => [...text.matchAll(THROWN)].map(([, code]) => code as string)))
    expect(thrown.size).toBeGreaterThan(50)
    expect([...thrown].filter((code) => !(code in errorCatalogue)).sort()).toEqual([])
  })

  it('explains nothing that no longer exists', () => {
    const all = texts.join('\n')
    const stale = Object.keys(errorCatalogue).filter((code) => !new RegExp(`['"]${code}['"]`).test(all))
    expect(stale.filter((code) => code !== 'INTERNAL')).toEqual([])
  })

  it('has a cause and a cure for each code, as whole sentences', () => {
    for (const [code, [cause, cure]] of Object.entries(errorCatalogue)) {
      expect([code, cause]).toEqual([code, expect.stringMatching(/^[\w"'`].{9,150}\.$/)])
      expect([code, cure]).toEqual([code, expect.stringMatching(/^[A-Z"'`].{9,150}\.?.$/)])
    }
  })

  // `npx vitest run core/codec/src/errors -u` writes the page anew.
  it('is what docs/errors.md shows', async () => {
    await expect(errorPage()).toMatchFileSnapshot(join(root, 'docs/errors.md'))
  })

  it('has an answer for codes of newer nodes too', () => {
    expect(cureOf('TOKENS_BALANCE')).toContain('smartshare balance')
    expect(cureOf('NEW_CODE')).toContain('docs/errors.md')
    expect(cureOf('toString')).toContain('docs/errors.md')
  })
})
