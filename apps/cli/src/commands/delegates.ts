import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText, tableText } from '../text.ts'
import { addEvidence } from './delegates-evidence.ts'
import { concentrationOf, reportOf } from './delegates-report.ts'

export function addDelegates(program: Command): void {
  const command = clientCommand(program, 'delegates', 'who stands for election, who has a seat, and what seats earn')
  command.addHelpText('after', examples('smartshare delegates', 'smartshare delegates --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const { rpc } = await session.client()
      const [list, term] = await Promise.all([rpc.delegates(), rpc.term()])
      const delegates = list.delegates.map(
        ({ rank, name, address, seat, bondGrains, votesGrains, key, jailedUntilMs, bannedTerm }) => ({
          ...{ rank, name, address, seat, bondGrains, votesGrains, key, jailedUntilMs, bannedTerm },
          blocks: seat === null ? 0 : (term.seats[seat]?.blocks ?? 0),
          earnedGrains: seat === null ? 0n : (term.seats[seat]?.earnedGrains ?? 0n),
          isNext: term.next === null ? null : term.next.includes(address),
        }),
      )
      session.output.result(delegates, () =>
        tableText(
          ['rank', 'name', 'seat', 'bond', 'votes', 'blocks', 'earned', 'address'],
          delegates.map((one) => [
            `${one.rank}`,
            one.name,
            one.seat === null ? '-' : `${one.seat}`,
            sspText(one.bondGrains),
            sspText(one.votesGrains),
            `${one.blocks}`,
            sspText(one.earnedGrains),
            one.address,
          ]),
          'nobody stands for election',
        ),
      )
    }),
  )
  addReport(command)
  addEvidence(command)
}

function addReport(delegates: Command): void {
  const command = clientCommand(delegates, 'report', 'how widely power is spread, and what seats would cost a buyer')
  command.addHelpText('after', examples('smartshare delegates report', 'smartshare delegates report --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const report = await reportOf(await session.client())
      session.output.result(report, () => factsText(concentrationOf(report)))
    }),
  )
}
