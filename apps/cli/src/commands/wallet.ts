import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_COST, LEAST_COST, sealWallet, Wallet } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, fromHex, toHex } from '@smartshare/crypto'
import type { Command } from 'commander'
import { findPassword } from '../password.ts'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { factsText, tableText } from '../text.ts'

const LOCAL_PASSWORD_FILE = 'password'
const STANDARD_INPUT = 0
const SEED = /^[0-9a-f]{64}$/

export function addWallet(program: Command): void {
  const wallet = program.command('wallet').description('key files: make, restore, list and show them')
  addCreate(wallet)
  addImport(wallet)
  addList(wallet)
  addShow(wallet)
  addAddress(wallet)
}

function addCreate(wallet: Command): void {
  const command = clientCommand(wallet, 'create <name>', 'make a new wallet and show its 24 words once')
  command.addHelpText('after', examples('smartshare wallet create alice'))
  command.action((name: string) =>
    withSession(command, async (session) => {
      const made = Wallet.create()
      const added = await add(session, name, made)
      session.output.result({ ...added, words: made.words() }, () =>
        factsText([
          ['wallet', added.name],
          ['address', added.address],
          ['file', added.file],
          ['words', `${made.words()}`],
          [
            '',
            'Write the words down and keep them safe: whoever has them has the money, and nothing else restores it.',
          ],
        ]),
      )
    }),
  )
}

function addImport(wallet: Command): void {
  const command = clientCommand(wallet, 'import <name>', 'restore a wallet from its words, or a key from its seed')
  command
    .option('--from <file>', 'file with the words, or with a seed of 64 hexadecimal digits (default: standard input)')
    .addHelpText(
      'after',
      `\nSecrets are never taken from the command line, where other programs could see them.\n${examples(
        'smartshare wallet import alice --from words.txt',
        'smartshare wallet import alice < words.txt',
      )}`,
    )
  command.action((name: string) =>
    withSession(command, async (session) => {
      session.wallets.checkNew(name)
      const { from } = command.opts<{ from?: string }>()
      const secret = readSecret(from).trim()
      const restored = SEED.test(secret) ? Wallet.fromSeed(fromHex(secret)) : Wallet.fromWords(secret)
      const added = await add(session, name, restored)
      session.output.result(added, () =>
        factsText([
          ['wallet', added.name],
          ['address', added.address],
          ['file', added.file],
        ]),
      )
    }),
  )
}

function addList(wallet: Command): void {
  const command = clientCommand(wallet, 'list', 'all wallets of the folder')
  command.addHelpText('after', examples('smartshare wallet list --json'))
  command.action(() =>
    withSession(command, async ({ wallets, settings, output }) => {
      const all = wallets.list().map((one) => ({ ...one, isDefault: one.name === settings.wallet }))
      output.result(all, () =>
        tableText(
          ['wallet', 'address', ''],
          all.map(({ name, address, isDefault }) => [name, address, isDefault ? 'in use' : '']),
          'there is no wallet: make one with `smartshare wallet create NAME`',
        ),
      )
    }),
  )
}

function addShow(wallet: Command): void {
  const command = clientCommand(wallet, 'show [name]', 'address of a wallet; its public key or its words if asked for')
  command
    .option('--words', 'show the words too: whoever sees them has the money')
    .option('--key', 'show the public key too: what guardians and owners of shared accounts name')
    .addHelpText('after', examples('smartshare wallet show alice --key', 'smartshare wallet show alice --words'))
  command.action((text: string | undefined) =>
    withSession(command, async ({ wallets, settings, output }) => {
      const name = wallets.choose(text ?? settings.wallet)
      const address = wallets.address(name)
      const { words: isRevealing = false, key: wantsKey = false } = command.opts<{ words?: boolean; key?: boolean }>()
      const opened =
        isRevealing || wantsKey ? await wallets.open(name, await findPassword(settings, `wallet ${name}`)) : undefined
      const words = opened?.words() ?? null
      const publicKey = opened === undefined ? '' : toHex(opened.account().keys.publicKey)
      output.result({ name, address, ...(wantsKey && { publicKey }), ...(isRevealing && { words }) }, () =>
        factsText([
          ['wallet', name],
          ['address', address],
          ...(wantsKey ? [['public key', publicKey] as const] : []),
          ...(isRevealing ? [['words', words ?? 'none: it was made from a bare seed'] as const] : []),
        ]),
      )
    }),
  )
}

function addAddress(wallet: Command): void {
  const command = clientCommand(wallet, 'address [name]', 'the address of a wallet and nothing else')
  command.addHelpText('after', examples('smartshare send "$(smartshare wallet address bob)" 1'))
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      const address = formatAddress(session.address(text))
      session.output.result({ address }, () => address)
    }),
  )
}

async function add(session: Session, name: string, wallet: Wallet) {
  session.wallets.checkNew(name)
  const password = await findPassword(session.settings, `the new wallet ${name}`, true)
  // On a local network the password lies beside the files: a costly derivation would protect nothing.
  const isLocal = existsSync(join(session.settings.wallets, LOCAL_PASSWORD_FILE))
  const file = session.wallets.add(name, await sealWallet(wallet, password, isLocal ? LEAST_COST : DEFAULT_COST))
  return { name, address: wallet.account().text, file }
}

function readSecret(from: string | undefined): string {
  try {
    return readFileSync(from ?? STANDARD_INPUT, 'utf8')
  } catch (error) {
    const path = from ?? 'standard input'
    throw new SmartshareError('CLI_FILE', `cannot read ${path}: ${(error as Error).message}`, { path }, error)
  }
}
