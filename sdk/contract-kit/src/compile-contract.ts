import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SmartshareError } from '@smartshare/codec'
import { textBytes } from '@smartshare/lvm'
import { MAX_SOURCE_BYTES } from '@smartshare/runtime'

const here = dirname(fileURLToPath(import.meta.url))
const HOST_TYPES = join(here, '..', 'types', 'host.d.ts')
/** Types by which the compiler knows what only Lua has: several results, whole quotients. */
const EXTENSIONS = '@typescript-to-lua/language-extensions/index.d.ts'
const SOURCE = 'contract.ts'
const MAX_SHOWN = 5
/** The library that compiled code may bring along looks into `debug`, which contracts do not have. */
const DEBUG_SHIM = 'local debug = { getinfo = function() end, traceback = function() end }\n'

/**
 * A contract in TypeScript as Lua, with its types checked against the host interface (types/host.d.ts). One file; it imports
 * nothing. Throws KIT_FILE if it cannot be read, KIT_TYPESCRIPT with what is wrong.
 */
export function compileContract(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new SmartshareError('KIT_FILE', `${path} cannot be read: ${(error as Error).message}`)
  }
  return compileSource(text)
}

/** Compiled sources by their text: the compiler takes a second, and every test publishes anew. */
const compiled = new Map<string, string>()
const MOST_COMPILED = 64

/** The same for source that is no file. */
export function compileSource(text: string): string {
  const known = compiled.get(text)
  if (known !== undefined) return known
  const lua = compile(text)
  if (compiled.size === MOST_COMPILED) compiled.clear()
  compiled.set(text, lua)
  return lua
}

function compile(text: string): string {
  // Loaded here, because the compiler is large and most contracts are Lua.
  const require = createRequire(import.meta.url)
  const tstl = require('typescript-to-lua') as typeof import('typescript-to-lua')
  const ts = require('typescript') as typeof import('typescript')
  const { diagnostics, transpiledFiles } = tstl.transpileVirtualProject(
    {
      // A module, so that what it declares is local in Lua.
      [SOURCE]: `${text}\nexport {}\n`,
      'host.d.ts': readFileSync(HOST_TYPES, 'utf8'),
      'extensions.d.ts': readFileSync(require.resolve(EXTENSIONS), 'utf8'),
    },
    {
      luaTarget: tstl.LuaTarget.Lua54,
      luaLibImport: tstl.LuaLibImportKind.Inline,
      noHeader: true,
      noImplicitSelf: true,
      strict: true,
      noUncheckedIndexedAccess: true,
      target: ts.ScriptTarget.ESNext,
      lib: ['lib.esnext.d.ts'],
      types: [],
    },
  )
  const errors = diagnostics.filter(({ category }) => category === ts.DiagnosticCategory.Error)
  if (errors.length > 0) {
    const shown = errors.slice(0, MAX_SHOWN).map((one) => {
      const where = one.file === undefined ? undefined : one.file.getLineAndCharacterOfPosition(one.start ?? 0)
      const message = ts.flattenDiagnosticMessageText(one.messageText, ' ')
      return where === undefined ? message : `${one.file?.fileName}:${where.line + 1}: ${message}`
    })
    throw new SmartshareError('KIT_TYPESCRIPT', shown.join('; '))
  }
  const lua = transpiledFiles.find(({ sourceFiles }) =>
    sourceFiles.some(({ fileName }) => fileName.endsWith(SOURCE)),
  )?.lua
  if (lua === undefined) throw new SmartshareError('KIT_TYPESCRIPT', 'the compiler gave nothing back')
  const source = /\bdebug\b/.test(lua) ? DEBUG_SHIM + lua : lua
  const sizeBytes = textBytes(source).length
  if (sizeBytes > MAX_SOURCE_BYTES) {
    throw new SmartshareError(
      'KIT_TYPESCRIPT',
      `compiled, it has ${sizeBytes} bytes, and a contract at most ${MAX_SOURCE_BYTES}`,
    )
  }
  return source
}
