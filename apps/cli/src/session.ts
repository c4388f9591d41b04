import {
  type Account,
  Client,
  type FinalTransaction,
  findToken,
  policySigner,
  type Signer,
  SSP_UNIT,
  type TokenUnit,
  type TransactionRequest,
} from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import type { Command } from 'commander'
import { io } from './io.ts'
import { createOutput, type Output } from './output.ts'
import { findPassword } from './password.ts'
import { type FoundSettings, findSettings, type SettingFlags, type Settings } from './settings.ts'
import { WalletStore } from './wallet-store.ts'

/** Attempts of one question before the command says that no node answers. */
const ATTEMPTS = 4

export interface ClientFlags extends SettingFlags {
  readonly json?: boolean
  /** Account for which the key of the wallet acts. */
  readonly as?: string
  /** Of commands that `sponsored` made so. */
  readonly sponsor?: string
  readonly sponsorPasswordFile?: string
}

/** What a command has at hand: its settings, its output, and the network and wallet once it asks for them. */
export class Session {
  readonly output: Output
  readonly found: FoundSettings
  readonly wallets: WalletStore
  private readonly sponsorFlags: Pick<ClientFlags, 'sponsor' | 'sponsorPasswordFile'>
  private readonly actsFor: string | undefined
  private connected: Client | undefined

  constructor(flags: ClientFlags) {
    this.output = createOutput(flags.json === true)
    this.sponsorFlags = flags
    this.actsFor = flags.as
    this.found = findSettings(flags, io().env)
    this.wallets = new WalletStore(this.found.settings.wallets)
  }

  get settings(): Settings {
    return this.found.settings
  }

  /** The network. Throws CLI_NO_NETWORK if nothing says where it is. */
  async client(): Promise<Client> {
    const { rpc, ws, chainId, timeoutMs, dir } = this.settings
    if (rpc.length === 0) throw new SmartshareError('CLI_NO_NETWORK', `there is no network in ${dir}`, { dir })
    this.connected ??= await Client.connect({
      rpc,
      ws,
      timeoutMs,
      attempts: ATTEMPTS,
      ...(chainId === '' ? {} : { chainId }),
    })
    return this.connected
  }

  /** The account of the wallet in use, opened with its password. Throws USAGE with `--as`, which says to act for another one. */
  async account(): Promise<Account> {
    if (this.actsFor !== undefined) throw new SmartshareError('USAGE', '--as does not go with this command')
    return await this.own()
  }

  /** Who signs: the account of the wallet in use, or its key for the account that `--as` names. */
  async signer(): Promise<Signer> {
    const own = await this.own()
    return this.actsFor === undefined ? own : policySigner(this.address(undefined), [own.keys])
  }

  /** The account that pays the fees in place of the wallet in use: its wallet is here too, and signs. Undefined without one. */
  async sponsor(): Promise<Account | undefined> {
    const { sponsor, sponsorPasswordFile } = this.sponsorFlags
    if (sponsor === undefined) {
      if (sponsorPasswordFile === undefined) return undefined
      throw new SmartshareError('USAGE', '--sponsor-password-file is that of --sponsor: give both')
    }
    const passwordFile = sponsorPasswordFile ?? this.settings.passwordFile
    return await this.open(sponsor, { ...this.settings, passwordFile })
  }

  private own(): Promise<Account> {
    return this.open(this.wallets.choose(this.settings.wallet), this.settings)
  }

  private async open(name: string, settings: Settings): Promise<Account> {
    const password = await findPassword(settings, `wallet ${name}`)
    return (await this.wallets.open(name, password)).account()
  }

  /** The address of the wallet in use or of the account for which it acts, without its password; or of whatever is named. */
  address(text: string | undefined): Uint8Array {
    return this.wallets.resolveAddress(text ?? this.actsFor ?? this.wallets.choose(this.settings.wallet))
  }

  /**
   * The token that a person means: SSP, an address, or a symbol, which is looked for among what the wallet in use has before
   * it is looked for on the network. Throws TOKENS_UNKNOWN, TOKENS_AMBIGUOUS.
   */
  async token(text: string): Promise<TokenUnit> {
    if (text === SSP_UNIT.text) return SSP_UNIT
    const { wallet } = this.settings
    const hasWallet = wallet !== '' || this.wallets.list().length === 1
    const owner = hasWallet ? this.wallets.address(this.wallets.choose(wallet)) : undefined
    return await findToken((await this.client()).rpc, text, owner)
  }

  /** Sends a transaction of the wallet in use and waits until it is final; says on standard error how far it is. */
  async send(request: TransactionRequest): Promise<FinalTransaction> {
    const client = await this.client()
    const signer = await this.signer()
    const feePayer = await this.sponsor()
    const sponsored = feePayer === undefined ? request : { ...request, feePayer }
    return await client.sender(signer).sendAndWait(sponsored, {
      onSigned: ({ id }) => this.progress(`signed ${id}`),
      onAdmitted: () => this.progress('admitted; waiting until it is final'),
    })
  }

  /** What is going on, for a person who waits; nobody reads it otherwise. */
  progress(text: string): void {
    if (io().stderr.isTTY === true) this.output.note(text)
  }

  close(): void {
    this.connected?.close()
  }
}

/** Adds a command that works on a network, with the options that all of them have. */
export function clientCommand(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .option('--dir <folder>', 'folder of the network (default: .smartshare)')
    .option('--rpc <urls>', 'nodes to ask, separated by commas')
    .option('--ws <urls>', 'nodes to hear news from, separated by commas')
    .option('--wallet <name>', 'wallet to use')
    .option('--as <account>', 'act for this account with the key of the wallet, after a recovery or a change of keys')
    .option('--password-file <file>', 'file with the password of the wallet')
    .option('--timeout-ms <ms>', 'time that a node gets for an answer')
    .option('--json', 'print exactly one JSON value')
}

/** Adds the options of a command that sends, and whose fee another wallet may pay. */
export function sponsored(command: Command): Command {
  return command
    .option('--sponsor <wallet>', 'wallet that pays the fee in place of the one in use, and signs too')
    .option('--sponsor-password-file <file>', 'file with the password of that wallet (default: that of the one in use)')
}

/** Runs a command's work in a session that is closed whatever happens. */
export async function withSession(command: Command, work: (session: Session) => Promise<void>): Promise<void> {
  const session = new Session(command.opts<ClientFlags>())
  try {
    await work(session)
  } finally {
    session.close()
  }
}

/** Text for the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
