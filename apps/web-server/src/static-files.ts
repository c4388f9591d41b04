import { readFile, stat } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import { gzipSync } from 'node:zlib'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
}
/** Fonts and pictures are compressed already. */
const COMPRESSED = new Set(['.png', '.woff2'])
const MAX_PATH_CHARACTERS = 512
const MAX_KEPT_FILES = 1024

export interface StaticFile {
  readonly bytes: Uint8Array
  readonly gzipped: Uint8Array | undefined
  readonly type: string
  /** Its name says its content, so it never changes. */
  readonly isImmutable: boolean
}

/** The built files of the app below one folder, and nothing else; compressed once and kept until they change. */
export class StaticFiles {
  private readonly root: string
  private readonly kept = new Map<string, { readonly changedMs: number; readonly file: StaticFile }>()

  constructor(root: string) {
    this.root = root
  }

  /** The file of a path such as `/assets/app.js`; of a path without an extension the page itself, which routes it. */
  async find(path: string): Promise<StaticFile | undefined> {
    const name = nameOf(path)
    if (name === undefined) return undefined
    try {
      const full = join(this.root, name)
      const found = await stat(full)
      if (!found.isFile()) return undefined
      const known = this.kept.get(name)
      if (known?.changedMs === found.mtimeMs) return known.file
      const file = fileOf(name, await readFile(full))
      if (this.kept.size >= MAX_KEPT_FILES) this.kept.clear()
      this.kept.set(name, { changedMs: found.mtimeMs, file })
      return file
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}

/** The name of a file below the root, or undefined for a path that leads elsewhere or has a type that is never served. */
function nameOf(path: string): string | undefined {
  if (path.length > MAX_PATH_CHARACTERS) return undefined
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return undefined
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return undefined
  const name = normalize(decoded)
  if (!name.startsWith('/')) return undefined
  const extension = extname(name)
  if (extension === '') return 'index.html'
  return extension in TYPES ? name.slice(1) : undefined
}

function fileOf(name: string, bytes: Uint8Array): StaticFile {
  const extension = extname(name)
  return {
    bytes,
    gzipped: COMPRESSED.has(extension) ? undefined : gzipSync(bytes, { level: 9 }),
    type: TYPES[extension] as string,
    isImmutable: name.startsWith('assets/'),
  }
}
