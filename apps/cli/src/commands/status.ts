import type { ChainStatus } from '@smartshare/client'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText } from '../text.ts'

function protocolText({ protocol: { version, latest, next } }: ChainStatus): string {
  if (next === null) return `version ${version}`
  const warning = next.version > latest ? `; THIS NODE KNOWS ONLY ${latest}: update it before` : ''
  return `version ${version}, version ${next.version} from term ${next.term}${warning}`
}

function modeText({ mode, load, following }: ChainStatus): string {
  const percent = (thousandths: number) => `${(thousandths / 10).toFixed(0)} %`
  const { gas, missed, backlog } = load
  const text = `${mode}: gas ${percent(gas)}, missed slots ${percent(missed)}, heavy calls ${percent(backlog)}`
  if (following.followed === 0) return text
  return `${text}; ${following.followed} blocks followed, ${following.waiting} of them to be executed yet`
}

export function addStatus(program: Command): void {
  const command = clientCommand(program, 'status', 'where the chain stands')
  command.addHelpText('after', examples('smartshare status', 'smartshare status --rpc http://127.0.0.1:21000 --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const found = await (await session.client()).rpc.status()
      session.output.result(found, () =>
        factsText([
          ['chain', found.chainId],
          ['height', `${found.height} executed, ${found.final} final`],
          ['state root', found.stateRoot],
          ['term', `${found.term}, slot ${found.slot}`],
          ['mode', modeText(found)],
          ['protocol', protocolText(found)],
          ['supply', sspText(found.supplyGrains)],
          ['throughput', `${found.txPerSecond.toFixed(1)} transactions/s, ${found.mempoolTransactions} waiting`],
          ['peers', `${found.peers}`],
          ['node', `${found.node} ${found.version}${found.problem === null ? '' : `, ill: ${found.problem}`}`],
        ]),
      )
    }),
  )
}
