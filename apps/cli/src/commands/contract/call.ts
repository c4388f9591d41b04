import { SSP } from '@smartshare/chain'
import { type CallMoney, parseUnits } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, sponsored, withSession } from '../../session.ts'
import { factsText } from '../../text.ts'
import { argumentsOf, grainsOf, methodOf, signatureText } from './arguments.ts'
import { costOf, costText, showEstimate } from './sending.ts'
import { eventText, plainEvent, plainValue, valueText } from './show-values.ts'

const ABOUT_ARGUMENTS = `
ARGS in the order of the method's parameters, each by its type: whole numbers, 1.5SSP for amounts, true and false, text,
hexadecimal for bytes, addresses or names of wallets, nil where the type ends in ?, JSON for lists.`

interface CallFlags {
  readonly args?: string
  readonly value?: string
  readonly token?: string
  readonly estimate?: boolean
}

export function addCall(contract: Command): void {
  const command = clientCommand(contract, 'call <address> <method> [args...]', 'call a method; done when it is final')
  sponsored(command)
    .option('--args <json>', 'arguments as a JSON array, or an object by names, instead of words')
    .option('--value <amount>', 'SSP to send along; only payable methods take any')
    .option('--token <token>', 'token of --value instead of SSP, by symbol or address')
    .option('--estimate', 'say what it would cost, and send nothing')
    .addHelpText(
      'after',
      `${ABOUT_ARGUMENTS}\n${examples(
        'smartshare contract call ssp1… add 5',
        'smartshare contract call ssp1… transfer bob 1.5SSP --wallet alice',
        'smartshare contract call ssp1… pay --value 0.25 --json',
        'smartshare contract call ssp1… pay --value 12.5 --token ACME',
        'smartshare contract call ssp1… add 5 --sponsor acme',
        'smartshare contract call ssp1… vote --args \'{"proposal": "7", "yes": true}\'',
      )}`,
    )
  command.action((address: string, name: string, words: string[]) =>
    withSession(command, async (session) => {
      const { args, estimate, ...money } = command.opts<CallFlags>()
      const contractAt = (await session.client()).contract(contractAddress(address))
      const method = methodOf(await contractAt.abi(), name)
      if (method.kind === 'view') {
        throw new SmartshareError('CONTRACT_METHOD', `${name} is a view: ask it by contract view, which costs nothing`)
      }
      const given = argumentsOf(method, words, args, (text) => session.address(text))
      const call = await contractAt.callOf(name, given, await moneyOf(session, money))
      if (estimate === true) return showEstimate(session, call)
      const done = await session.send({ calls: [call] })
      const events = await contractAt.eventsOf(done)
      const cost = costOf(done)
      const said = events.map((event) => {
        const { name: eventName, data, encoded } = plainEvent(event)
        return { name: eventName, data, ...(encoded === undefined ? {} : { encoded }) }
      })
      session.output.result({ tx: done.id, height: done.height, final: true, ...cost, events: said }, () =>
        factsText([
          ['final', `at height ${done.height}`],
          ['cost', costText(cost)],
          ...events.map((event) => ['event', eventText(event)] as const),
          ['transaction', done.id],
        ]),
      )
    }),
  )
}

async function moneyOf(session: Session, { value, token }: Pick<CallFlags, 'value' | 'token'>): Promise<CallMoney> {
  if (value === undefined) {
    if (token === undefined) return {}
    throw new SmartshareError('USAGE', '--token says of what --value is: give both')
  }
  if (token === undefined) return { value: grainsOf(value) }
  const unit = await session.token(token)
  return { value: parseUnits(value, unit), ...(unit.token === SSP ? {} : { token: unit.text }) }
}

export function addView(contract: Command): void {
  const command = clientCommand(contract, 'view <address> <method> [args...]', 'ask a view; it costs nothing')
  command
    .option('--args <json>', 'arguments as a JSON array, or an object by names, instead of words')
    .option('--caller <address>', 'whom the contract takes for the caller')
    .addHelpText(
      'after',
      `${ABOUT_ARGUMENTS}\n${examples(
        'smartshare contract view ssp1… total',
        'smartshare contract view ssp1… balanceOf alice --json',
      )}`,
    )
  command.action((address: string, name: string, words: string[]) =>
    withSession(command, async (session) => {
      const { args, caller } = command.opts<{ args?: string; caller?: string }>()
      const contractAt = (await session.client()).contract(contractAddress(address))
      const method = methodOf(await contractAt.abi(), name)
      if (method.kind !== 'view') {
        throw new SmartshareError('CONTRACT_METHOD', `${signatureText(method)} is no view: use contract call`)
      }
      const given = argumentsOf(method, words, args, (text) => session.address(text))
      const asker = caller === undefined ? undefined : formatAddress(session.address(caller))
      const result = await contractAt.ask(name, given, asker)
      session.output.result({ result: plainValue(result) }, () =>
        typeof result === 'string' ? result : valueText(result),
      )
    }),
  )
}

/** The address of a contract as it is typed. Throws USAGE. */
export function contractAddress(text: string): string {
  if (text.startsWith('ssp1')) return text
  throw new SmartshareError(
    'USAGE',
    `${text} is no address of a contract: it begins with ssp1 (smartshare contract list)`,
  )
}
