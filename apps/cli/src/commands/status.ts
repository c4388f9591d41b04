import type { ChainStatus } from '@smartshare/client'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText } from '../text.ts'

function protocolText({ protocol: { version, latest, next } }: ChainStatus): string {
  if (next === null) return `version ${version}`
  const warning = next.version > latest ? `; THIS NODE KNOWS ONLY ${latest}: update it before` : ''
  return `version ${version}, version ${next.version} from term ${next.term}${warning}`
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
          ['mode', found.mode],
          ['protocol', protocolText(found)],
          ['supply', sspText(found.supplyGrains)],
          ['load', `${found.txPerSecond.toFixed(1)} transactions/s, ${found.mempoolTransactions} waiting`],
          ['peers', `${found.peers}`],
          ['node', `${found.node} ${found.version}${found.problem === null ? '' : `, ill: ${found.problem}`}`],
        ]),
      )
    }),
  )
}
