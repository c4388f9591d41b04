import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SmartshareError } from '@smartshare/codec'
import { z } from 'zod'

/** Where a setting's value comes from; a later one wins. */
type Source = 'default' | 'network' | 'file' | 'environment' | 'flag'

const DEFAULT_DIR = '.smartshare'
const DEFAULT_TIMEOUT_MS = 15_000
const MAX_TIMEOUT_MS = 3_600_000
const MAX_URLS = 32
/** What the devnet writes about its network, and what a person may write beside it. */
const NETWORK_FILE = 'network.json'
const SETTINGS_FILE = 'settings.json'
const PREFIX = 'SMARTSHARE_'

const url = z.string().refine((text) => URL.canParse(text), 'not a URL')
const urls = z.array(url).max(MAX_URLS)
const timeoutMs = z.int().min(100).max(MAX_TIMEOUT_MS)

const networkSchema = z.object({
  name: z.string(),
  chainId: z.string().regex(/^[0-9a-f]{64}$/),
  rpc: urls.min(1),
  ws: urls,
  wallets: z.string(),
  owner: z.string(),
})

const fileSchema = z.strictObject({
  rpc: urls.optional(),
  ws: urls.optional(),
  wallet: z.string().optional(),
  wallets: z.string().optional(),
  passwordFile: z.string().optional(),
  timeoutMs: timeoutMs.optional(),
})

/** All settings of the client commands. */
export interface Settings {
  /** Folder of the network. */
  readonly dir: string
  readonly rpc: readonly string[]
  readonly ws: readonly string[]
  /** The network that is meant; empty if nothing says so. */
  readonly chainId: string
  /** Folder of the key files, and the name of the one to use; empty: the only one. */
  readonly wallets: string
  readonly wallet: string
  /** File with the password of the key files; empty: ask. */
  readonly passwordFile: string
  readonly timeoutMs: number
}

/** What flags say, as commander gives them. */
export interface SettingFlags {
  readonly dir?: string
  readonly rpc?: string
  readonly ws?: string
  readonly wallet?: string
  readonly passwordFile?: string
  readonly timeoutMs?: string
}

export interface FoundSettings {
  readonly settings: Settings
  readonly sources: Readonly<Record<keyof Settings, Source>>
}

type Values = { -readonly [K in keyof Settings]?: Settings[K] }

/** Finds every setting: defaults < network.json < settings.json < environment < flags. Throws CLI_SETTINGS, CLI_NETWORK_FILE. */
export function findSettings(flags: SettingFlags, environment: NodeJS.ProcessEnv): FoundSettings {
  const settings: Values = {}
  const sources = {} as Record<keyof Settings, Source>
  const take = (values: Values, source: Source) => {
    for (const [name, value] of Object.entries(values) as [keyof Settings, never][]) {
      if (value === undefined) continue
      settings[name] = value
      sources[name] = source
    }
  }
  const fromEnvironment = ofTexts((name) => environment[PREFIX + snake(name)], 'environment')
  const fromFlags = ofTexts((name) => flags[name], 'flag')
  const dir = resolve(fromFlags.dir ?? fromEnvironment.dir ?? DEFAULT_DIR)
  take({ dir: DEFAULT_DIR, rpc: [], ws: [], chainId: '', wallets: join(dir, 'wallets'), wallet: '' }, 'default')
  take({ passwordFile: '', timeoutMs: DEFAULT_TIMEOUT_MS }, 'default')
  take(ofNetwork(dir), 'network')
  take(ofFile(join(dir, SETTINGS_FILE), dir), 'file')
  take(fromEnvironment, 'environment')
  take(fromFlags, 'flag')
  settings.dir = dir
  // News of another network than the one asked would be worse than none.
  if (sources.rpc !== 'network' && sources.rpc !== 'default' && sources.ws === 'network') {
    take({ ws: [], chainId: '' }, sources.rpc)
  }
  return { settings: settings as Settings, sources }
}

/** A network's folder as the devnet leaves it; nothing if there is none. */
function ofNetwork(dir: string): Values {
  const path = join(dir, NETWORK_FILE)
  const json = readJson(path, 'CLI_NETWORK_FILE')
  if (json === undefined) return {}
  const { rpc, ws, chainId, wallets, owner } = check(networkSchema, json, path, 'CLI_NETWORK_FILE')
  return { rpc, ws, chainId, wallets: resolve(dir, wallets), wallet: owner }
}

function ofFile(path: string, dir: string): Values {
  const json = readJson(path, 'CLI_SETTINGS')
  if (json === undefined) return {}
  const { wallets, passwordFile, ...rest } = check(fileSchema, json, path, 'CLI_SETTINGS')
  return definedOnly({
    ...rest,
    wallets: wallets === undefined ? undefined : resolve(dir, wallets),
    passwordFile: passwordFile === undefined ? undefined : resolve(dir, passwordFile),
  })
}

/** Settings that come as texts: flags and the environment. Lists are separated by commas. */
function ofTexts(read: (name: keyof SettingFlags) => string | undefined, source: Source): Values {
  const listOf = (name: 'rpc' | 'ws') => {
    const text = read(name)
    if (text === undefined) return undefined
    return check(urls, text === '' ? [] : text.split(','), `${source} ${name}`, 'CLI_SETTINGS')
  }
  const timeout = read('timeoutMs')
  const passwordFile = read('passwordFile')
  return definedOnly({
    dir: read('dir'),
    rpc: listOf('rpc'),
    ws: listOf('ws'),
    wallet: read('wallet'),
    passwordFile: passwordFile === undefined ? undefined : resolve(passwordFile),
    timeoutMs:
      timeout === undefined ? undefined : check(timeoutMs, Number(timeout), `${source} timeoutMs`, 'CLI_SETTINGS'),
  })
}

function definedOnly(values: { [K in keyof Settings]?: Settings[K] | undefined }): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

function readJson(path: string, code: string): unknown {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new SmartshareError(code, `${path} cannot be read as JSON`, { path }, error)
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string, code: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const at = issue?.path.join('.') ?? ''
  throw new SmartshareError(code, `${where}: ${at === '' ? '' : `${at}: `}${issue?.message ?? 'wrong'}`)
}
