import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyFileAddress, openWallet, type Wallet } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { parseAddress } from '@smartshare/crypto'

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/
const SUFFIX = '.json'
const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_FOLDER = 0o700
const MAX_FILE_BYTES = 4096

/** A key file, as far as it can be known without its password. */
export interface WalletEntry {
  readonly name: string
  readonly address: string
}

/** Key files in a folder, one per wallet: NAME.json. */
export class WalletStore {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** All wallets, by name. What is no key file is left out. */
  list(): WalletEntry[] {
    if (!existsSync(this.folder)) return []
    return readdirSync(this.folder)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => file.slice(0, -SUFFIX.length))
      .filter((name) => NAME.test(name))
      .sort()
      .flatMap((name) => {
        try {
          return [{ name, address: this.address(name) }]
        } catch (error) {
          if (SmartshareError.is(error)) return []
          throw error
        }
      })
  }

  /** The name to use: the one that is said, or the only one there is. Throws CLI_WALLET_MISSING. */
  choose(name: string): string {
    if (name !== '') return name
    const all = this.list()
    if (all.length === 1) return all[0]!.name
    const why =
      all.length === 0 ? 'there is no wallet' : `which wallet? there are ${all.map((one) => one.name).join(', ')}`
    throw new SmartshareError('CLI_WALLET_MISSING', `${why}: name it with --wallet`, { folder: this.folder })
  }

  /** Throws CLI_WALLET_MISSING. */
  address(name: string): string {
    return keyFileAddress(this.read(name))
  }

  /** Throws CLI_WALLET_MISSING, KEYFILE_INVALID or KEYFILE_PASSWORD. */
  open(name: string, password: string): Promise<Wallet> {
    return openWallet(this.read(name), password)
  }

  /** Throws CLI_WALLET_NAME or CLI_WALLET_EXISTS. */
  checkNew(name: string): void {
    if (!NAME.test(name)) throw new SmartshareError('CLI_WALLET_NAME', `not a name of a wallet: ${name}`)
    if (existsSync(this.path(name))) throw new SmartshareError('CLI_WALLET_EXISTS', `there is a wallet ${name} already`)
  }

  /** Writes a new key file that only its owner can read; never over another one. Gives its path. */
  add(name: string, keyFile: string): string {
    this.checkNew(name)
    const path = this.path(name)
    try {
      mkdirSync(this.folder, { recursive: true, mode: OWNER_ONLY_FOLDER })
      writeFileSync(path, keyFile, { mode: OWNER_ONLY_FILE, flag: 'wx', flush: true })
    } catch (error) {
      throw new SmartshareError('CLI_FILE', `cannot write ${path}: ${(error as Error).message}`, { path }, error)
    }
    return path
  }

  /** An address by itself (`ssp1…`), or that of a wallet by its name. Throws ADDRESS_TEXT_INVALID or CLI_WALLET_MISSING. */
  resolveAddress(text: string): Uint8Array {
    return parseAddress(NAME.test(text) && existsSync(this.path(text)) ? this.address(text) : text)
  }

  private read(name: string): string {
    const path = this.path(name)
    if (!NAME.test(name) || !existsSync(path) || statSync(path).size > MAX_FILE_BYTES) {
      throw new SmartshareError('CLI_WALLET_MISSING', `there is no wallet ${name} in ${this.folder}`, { name })
    }
    return readFileSync(path, 'utf8')
  }

  private path(name: string): string {
    return join(this.folder, `${name}${SUFFIX}`)
  }
}
