import { type Abi, type Contract, calls, type FinalTransaction } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { parseAddress, toHex } from '@smartshare/crypto'
import { codeHashOf } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../../session.ts'
import { factsText, timeText } from '../../text.ts'
import { signatureText } from './arguments.ts'
import { contractAddress } from './call.ts'
import { readSource } from './publish.ts'
import { costOf, costText } from './sending.ts'

export function addUpgrade(contract: Command): void {
  const command = clientCommand(contract, 'upgrade <address> <file>', 'put another source in the place of a contract')
  command.option('--metadata <text>', 'a link to the project, or what compiled the source').addHelpText(
    'after',
    `
State, money and address stay. Where the rule of the contract asks for it, the first run announces the source and says when it
may take over; the same command after that time puts it in place.
${examples('smartshare contract upgrade ssp1… token.lua', 'smartshare contract upgrade ssp1… token.lua --json')}`,
  )
  command.action((text: string, file: string) =>
    withSession(command, async (session) => {
      const address = contractAddress(text)
      const source = readSource(file)
      const client = await session.client()
      const contractAt = client.contract(address)
      const { upgrade: rule, announced, codeHash: former } = await contractAt.info()
      if (rule === null) throw new SmartshareError('CONTRACT_RULE', 'nobody can upgrade this contract')
      const codeHash = toHex(codeHashOf(source))
      if (codeHash === former) throw new SmartshareError('CONTRACT_UPGRADE', 'this is the source that it has already')
      // A source that does not load must not be announced.
      const { abi } = await client.rpc.contracts.check(source)
      await warnOfChanges(session, contractAt, abi)
      const { timeMs } = await client.rpc.status()
      if (rule.delayMs > 0 && announced?.codeHash === codeHash && announced.fromMs > timeMs) {
        const { fromMs } = announced
        session.output.result({ state: 'waiting', address, codeHash, fromMs }, () => waitText(fromMs))
        return
      }
      if (rule.delayMs > 0 && announced?.codeHash !== codeHash) {
        const call = calls.announceUpgrade(parseAddress(address), codeHashOf(source))
        const done = await session.send({ calls: [call] })
        const { announced: said } = await contractAt.info()
        const fromMs = said?.fromMs ?? timeMs + rule.delayMs
        tell(session, 'announced', { address, codeHash, fromMs }, done)
        return
      }
      const { metadata = '' } = command.opts<{ metadata?: string }>()
      const done = await session.send({ calls: [calls.upgradeContract(parseAddress(address), source, metadata)] })
      const { version } = await contractAt.info()
      tell(session, 'upgraded', { address, codeHash, version }, done)
    }),
  )
}

function waitText(fromMs: number): string {
  return `announced already; it may take over from ${timeText(fromMs)} on: run this again then`
}

interface Outcome {
  readonly address: string
  readonly codeHash: string
  readonly fromMs?: number
  readonly version?: number
}

function tell(session: Session, state: 'announced' | 'upgraded', outcome: Outcome, done: FinalTransaction): void {
  const cost = costOf(done)
  const { fromMs, version } = outcome
  session.output.result({ state, ...outcome, tx: done.id, height: done.height, final: true, ...cost }, () =>
    factsText([
      [state, outcome.address],
      ...(version === undefined ? [] : [['version', `${version}`] as const]),
      ...(fromMs === undefined ? [] : [['takes over', `from ${timeText(fromMs)} on: run this again then`] as const]),
      ['code hash', outcome.codeHash],
      ['final', `at height ${done.height}`],
      ['cost', costText(cost)],
    ]),
  )
}

/** Programs that call the contract break where a method is gone or takes something else. */
async function warnOfChanges(session: Session, contract: Contract, next: Abi): Promise<void> {
  const offered = new Set(next.methods.map((method) => `${method.kind} ${signatureText(method)}`))
  const gone = (await contract.abi()).methods
    .filter(({ kind }) => kind !== 'constructor')
    .map((method) => `${method.kind} ${signatureText(method)}`)
    .filter((method) => !offered.has(method))
  if (gone.length > 0) session.output.note(`note: the new source no longer has ${gone.join('; ')}`)
}

export function addPause(contract: Command): void {
  addSetPaused(contract, 'pause', 'stop all calls of a contract; views go on', true)
}

export function addResume(contract: Command): void {
  addSetPaused(contract, 'resume', 'let calls of a paused contract go on', false)
}

function addSetPaused(contract: Command, name: string, description: string, paused: boolean): void {
  const command = clientCommand(contract, `${name} <address>`, description)
  command.addHelpText(
    'after',
    `\nOnly whom the contract named as its pauser when it was published.\n${examples(
      `smartshare contract ${name} ssp1… --wallet alice`,
      `smartshare contract ${name} ssp1… --json`,
    )}`,
  )
  command.action((text: string) =>
    withSession(command, async (session) => {
      const address = contractAddress(text)
      const done = await session.send({ calls: [calls.pauseContract(parseAddress(address), paused)] })
      const { id: tx, height } = done
      session.output.result(
        { address, paused, tx, height, final: true, feeGrains: done.receipt.feeGrains },
        () => `${paused ? 'paused' : 'goes on'} from height ${height}\n${costText(costOf(done))}`,
      )
    }),
  )
}
