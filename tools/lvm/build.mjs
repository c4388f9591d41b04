// Builds the Lua machine: counts the Lua of the package `wasmoon` (instrument.mjs) and writes the result as a module that
// core/lvm imports. The same inputs give the same bytes everywhere; core/lvm checks their hash.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const source = join(root, 'node_modules', 'wasmoon', 'dist', 'glue.wasm')
const target = join(root, 'core', 'lvm', 'src', 'generated', 'lvm-wasm.ts')

/** Builds it unless what is there was made from the same inputs. True if it was built. */
export async function buildLvm() {
  const lua = readFileSync(source)
  const inputs = createHash('sha256').update(lua)
  for (const name of readdirSync(here).sort()) inputs.update(readFileSync(join(here, name)))
  const stamp = `// Made by tools/lvm/build.mjs from inputs ${inputs.digest('hex')}; not kept in git.`
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(stamp)) return false
  const { instrument } = await import('./instrument.mjs')
  const wasm = instrument(lua)
  const hash = createHash('sha256').update(wasm).digest('hex')
  const text = `${stamp}
export const BUILT_HASH = '${hash}'
export const BUILT_WASM = '${Buffer.from(wasm).toString('base64')}'
`
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
  return true
}
