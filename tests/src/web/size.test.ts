import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

// What a browser fetches before it shows anything: the page, its script with all that this imports at once, styles and font.
const DIST = fileURLToPath(new URL('../../../apps/web/dist', import.meta.url))
const MAX_FIRST_LOAD_BYTES = 250 * 1000
const IMPORTED = /(?:from|import)\s*"\.\/([^"]+\.js)"/g

function sizeOf(path: string): number {
  const bytes = readFileSync(path)
  return path.endsWith('.woff2') ? bytes.length : gzipSync(bytes, { level: 9 }).length
}

function withImports(name: string, known = new Set<string>()): Set<string> {
  if (known.has(name)) return known
  known.add(name)
  const code = readFileSync(join(DIST, 'assets', name), 'utf8')
  for (const [, imported = ''] of code.matchAll(IMPORTED)) withImports(imported, known)
  return known
}

describe('the built web app', () => {
  const html = readFileSync(join(DIST, 'index.html'), 'utf8')
  const named = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)].map(([, name = '']) => name)

  it('loads at most 250 kB, compressed, before parts that come when they are needed', () => {
    const scripts = new Set(named.filter((name) => name.endsWith('.js')).flatMap((name) => [...withImports(name)]))
    const others = named.filter((name) => !name.endsWith('.js'))
    const files = [...scripts, ...others].map((name) => join(DIST, 'assets', name))
    const firstBytes = [join(DIST, 'index.html'), ...files].map(sizeOf).reduce((sum, size) => sum + size, 0)
    const worker = readdirSync(join(DIST, 'assets')).find((name) => name.startsWith('worker-')) ?? ''
    const workerBytes = sizeOf(join(DIST, 'assets', worker))
    console.log(
      `first load ${(firstBytes / 1000).toFixed(1)} kB in ${files.length + 1} files; the worker beside it ${(workerBytes / 1000).toFixed(1)} kB`,
    )
    expect(firstBytes).toBeLessThanOrEqual(MAX_FIRST_LOAD_BYTES)
  })

  it('asks for nothing of anybody else, and holds no script or style in its markup', () => {
    expect(html).not.toMatch(/https?:\/\//)
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/)
    const foreign = readdirSync(join(DIST, 'assets'))
      .filter((name) => name.endsWith('.css'))
      .flatMap((name) => [
        ...readFileSync(join(DIST, 'assets', name), 'utf8').matchAll(/url\((?!["']?(?:\/assets\/|data:))[^)]*\)/g),
      ])
    expect(foreign.map(([url]) => url)).toEqual([])
    expect(named.map((name) => basename(name))).toEqual(named)
  })
})
