import type { Client, Contract, ContractInfo, ContractSource, ContractSummary } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../../session.ts'
import { factsText, sspText, tableText, timeText } from '../../text.ts'
import { signatureText } from './arguments.ts'
import { contractAddress } from './call.ts'
import { countOf } from './counts.ts'

const DEFAULT_SHOWN = 100
const PAGE = 100
/** What says that a proof cannot be had now, not that it is wrong. */
const NO_PROOF = ['RPC_NOT_READY', 'LIGHT_TRUST_EXPIRED', 'LIGHT_STALE', 'CONTRACT_UNKNOWN']

interface ShowFlags {
  readonly source?: boolean
  readonly abi?: boolean
}

export function addShow(contract: Command): void {
  const command = clientCommand(contract, 'show <address>', 'a contract: what it offers, its rules, its source')
  command
    .option('--source', 'the source, after its hash was compared with the one that delegates certified')
    .option('--abi', 'the ABI as JSON')
    .addHelpText(
      'after',
      examples(
        'smartshare contract show ssp1…',
        'smartshare contract show ssp1… --source > contract.lua',
        'smartshare contract show ssp1… --abi --json',
      ),
    )
  command.action((address: string) =>
    withSession(command, async (session) => {
      const { source, abi } = command.opts<ShowFlags>()
      if (source === true && abi === true) throw new SmartshareError('USAGE', 'show the source or the ABI, not both')
      const client = await session.client()
      const contractAt = client.contract(contractAddress(address))
      if (abi === true) {
        const shown = await contractAt.abi()
        session.output.result(shown, () => JSON.stringify(shown, null, 2))
        return
      }
      if (source === true) {
        const found = await verifiedSource(contractAt)
        session.output.note(found.provenHeight === null ? FROM_NODE_ALONE : provenText(found.provenHeight))
        const text = new TextDecoder().decode(found.source)
        const { version, codeHash, provenHeight } = found
        session.output.result({ address, version, codeHash, verified: true, provenHeight, source: text }, () => text)
        return
      }
      const info = await contractAt.info()
      const { timeMs } = await client.rpc.status()
      session.output.result(info, () => infoText(info, timeMs))
    }),
  )
}

const FROM_NODE_ALONE = 'verified: the source has the hash that the node says; no proof of the record can be had now'

function provenText(height: number): string {
  return `verified: the source has the hash that the delegates certified at height ${height}`
}

/** The source, if it is that of the record. Throws CONTRACT_SOURCE_HASH if it is not: the node shows another one. */
async function verifiedSource(contract: Contract): Promise<ContractSource & { readonly provenHeight: number | null }> {
  const found = await contract.source()
  const refuse = () => new SmartshareError('CONTRACT_SOURCE_HASH', 'the source has another hash than the contract')
  if (!found.isVerified) throw refuse()
  try {
    const { contract: record, height } = await contract.proveRecord()
    // The proof is of a state a little before: an upgrade in between is no lie.
    if (record.version !== found.version) return { ...found, provenHeight: null }
    if (toHex(record.codeHash) !== found.codeHash) throw refuse()
    return { ...found, provenHeight: height }
  } catch (error) {
    if (!SmartshareError.is(error) || !NO_PROOF.includes(error.code)) throw error
    return { ...found, provenHeight: null }
  }
}

function infoText(info: ContractInfo, nowMs: number): string {
  const { upgrade, announced, abi, metadata } = info
  return factsText([
    ['contract', info.address],
    ['name', `${info.name}, version ${info.version}${info.paused ? ', PAUSED' : ''}`],
    ...(metadata === '' ? [] : [['metadata', metadata] as const]),
    ['publisher', info.publisher],
    ['holds', sspText(info.grains)],
    ['upgrade', upgrade === null ? 'nobody can change it' : `by ${upgrade.by}${delayText(upgrade.delayMs)}`],
    ...(announced === null ? [] : [['announced', announcedText(announced, nowMs)] as const]),
    ['pause', info.pauser === null ? 'nobody can pause it' : `by ${info.pauser}`],
    ['code hash', `${info.codeHash} (${info.sizeBytes} bytes)`],
    ...abi.methods.map((method) => [method.kind, signatureText(method)] as const),
    ...abi.events.map(
      ({ name, fields }) => ['event', `${name}(${fields.map((f) => `${f.name}: ${f.type}`).join(', ')})`] as const,
    ),
  ])
}

function delayText(delayMs: number): string {
  return delayMs === 0 ? ', at any time' : `, ${delayMs / 1000} s after it was announced`
}

function announcedText({ codeHash, fromMs }: { codeHash: string; fromMs: number }, nowMs: number): string {
  return `${codeHash}, ${fromMs <= nowMs ? 'which may take over now' : `from ${timeText(fromMs)} on`}`
}

export function addList(contract: Command): void {
  const command = clientCommand(contract, 'list', 'contracts in the order of their publishing')
  command
    .option('--from <number>', 'number to begin with', '0')
    .option('--limit <number>', 'how many', String(DEFAULT_SHOWN))
    .addHelpText('after', examples('smartshare contract list', 'smartshare contract list --from 100 --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const flags = command.opts<{ from: string; limit: string }>()
      const found = await listed(await session.client(), countOf(flags.from, '--from'), countOf(flags.limit, '--limit'))
      session.output.result(found, () =>
        tableText(
          ['number', 'name', 'version', 'address', 'publisher'],
          found.map(({ number, name, version, address, publisher, paused }) => [
            ...[`${number}`, name, `${version}${paused ? ' paused' : ''}`, address, publisher],
          ]),
          'there are no contracts',
        ),
      )
    }),
  )
}

async function listed(client: Client, from: number, limit: number): Promise<ContractSummary[]> {
  const found: ContractSummary[] = []
  while (found.length < limit) {
    const page = await client.rpc.contracts.list(from + found.length, Math.min(PAGE, limit - found.length))
    if (page.contracts.length === 0) break
    found.push(...page.contracts)
  }
  return found
}
