import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText } from '../text.ts'

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
          ['supply', sspText(found.supplyGrains)],
          ['load', `${found.txPerSecond.toFixed(1)} transactions/s, ${found.mempoolTransactions} waiting`],
          ['peers', `${found.peers}`],
          ['node', `${found.node} ${found.version}${found.problem === null ? '' : `, ill: ${found.problem}`}`],
        ]),
      )
    }),
  )
}
