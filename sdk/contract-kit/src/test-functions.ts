import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { parseAmount, SSP_DECIMALS } from '@smartshare/crypto'
import { type HostFunction, LuaError, type LuaRecord, type LuaValue, LvmFault, textBytes } from '@smartshare/lvm'
import { codeHashOf, contractTools } from '@smartshare/runtime'
import { callOf, type PublishOptions } from '@smartshare/runtime/testing'
import { compileContract } from './compile-contract.ts'
import { DEFAULT_ACCOUNT, type TestSession, type Who } from './session.ts'
import { showValue } from './show.ts'
import { INLINE, type SourceFile } from './watcher.ts'

const ADDRESS_BYTES = 32
const utf8 = new TextDecoder()

/** Where the file of a test lies: sources are named from its folder, reports from the root. */
export interface TestPlace {
  readonly root: string
  readonly folder: string
}

/**
 * What tests can ask of their host; test-prelude.ts gives each its name for people. `current`: the chain of the running test.
 * What fails on the chain is an error in Lua, `CODE: message`.
 */
export function testFunctions(current: () => TestSession, place: TestPlace): Record<string, HostFunction> {
  const source = (value: LuaValue | undefined) => sourceOf(text(value), place)
  const sender = (options: LuaValue | undefined): Who => who(record(options).get('from') ?? textBytes(DEFAULT_ACCOUNT))
  const functions: Record<string, HostFunction> = {
    __publish: ([from, options, hasArguments, ...args]) => {
      const session = current()
      const plain = publishOptions(session, record(options))
      return session.publish(
        sender(options),
        source(from),
        hasArguments === true ? { ...plain, arguments: args } : plain,
      )
    },
    __upgrade: ([contract, code, options]) => {
      current().upgrade(sender(options), bytes(contract), source(code))
      return undefined
    },
    __announce: ([contract, code, options]) => {
      const codeHash = codeHashOf(textBytes(source(code).text))
      current().send(sender(options), [callOf('contracts', 'announceUpgrade', { contract: bytes(contract), codeHash })])
      return undefined
    },
    __pause: ([contract, paused, options]) => {
      const call = callOf('contracts', 'setPaused', { contract: bytes(contract), paused: paused === true })
      current().send(sender(options), [call])
      return undefined
    },
    __pay: ([from, to, grains]) => {
      const session = current()
      const call = { to: session.addressOf(who(to)), token: 0, amount: amount(grains), memo: null }
      session.send(who(from), [callOf('tokens', 'transfer', call)])
      return undefined
    },
    __has: ([contract, name]) => {
      const method = current().method(bytes(contract), text(name))
      return method !== undefined && method.kind !== 'constructor'
    },
    __call: ([contract, method, options, ...args]) => {
      const value = record(options).get('value')
      return current().call(bytes(contract), text(method), args, {
        from: sender(options),
        value: value === undefined ? 0n : amount(value),
      })
    },
    __account: ([name]) => current().account(text(name)).address,
    __balance: ([of]) => current().balance(who(of)),
    __advance: ([ms, blocks]) => {
      current().advance({ ms: Number(ms), blocks: Number(blocks) })
      return undefined
    },
    __height: () => BigInt(current().chain.head.height),
    __time: () => BigInt(current().chain.head.timeMs),
    __ssp: ([value]) => parseAmount(value instanceof Uint8Array ? text(value) : String(value), SSP_DECIMALS),
    __events: () =>
      current().events.map(
        ({ module, contract, name, data }) =>
          new Map<string, LuaValue>([
            ['name', textBytes(name)],
            ['from', contract ?? textBytes(module)],
            ['data', luaValue(data)],
          ]),
      ),
    __show: ([value]) => textBytes(showValue(value ?? null, (address) => current().nameOf(address))),
    __key: ([name]) => current().account(text(name)).keys.publicKey,
    __sign: ([name, message]) => current().account(text(name)).keys.sign(bytes(message)),
    // The tests' own work costs nothing.
    ...contractTools(() => ({ machine: { charge: () => undefined } })),
  }
  return Object.fromEntries(
    Object.entries(functions).map(([name, run]) => [name, (args: LuaValue[]) => catchable(() => run(args))]),
  )
}

function catchable<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!SmartshareError.is(error) || error instanceof LvmFault) throw error
    throw new LuaError(`${error.code}: ${error.message}`)
  }
}

/** A name ending in .lua or .ts is a file, from the test's folder on; everything else is a source. Throws KIT_*. */
function sourceOf(nameOrSource: string, { root, folder }: TestPlace): SourceFile {
  if (!/^[^\n]+\.(lua|ts)$/.test(nameOrSource)) return { path: INLINE, text: nameOrSource }
  const path = join(folder, nameOrSource)
  if (path.endsWith('.ts')) return { path: relative(root, path), text: compileContract(path) }
  try {
    return { path: relative(root, path), text: readFileSync(path, 'utf8') }
  } catch (error) {
    throw new SmartshareError('KIT_FILE', `${nameOrSource} cannot be read: ${(error as Error).message}`)
  }
}

function publishOptions(session: TestSession, options: LuaRecord): PublishOptions {
  const name = options.get('name')
  const value = options.get('value')
  const upgrade = options.get('upgrade')
  const pauser = options.get('pauser')
  return {
    ...(name === undefined ? {} : { name: text(name) }),
    value: value === undefined ? 0n : amount(value),
    upgrade:
      upgrade === undefined
        ? null
        : {
            by: session.addressOf(who(record(upgrade).get('by'))),
            delayMs: Number(record(upgrade).get('delayMs') ?? 0n),
          },
    pauser: pauser === undefined ? null : session.addressOf(who(pauser)),
  }
}

function bytes(value: LuaValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new LuaError('a string is expected')
}

function text(value: LuaValue | undefined): string {
  return utf8.decode(bytes(value))
}

function amount(value: LuaValue | undefined): bigint {
  if (typeof value === 'bigint' && value >= 0n) return value
  throw new LuaError('an amount is an integer that is not negative')
}

/** An address, or else a name. */
function who(value: LuaValue | undefined): Who {
  const given = bytes(value)
  return given.length === ADDRESS_BYTES ? given : utf8.decode(given)
}

function record(value: LuaValue | undefined): LuaRecord {
  if (value === undefined || value === null) return new Map()
  if (value instanceof Map) return value
  // An empty table is an empty list.
  if (Array.isArray(value) && value.length === 0) return new Map()
  throw new LuaError('a table with options is expected')
}

/** Data of an event of the chain's own modules as Lua holds it. */
function luaValue(value: unknown): LuaValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'number') return BigInt(value)
  if (typeof value === 'string') return textBytes(value)
  if (typeof value !== 'object' || value instanceof Uint8Array || value instanceof Map) return value as LuaValue
  if (Array.isArray(value)) return value.map(luaValue)
  return new Map(Object.entries(value).map(([key, item]) => [key, luaValue(item)]))
}
