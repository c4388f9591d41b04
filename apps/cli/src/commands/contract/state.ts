import type { AbiJson, ContractEntry } from '@smartshare/client'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../../session.ts'
import { keyOf } from './arguments.ts'
import { contractAddress } from './call.ts'
import { countOf } from './counts.ts'
import { anyText } from './show-values.ts'

const DEFAULT_SHOWN = 1_000

export function addState(contract: Command): void {
  const command = clientCommand(
    contract,
    'state <address> [name] [key]',
    'what a contract stores; one entry with proof',
  )
  command
    .option('--limit <number>', 'how many entries', String(DEFAULT_SHOWN))
    .option('--prove', 'check a single entry, also that there is none, without trust in the node')
    .addHelpText(
      'after',
      `
NAME: of a map, value or list. KEY: a whole number, text, or 0x… for bytes and addresses in hexadecimal; a state.value has none.
With KEY or --prove the entry is checked against what delegates certified, a few blocks ago.
${examples(
  'smartshare contract state ssp1…',
  'smartshare contract state ssp1… balances --json',
  'smartshare contract state ssp1… held rain',
  'smartshare contract state ssp1… total --prove --json',
)}`,
    )
  command.action((address: string, name: string | undefined, key: string | undefined) =>
    withSession(command, async (session) => {
      const { limit, prove } = command.opts<{ limit: string; prove?: boolean }>()
      const client = await session.client()
      const at = contractAddress(address)
      if (name !== undefined && (key !== undefined || prove === true)) {
        const asked: AbiJson = key === undefined ? { integer: '0' } : keyOf(key)
        const { isPresent, value, height } = await client.contract(at).proveEntry(name, asked)
        session.output.result({ name, key: asked, present: isPresent, value, height, proven: true }, () =>
          isPresent ? `${anyText(value)}\nproven at height ${height}` : `nothing there\nproven at height ${height}`,
        )
        return
      }
      const most = countOf(limit, '--limit')
      const found: ContractEntry[] = []
      let after: string | undefined
      while (found.length < most) {
        const page = await client.rpc.contracts.state(at, after === undefined ? {} : { after })
        found.push(...page.entries.filter((entry) => name === undefined || entry.name === name))
        if (page.next === null) break
        after = page.next
      }
      const shown = found.slice(0, most)
      session.output.result(shown, () => shown.map(entryText).join('\n') || 'nothing is stored')
    }),
  )
}

function entryText({ name, key, value }: ContractEntry): string {
  return `${name}[${anyText(key as AbiJson)}] = ${anyText(value as AbiJson)}`
}
