import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

// The rules of the house (docs/architecture.md) as an ordinary test.
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** Wings from the bottom to the top; a room may import from its own wing and from those it may see. */
const MAY_SEE: Record<string, readonly string[]> = {
  core: ['core'],
  node: ['node', 'core', 'sdk/link', 'sdk/client'],
  sdk: ['sdk', 'core'],
  share: ['share', 'sdk', 'core'],
  apps: ['apps', 'share', 'node', 'sdk', 'core'],
}
const MOST_LINES = 600
/** What `core` must not touch: clocks, floats from outside, environment, sockets, files (docs/architecture.md). */
const IMPURE =
  /\b(Date\.now|new Date|Math\.random|process\.|performance\.now|setTimeout|setInterval|fetch\(|localeCompare|toLocale\w+|Intl\.)/
const IMPURE_IMPORT = /from '(node:(fs|net|http|os|path|worker_threads|child_process|dgram|timers)[^']*|lmdb|libp2p)'/

interface Source {
  path: string
  text: string
}

function sourcesUnder(folder: string): Source[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (name === 'node_modules' || name === 'dist') return []
    if (statSync(path).isDirectory()) return sourcesUnder(path)
    return /\.tsx?$/.test(name) ? [{ path: relative(root, path), text: readFileSync(path, 'utf8') }] : []
  })
}

const wings = Object.keys(MAY_SEE)
const sources = [...wings, 'tests', 'bench'].flatMap((wing) => sourcesUnder(join(root, wing)))
const product = sources.filter((source) => wings.includes(source.path.split('/')[0] ?? ''))
const packages = new Map<string, { folder: string; needs: string[] }>()
for (const wing of wings) {
  for (const room of readdirSync(join(root, wing))) {
    const manifest = JSON.parse(readFileSync(join(root, wing, room, 'package.json'), 'utf8'))
    packages.set(manifest.name, { folder: `${wing}/${room}`, needs: Object.keys(manifest.dependencies ?? {}) })
  }
}

/** What a file imports; of packages of the house their names alone, also where only a part (`…/testing`) is imported. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, name = '']) => {
    const [room] = /^@smartshare\/[^/]+/.exec(name) ?? [name]
    return room
  })
}

describe('the house', () => {
  it('lets every import point down', () => {
    const wrong = product.flatMap((source) => {
      const wing = source.path.split('/')[0] ?? ''
      return importsOf(source.text)
        .map((name) => packages.get(name))
        .filter((room) => room !== undefined)
        .filter((room) => !(MAY_SEE[wing] ?? []).some((seen) => `${room.folder}/`.startsWith(`${seen}/`)))
        .map((room) => `${source.path} imports ${room.folder}`)
    })
    expect(wrong).toEqual([])
  })

  it('imports only what the package names as its dependency, and no other package by a path', () => {
    const wrong = product.flatMap((source) => {
      const folder = source.path.split('/').slice(0, 2).join('/')
      const own = [...packages].find(([, room]) => room.folder === folder)
      return importsOf(source.text)
        .filter((name) =>
          name.startsWith('.')
            ? !join(dirname(source.path), name).startsWith(`${folder}/src`)
            : packages.has(name) && name !== own?.[0] && !own?.[1].needs.includes(name),
        )
        .map((name) => `${source.path} imports ${name}`)
    })
    expect(wrong).toEqual([])
  })

  it('has no circle of packages', () => {
    const state = new Map<string, 'open' | 'done'>()
    const circles: string[] = []
    const visit = (name: string, path: string[]): void => {
      if (state.get(name) === 'done') return
      if (state.get(name) === 'open') {
        circles.push([...path, name].join(' > '))
        return
      }
      state.set(name, 'open')
      for (const need of packages.get(name)?.needs ?? []) if (packages.has(need)) visit(need, [...path, name])
      state.set(name, 'done')
    }
    for (const name of packages.keys()) visit(name, [])
    expect(circles).toEqual([])
  })

  it('has no circle of files inside a package', () => {
    const graph = new Map(
      product
        .filter((source) => !source.path.endsWith('.test.ts'))
        .map((source) => {
          // Types vanish at run time, so `import type` makes no circle.
          const text = source.text.replace(/import type[^;]*?from '[^']+'/g, '')
          const targets = importsOf(text)
            .filter((name) => name.startsWith('.'))
            .map((name) => join(dirname(source.path), name))
          return [source.path, targets] as const
        }),
    )
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (path: string, trail: string[]): void => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' > '))
        return
      }
      if (done.has(path)) return
      for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) visit(path, [])
    expect(circles).toEqual([])
  })

  it(`keeps every file under ${MOST_LINES} lines`, () => {
    const long = sources.map((source) => [source.path, source.text.split('\n').length] as const)
    expect(long.filter(([, lines]) => lines > MOST_LINES)).toEqual([])
  })

  it('keeps the core free of clocks, randomness, environment, files and sockets', () => {
    const impure = product
      .filter((source) => source.path.startsWith('core/') && !source.path.endsWith('.test.ts'))
      .filter((source) => {
        const code = source.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        return IMPURE.test(code) || IMPURE_IMPORT.test(code)
      })
    expect(impure.map((source) => source.path)).toEqual([])
  })

  it('names files in kebab-case', () => {
    const odd = sources.filter((source) => !/^[a-z0-9.-]+\.tsx?$/.test(source.path.split('/').at(-1) ?? ''))
    expect(odd.map((source) => source.path)).toEqual([])
  })
})
