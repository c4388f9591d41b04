import { calls } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText, tableText } from '../text.ts'
import { addEvidence } from './delegates-evidence.ts'
import { attacksTable, concentrationOf, reportOf } from './delegates-report.ts'

export function addDelegates(program: Command): void {
  const command = clientCommand(program, 'delegates', 'who stands for election, who has a seat, and what seats earn')
  command.addHelpText('after', examples('smartshare delegates', 'smartshare delegates --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const { rpc } = await session.client()
      const [list, term] = await Promise.all([rpc.delegates(), rpc.term()])
      const delegates = list.delegates.map(({ registeredHeight: _, seat, address, ...one }) => ({
        ...{ ...one, seat, address },
        blocks: seat === null ? 0 : (term.seats[seat]?.blocks ?? 0),
        earnedGrains: seat === null ? 0n : (term.seats[seat]?.earnedGrains ?? 0n),
        isNext: term.next === null ? null : term.next.includes(address),
      }))
      session.output.result(delegates, () =>
        tableText(
          ['rank', 'name', 'seat', 'bond', 'votes', 'keeps', 'blocks', 'earned', 'address'],
          delegates.map((one) => [
            `${one.rank}`,
            one.name,
            one.seat === null ? '-' : `${one.seat}`,
            sspText(one.bondGrains),
            sspText(one.votesGrains),
            `${one.commissionThousandths / 10} %`,
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
  addRewards(command)
  addCollect(command)
  addCommission(command)
}

function addReport(delegates: Command): void {
  const command = clientCommand(delegates, 'report', 'how widely power is spread, and what seats would cost a buyer')
  command.addHelpText('after', examples('smartshare delegates report', 'smartshare delegates report --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const report = await reportOf(await session.client())
      session.output.result(report, () =>
        [
          factsText(concentrationOf(report)),
          'Seats that an outsider with so much of all SSP would take (by plain counting):',
          attacksTable(report),
        ].join('\n\n'),
      )
    }),
  )
}

function addRewards(delegates: Command): void {
  const command = clientCommand(delegates, 'rewards [address]', 'how your votes count, and what they earned')
  command.addHelpText('after', examples('smartshare delegates rewards', 'smartshare delegates rewards --json'))
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      const { rpc } = await session.client()
      const voter = formatAddress(session.address(text))
      const found = await rpc.voter(voter)
      const { renewedTerm, fullUntilTerm, endTerm, stakeGrains } = found
      session.output.result({ voter, ...found }, () =>
        factsText([
          ['voter', voter],
          ['stake', sspText(stakeGrains)],
          ['counts now', sspText(found.countedGrains)],
          ['too new to count', sspText(found.maturingGrains)],
          ['can be collected', sspText(found.rewardsGrains)],
          ['term', `${found.term}`],
          ...(stakeGrains === 0n
            ? []
            : [['voted', `in term ${renewedTerm}: in full to ${fullUntilTerm}, none from ${endTerm} on`] as const]),
        ]),
      )
    }),
  )
}

function addCollect(delegates: Command): void {
  const command = clientCommand(delegates, 'collect', 'take what your votes earned into the balance')
  command.addHelpText('after', examples('smartshare delegates collect --wallet alice --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const voter = formatAddress(session.address(undefined))
      const { id, height, receipt } = await session.send({ calls: [calls.collectRewards()] })
      const collectedGrains = receipt.events
        .filter((event) => event.from === 'tokens' && event.name === 'transfer' && event.data?.to === voter)
        .reduce((sum, event) => sum + BigInt(String(event.data?.amount)), 0n)
      const value = { tx: id, height, final: true, feeGrains: receipt.feeGrains, voter, collectedGrains }
      session.output.result(value, () => `collected ${sspText(collectedGrains)}, final at height ${height}\n${id}`)
    }),
  )
}

function addCommission(delegates: Command): void {
  const command = clientCommand(delegates, 'commission <percent>', 'say how much of its pay your delegate keeps')
  command.addHelpText(
    'after',
    `\nThe rest is shared among its voters. Lower at once; higher by at most 5 points in 28 days.\n${examples(
      'smartshare delegates commission 12.5 --wallet delegate-1',
    )}`,
  )
  command.action((percent: string) =>
    withSession(command, async (session) => {
      const commissionThousandths = thousandthsOf(percent)
      const { id, height, receipt } = await session.send({ calls: [calls.setCommission(commissionThousandths)] })
      const value = { tx: id, height, final: true, feeGrains: receipt.feeGrains, commissionThousandths }
      session.output.result(value, () => `keeps ${percent} %, final at height ${height}\n${id}`)
    }),
  )
}

/** Percent with at most one decimal. Throws USAGE. */
function thousandthsOf(percent: string): number {
  const [, whole, tenth = '0'] = /^(\d{1,3})(?:\.(\d))?$/.exec(percent) ?? []
  const thousandths = whole === undefined ? Number.NaN : Number(whole) * 10 + Number(tenth)
  if (!(thousandths <= 1000)) throw new SmartshareError('USAGE', 'a commission is 0 … 100 percent, with one decimal')
  return thousandths
}
