import { SSP } from '@smartshare/chain'
import { calls, parseUnits, type TokenAnswer, unitsText } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { fromHex } from '@smartshare/crypto'
import { MAX_CAP } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { durationMs, factsText, sspText, tableText, timeText } from '../text.ts'
import { addTokenRights } from './token-rights.ts'
import { addTransfer } from './token-transfer.ts'

const MAX_LISTED = 1000
const DEFAULT_DECIMALS = '8'

export function addToken(program: Command): void {
  const token = program
    .command('token')
    .description('tokens of vendors (IOT_Coins): issue one, and what its rules allow')
  addIssue(token)
  addShow(token)
  addList(token)
  addTransfer(token)
  addTokenRights(token)
}

interface IssueFlags {
  readonly name: string
  readonly symbol: string
  readonly supply: string
  readonly decimals: string
  readonly cap?: string
  readonly minter?: string
  readonly freezer?: string
  readonly admin?: string
  readonly mintLimit?: string
  readonly mintPeriod?: string
  readonly burnable?: boolean
  readonly deviceOnly?: boolean
  readonly description?: string
  readonly uri?: string
  readonly hash?: string
}

function addIssue(parent: Command): void {
  const command = clientCommand(parent, 'issue', 'issue a token of your own; what is declared holds for ever')
  command
    .requiredOption('--name <text>', 'name of the token')
    .requiredOption('--symbol <symbol>', '2 to 12 upper-case letters and digits')
    .requiredOption('--supply <amount>', 'what you get at once')
    .option('--decimals <count>', 'digits after the dot, 0 to 18', DEFAULT_DECIMALS)
    .option('--cap <amount>', 'most that there may ever be (default: the supply, or with a minter as much as fits)')
    .option('--minter <account>', 'who may mint more (default: nobody, for ever)')
    .option('--mint-limit <amount>', 'most that may be minted per period; what is not minted adds up')
    .option('--mint-period <time>', 'the period, like 24h or 30d')
    .option('--freezer <account>', 'who may freeze balances (default: nobody, for ever)')
    .option('--admin <account>', 'who may name minter and freezer anew (default: nobody, for ever)')
    .option('--burnable', 'holders may destroy what they have')
    .option('--device-only', 'only devices may be minted to')
    .option('--description <text>', 'what it is for')
    .option('--uri <uri>', 'where more is told')
    .option('--hash <hex>', 'SHA-256 of what stands there')
    .addHelpText(
      'after',
      `\nAnybody may issue a token of the same name and symbol: tell people its address. Issuing costs a price beside the fee,\ntokenIssueGrains of the network, so that nobody takes symbols by the thousand.\n${examples(
        'smartshare token issue --name "Acme Coin" --symbol ACME --supply 1000000 --decimals 2',
        'smartshare token issue --name "Acme Points" --symbol ACMEP --supply 0 --minter acme --mint-limit 1000 --mint-period 24h --json',
      )}`,
    )
  command.action(() =>
    withSession(command, async (session) => {
      const { rpc, parameters } = await session.client()
      const done = await session.send({ calls: [calls.issueToken(draftOf(command.opts<IssueFlags>(), session))] })
      const token = String(done.receipt.events.find(({ name }) => name === 'issued')?.data?.token)
      const info = await rpc.tokens.info(token)
      const { id: tx, height, receipt } = done
      const { feeGrains } = receipt
      const priceGrains = parameters.tokenIssueGrains
      session.output.result(
        { tx, height, final: true, feeGrains, priceGrains, ...info },
        () => `${infoText(info)}\nprice      ${sspText(priceGrains)}, fee ${sspText(feeGrains)}`,
      )
    }),
  )
}

function draftOf(flags: IssueFlags, session: Session) {
  const decimals = Number(flags.decimals)
  if (!/^\d{1,2}$/.test(flags.decimals) || decimals > 18) {
    throw new SmartshareError('USAGE', '--decimals is a whole number from 0 to 18')
  }
  if ((flags.mintLimit === undefined) !== (flags.mintPeriod === undefined)) {
    throw new SmartshareError('USAGE', '--mint-limit and --mint-period belong together')
  }
  const unit = { decimals }
  const account = (text: string | undefined) => (text === undefined ? null : session.address(text))
  const initial = parseUnits(flags.supply, unit)
  const minter = account(flags.minter)
  return {
    name: flags.name,
    symbol: flags.symbol,
    decimals,
    cap: flags.cap === undefined ? (minter === null ? initial : MAX_CAP) : parseUnits(flags.cap, unit),
    initial,
    schedule:
      flags.mintLimit === undefined || flags.mintPeriod === undefined
        ? null
        : { amount: parseUnits(flags.mintLimit, unit), periodMs: durationMs(flags.mintPeriod) },
    admin: account(flags.admin),
    minter,
    freezer: account(flags.freezer),
    burnable: flags.burnable === true,
    deviceOnlyRewards: flags.deviceOnly === true,
    metadata: {
      description: flags.description ?? '',
      uri: flags.uri ?? '',
      hash: flags.hash === undefined ? null : fromHex(flags.hash),
    },
  }
}

function addShow(parent: Command): void {
  const command = clientCommand(parent, 'show <token>', 'all about a token, by its address or symbol')
  command.addHelpText('after', examples('smartshare token show ACME', 'smartshare token show ssp1… --json'))
  command.action((text: string) =>
    withSession(command, async (session) => {
      const { token, text: address } = await session.token(text)
      if (token === SSP)
        throw new SmartshareError('USAGE', 'SSP is no token that somebody issued: see `smartshare status`')
      const info = await (await session.client()).rpc.tokens.info(address)
      session.output.result(info, () => infoText(info))
    }),
  )
}

function addList(parent: Command): void {
  const command = clientCommand(parent, 'list', 'tokens of this network, in the order in which they were issued')
  command
    .option('--symbol <symbol>', 'only those of a symbol')
    .addHelpText('after', examples('smartshare token list', 'smartshare token list --symbol ACME --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const { symbol } = command.opts<{ symbol?: string }>()
      const found: TokenAnswer[] = []
      const { tokens } = (await session.client()).rpc
      for await (const one of tokens.list(symbol === undefined ? {} : { symbol })) {
        found.push(one)
        if (found.length >= MAX_LISTED) break
      }
      session.output.result(found, () =>
        tableText(
          ['symbol', 'name', 'supply', 'address', 'issuer'],
          found.map((one) => [one.symbol, one.name, unitsText(one.supply, one), one.token, one.issuer]),
          'nobody has issued a token',
        ),
      )
    }),
  )
}

function infoText(info: TokenAnswer): string {
  const { schedule, metadata } = info
  const who = (holder: string | null) => holder ?? 'nobody, for ever'
  return factsText([
    ['token', `${info.symbol}, ${info.name}`],
    ['address', info.token],
    ['issuer', `${info.issuer}, at height ${info.issuedHeight}, ${timeText(info.issuedMs)}`],
    ['supply', `${unitsText(info.supply, info)} of at most ${unitsText(info.cap, info)}`],
    ['may be minted', `${unitsText(info.mintable, info)}${info.deviceOnlyRewards ? ', to devices only' : ''}`],
    ...(schedule === null
      ? []
      : [['schedule', `${unitsText(schedule.amount, info)} per ${schedule.periodMs} ms`] as const]),
    ['minter', who(info.minter)],
    ['freezer', who(info.freezer)],
    ['admin', who(info.admin)],
    ['burning', info.burnable ? 'holders may' : 'nobody may'],
    ...(metadata.description === '' ? [] : [['about', metadata.description] as const]),
    ...(metadata.uri === '' ? [] : [['more', metadata.uri] as const]),
    ...(metadata.hash === null ? [] : [['hash of it', metadata.hash] as const]),
  ])
}
