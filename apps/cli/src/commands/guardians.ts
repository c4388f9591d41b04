import { type AccountGuardians, calls } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { checkPolicy, compareBytes, equalBytes, formatAddress, fromHex, type Policy } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { durationMs, factsText, timeText } from '../text.ts'

const DEFAULT_DELAY = '7d'
const KEY = /^([0-9a-f]{66}|[0-9a-f]{68})$/

export function addGuardians(program: Command): void {
  const guardians = program.command('guardians').description('who may give an account new keys when its owner lost his')
  addShow(guardians)
  addSet(guardians)
  addClear(guardians)
  addApprove(guardians)
  addVeto(guardians)
  addRecover(guardians)
}

function addShow(guardians: Command): void {
  const command = clientCommand(guardians, 'show [address]', 'guardians of an account, and what they have said')
  command.addHelpText('after', examples('smartshare guardians show', 'smartshare guardians show alice --json'))
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      const account = formatAddress(session.address(text))
      await show(session, account)
    }),
  )
}

function addSet(guardians: Command): void {
  const command = clientCommand(
    guardians,
    'set <addresses...>',
    'name the accounts that together may give yours new keys',
  )
  command
    .option('--threshold <count>', 'how many of them must name the same keys (default: more than half)')
    .option('--delay <time>', 'time that you have to say no, like 24h or 7d', DEFAULT_DELAY)
    .addHelpText(
      'after',
      `\nGuardians cannot spend anything. Take people who do not know of each other, or devices in different places.\n${examples(
        'smartshare guardians set bob ssp1… ssp1… --threshold 2 --delay 7d',
      )}`,
    )
  command.action((names: string[]) =>
    withSession(command, async (session) => {
      const { threshold, delay } = command.opts<{ threshold?: string; delay: string }>()
      const addresses = names.map((name) => session.address(name)).sort(compareBytes)
      const least = Math.floor(addresses.length / 2) + 1
      const rule = {
        threshold: threshold === undefined ? least : countOf(threshold),
        guardians: addresses,
        delayMs: durationMs(delay),
      }
      await session.send({ calls: [calls.setGuardians(rule)] })
      await show(session, formatAddress(session.address(undefined)))
    }),
  )
}

function addClear(guardians: Command): void {
  const command = clientCommand(guardians, 'clear', 'have no guardians any more')
  command.addHelpText('after', examples('smartshare guardians clear'))
  command.action(() =>
    withSession(command, async (session) => {
      await session.send({ calls: [calls.setGuardians(null)] })
      await show(session, formatAddress(session.address(undefined)))
    }),
  )
}

function addApprove(guardians: Command): void {
  const usage = 'approve <account> <keys...>'
  const command = clientCommand(guardians, usage, 'as a guardian: name the public keys that shall act for an account')
  command
    .option('--threshold <count>', 'how many of the keys must sign together (default: all)')
    .addHelpText(
      'after',
      `\nBe sure that the keys are the owner’s: ask him by voice or in person. He sees his with \`smartshare wallet show --key\`.\n${examples(
        'smartshare guardians approve ssp1… 01ab… --wallet bob',
      )}`,
    )
  command.action((text: string, keys: string[]) =>
    withSession(command, async (session) => {
      const { threshold } = command.opts<{ threshold?: string }>()
      const account = session.address(text)
      const policy = policyOf(keys, threshold === undefined ? keys.length : countOf(threshold))
      await session.send({ calls: [calls.approveRecovery(account, policy)] })
      await show(session, formatAddress(account))
    }),
  )
}

function addVeto(guardians: Command): void {
  const command = clientCommand(
    guardians,
    'veto',
    'as the owner: you still have your keys; what guardians said is forgotten',
  )
  command.addHelpText('after', examples('smartshare guardians veto'))
  command.action(() =>
    withSession(command, async (session) => {
      await session.send({ calls: [calls.vetoRecovery()] })
      await show(session, formatAddress(session.address(undefined)))
    }),
  )
}

function addRecover(guardians: Command): void {
  const usage = 'recover <account>'
  const command = clientCommand(guardians, usage, 'put the keys in place on which guardians agree, after the delay')
  command.addHelpText(
    'after',
    `\nAnybody may do it and pay the fee. The owner then acts with \`--as ADDRESS\`.\n${examples(
      'smartshare guardians recover ssp1… --wallet fresh',
      'smartshare send bob 5 --wallet fresh --as ssp1…',
    )}`,
  )
  command.action((text: string) =>
    withSession(command, async (session) => {
      const account = session.address(text)
      const { id, height, receipt } = await session.send({ calls: [calls.recover(account)] })
      const { policy } = await (await session.client()).rpc.account(formatAddress(account))
      const value = { tx: id, height, final: true, feeGrains: receipt.feeGrains, policy }
      session.output.result(value, () =>
        factsText([
          ['account', formatAddress(account)],
          ...(policy?.keys ?? []).map((key) => ['key', key] as const),
          ['final', `at height ${height}`],
        ]),
      )
    }),
  )
}

async function show(session: Session, account: string): Promise<void> {
  const found = await (await session.client()).rpc.guardians(account)
  session.output.result({ account, ...found }, () => textOf(account, found))
}

function textOf(account: string, { rule, approvals, ready }: AccountGuardians): string {
  if (rule === null) return `${account} has no guardians`
  const { threshold, guardians, delayMs } = rule
  const said = new Map(approvals.map(({ guardian, policy }) => [guardian, policy.keys.join(' and ')]))
  return factsText([
    ['account', account],
    ['needed', `${threshold} of ${guardians.length}, then ${Math.round(delayMs / 1000)} s without a veto`],
    ...guardians.map((one) => ['guardian', `${one}  ${said.get(one) ?? 'said nothing'}`] as const),
    ...(ready === null ? [] : [['agreed', `may be put in place from ${timeText(ready.timeMs)}`] as const]),
  ])
}

function countOf(text: string): number {
  if (!/^[1-9][0-9]?$/.test(text)) throw new SmartshareError('USAGE', `${text} is no number of guardians or keys`)
  return Number(text)
}

/** Throws USAGE, POLICY_INVALID. */
function policyOf(keys: readonly string[], threshold: number): Policy {
  const strange = keys.find((key) => !KEY.test(key))
  if (strange !== undefined) {
    throw new SmartshareError('USAGE', `${strange} is no public key: 66 hexadecimal digits (68 of a passkey)`)
  }
  const sorted = keys.map(fromHex).sort(compareBytes)
  const policy = { threshold, keys: sorted.filter((key, i) => i === 0 || !equalBytes(key, sorted[i - 1]!)) }
  checkPolicy(policy)
  return policy
}
