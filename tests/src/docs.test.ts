import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

function pagesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : pagesUnder(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** Targets of links and pictures in Markdown and in the HTML that stands in it. */
function targetsIn(text: string): string[] {
  const withoutCode = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '')
  const links = [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g), ...withoutCode.matchAll(/\b(?:src|href)="([^"]+)"/g)]
  return links.map((match) => match[1] ?? '')
}

/** The anchor that a heading gets. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

describe('the documents', () => {
  it('have no link inside the project that leads nowhere', () => {
    const broken = pagesUnder(root).flatMap((page) =>
      targetsIn(readFileSync(page, 'utf8'))
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [path = '', anchor] = target.split('#')
          const file = path === '' ? page : join(dirname(page), path)
          if (!existsSync(file)) return true
          if (anchor === undefined) return false
          const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map((match) =>
            anchorOf(match[1] ?? ''),
          )
          return !headings.includes(anchor)
        })
        .map((target) => `${relative(root, page)}: ${target}`),
    )
    expect(broken).toEqual([])
  })
})
