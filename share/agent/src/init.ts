import { randomBytes } from 'node:crypto'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, LEAST_COST, openWallet, sealWallet, Wallet } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { type AgentSettings, type AgentSettingsInput, parseSettings, SETTINGS_FILE, writeSettings } from './settings.ts'

const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700
const PASSWORD_BYTES = 24

export interface InitRequest {
  /** The agent's own folder. */
  readonly dir: string
  readonly settings: AgentSettingsInput
  /** Seed of the agent's account, 32 bytes; a new wallet of 24 words if not said. */
  readonly seed?: Uint8Array
}

/**
 * Makes the folder of an agent: settings, wallet and the password that opens it, each readable by its owner alone. The
 * password lies beside the wallet, since an agent must start without a person. Throws AGENT_EXISTS, AGENT_SETTINGS.
 * Returns the address, and the words of a new wallet, to be written down.
 */
export async function initAgent({ dir, settings, seed }: InitRequest): Promise<{ address: string; words?: string }> {
  const checked = parseSettings(settings)
  await mkdir(dir, { recursive: true, mode: PRIVATE_FOLDER })
  if (await isThere(join(dir, SETTINGS_FILE))) {
    throw new SmartshareError('AGENT_EXISTS', `there is an agent in ${dir} already`, { dir })
  }
  const wallet = seed === undefined ? Wallet.create() : Wallet.fromSeed(seed)
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  // A random password needs no slow derivation against guessing.
  const sealed = await sealWallet(wallet, password, LEAST_COST)
  const exclusive = { mode: PRIVATE_FILE, flag: 'wx' }
  await writeFile(join(dir, checked.passwordFile), `${password}\n`, exclusive).catch(exists(dir))
  await writeFile(join(dir, checked.wallet), sealed, exclusive).catch(exists(dir))
  // Last: with the settings the agent is whole.
  await writeSettings(dir, settings)
  const address = wallet.account().text
  const words = wallet.words()
  return words === undefined ? { address } : { address, words }
}

/** The account of the agent in a folder. Throws AGENT_MISSING, KEYFILE_INVALID, KEYFILE_PASSWORD. */
export async function openAgentWallet(dir: string, settings: AgentSettings): Promise<Account> {
  const read = (name: string) =>
    readFile(join(dir, name), 'utf8').catch((error: unknown) => {
      throw new SmartshareError('AGENT_MISSING', `the agent in ${dir} lacks ${name}`, { dir, file: name }, error)
    })
  const password = (await read(settings.passwordFile)).trim()
  return (await openWallet(await read(settings.wallet), password)).account()
}

function exists(dir: string): (error: unknown) => never {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new SmartshareError('AGENT_EXISTS', `there are files of an agent in ${dir} already`, { dir }, error)
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
