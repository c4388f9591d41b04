import { basename } from 'node:path'
import { type PublishOptions, publishCall, publishedAddress } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, toHex } from '@smartshare/crypto'
import { codeHashOf, MAX_SOURCE_BYTES } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../../session.ts'
import { factsText } from '../../text.ts'
import { readBounded } from '../../trust-file.ts'
import { argumentsOf, delayOf, grainsOf } from './arguments.ts'
import { costOf, costText, showEstimate } from './sending.ts'

interface PublishFlags {
  readonly name?: string
  readonly arg?: readonly string[]
  readonly args?: string
  readonly value?: string
  readonly upgradeBy?: string
  readonly upgradeDelay?: string
  readonly pauser?: string
  readonly metadata?: string
  readonly estimate?: boolean
}

export function addPublish(contract: Command): void {
  const command = clientCommand(contract, 'publish <file>', 'put a source on the chain, at an address of its own')
  command
    .option('--name <name>', 'what people read (default: the name of the file)')
    .option('--arg <values...>', 'arguments of the constructor, in their order')
    .option('--args <json>', 'arguments of the constructor as a JSON array, or an object by names')
    .option('--value <amount>', 'SSP that go to the constructor')
    .option('--upgrade-by <address>', 'who may put another source in its place (default: nobody, for ever)')
    .option('--upgrade-delay <time>', 'how long before that must be announced, like 7d or 12h', '0s')
    .option('--pauser <address>', 'who may pause it (default: nobody)')
    .option('--metadata <text>', 'a link to the project, or what compiled the source')
    .option('--estimate', 'say what it would cost, and send nothing')
    .addHelpText(
      'after',
      `\nAddresses may be names of wallets. Who may upgrade and pause is fixed for ever: people look at it before they trust.\n${examples(
        'smartshare contract publish counter.lua --arg 5',
        'smartshare contract publish token.lua --args \'["Rain", "RAIN", 2, "100000"]\' --name "Rain token"',
        'smartshare contract publish escrow.lua --upgrade-by alice --upgrade-delay 7d --pauser alice --json',
      )}`,
    )
  command.action((file: string) =>
    withSession(command, async (session) => {
      const flags = command.opts<PublishFlags>()
      const source = readSource(file)
      const { rpc } = await session.client()
      const call = await publishCall(rpc, await optionsOf(session, file, source, flags))
      if (flags.estimate === true) return showEstimate(session, call)
      const done = await session.send({ calls: [call] })
      const address = publishedAddress(done)
      const cost = costOf(done)
      const codeHash = toHex(codeHashOf(source))
      const value = { address, tx: done.id, height: done.height, final: true, codeHash, ...cost }
      session.output.result(value, () =>
        factsText([
          ['contract', address],
          ['final', `at height ${done.height}`],
          ['cost', costText(cost)],
          ['code hash', codeHash],
          ['transaction', done.id],
        ]),
      )
    }),
  )
}

async function optionsOf(
  session: Session,
  file: string,
  source: Uint8Array,
  flags: PublishFlags,
): Promise<PublishOptions> {
  const { upgradeBy, upgradeDelay = '0s', pauser, metadata } = flags
  const addressText = (text: string) => formatAddress(session.address(text))
  const delayMs = delayOf(upgradeDelay)
  if (upgradeBy === undefined && delayMs > 0) {
    throw new SmartshareError('USAGE', '--upgrade-delay says how long before --upgrade-by must announce: say who')
  }
  return {
    name: flags.name ?? basename(file).replace(/\.lua$/, ''),
    source,
    args: await constructorArguments(session, source, flags),
    value: grainsOf(flags.value),
    ...(upgradeBy === undefined ? {} : { upgrade: { by: addressText(upgradeBy), delayMs } }),
    ...(pauser === undefined ? {} : { pauser: addressText(pauser) }),
    ...(metadata === undefined ? {} : { metadata }),
  }
}

async function constructorArguments(
  session: Session,
  source: Uint8Array,
  { arg, args }: PublishFlags,
): Promise<unknown> {
  if (arg === undefined && args === undefined) return undefined
  const { abi } = await (await session.client()).rpc.contracts.check(source)
  const found = abi.methods.find(({ kind }) => kind === 'constructor')
  if (found === undefined)
    throw new SmartshareError('ABI_VALUE', 'the contract has no constructor that takes arguments')
  return argumentsOf(found, arg ?? [], args, (text) => session.address(text))
}

/** Throws CLI_FILE, or CONTRACT_SOURCE if it is too long. */
export function readSource(file: string): Uint8Array {
  return Uint8Array.from(readBounded(file, MAX_SOURCE_BYTES, 'CONTRACT_SOURCE'))
}
