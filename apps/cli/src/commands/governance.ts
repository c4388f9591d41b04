import { calls, type ProposalInfo } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, withSession } from '../session.ts'
import { factsText, tableText } from '../text.ts'

const PROPOSALS_SHOWN = 100

export function addGovernance(program: Command): void {
  const governance = program
    .command('governance')
    .description('new versions of the protocol and of its parameters, which delegates decide')
  addPropose(governance)
  addVote(governance)
  addList(governance)
  addShow(governance)
}

interface ProposeFlags {
  readonly term?: string
  readonly protocolVersion?: string
  readonly set?: readonly string[]
  readonly memo?: string
}

function addPropose(governance: Command): void {
  const command = clientCommand(governance, 'propose', 'propose a version, new parameters or both, and vote for it')
  command
    .option('--protocol-version <number>', 'version of the protocol (default: the one in force)')
    .option('--set <name=value...>', 'new value of a parameter; several may follow')
    .option('--term <number>', 'first term in which it is in force (default: the first possible one)')
    .option('--memo <text>', 'what it is about, or where that is written')
    .addHelpText(
      'after',
      examples(
        'smartshare governance propose --protocol-version 2 --term 40 --wallet delegate-1',
        'smartshare governance propose --set leastBasePrice=20 electionSteps=10000 --memo https://… --json',
      ),
    )
  command.action(() =>
    withSession(command, async (session) => {
      const flags = command.opts<ProposeFlags>()
      const { governance: ask } = (await session.client()).rpc
      const rules = await ask.rules()
      const done = await session.send({
        calls: [
          calls.propose({
            version: flags.protocolVersion === undefined ? rules.version : numberOf(flags.protocolVersion),
            changes: (flags.set ?? []).map(changeOf),
            activationTerm: flags.term === undefined ? rules.term + rules.delayTerms + 1 : numberOf(flags.term),
            memo: flags.memo ?? '',
          }),
        ],
      })
      const proposed = done.receipt.events.find(({ name }) => name === 'proposed')
      await show(session, Number(proposed?.data?.proposal), done.id)
    }),
  )
}

function addVote(governance: Command): void {
  const command = clientCommand(governance, 'vote <proposal>', 'vote for a proposal, with the wallet of a delegate')
  command
    .option('--against', 'vote against it')
    .addHelpText(
      'after',
      `\nA delegate has one vote for each proposal and may change it. Decided is what more than two thirds are for.\n${examples(
        'smartshare governance vote 3 --wallet delegate-1',
        'smartshare governance vote 3 --against --json',
      )}`,
    )
  command.action((text: string) =>
    withSession(command, async (session) => {
      const proposal = numberOf(text)
      const approve = command.opts<{ against?: boolean }>().against !== true
      const done = await session.send({ calls: [calls.voteProposal(proposal, approve)] })
      await show(session, proposal, done.id)
    }),
  )
}

function addList(governance: Command): void {
  const command = clientCommand(governance, 'list', 'proposals, the latest first')
  command.addHelpText('after', examples('smartshare governance list', 'smartshare governance list --json'))
  command.action(() =>
    withSession(command, async (session) => {
      const { proposals } = await (await session.client()).rpc.governance.list({ limit: PROPOSALS_SHOWN })
      session.output.result(proposals, () =>
        tableText(
          ['number', 'state', 'version', 'from term', 'for', 'against', 'changes'],
          proposals.map((one) => [
            `${one.proposal}`,
            one.state,
            `${one.version}`,
            `${one.activationTerm}`,
            `${one.approvals.length}`,
            `${one.rejections.length}`,
            changesText(one),
          ]),
          'nothing was ever proposed',
        ),
      )
    }),
  )
}

function addShow(governance: Command): void {
  const command = clientCommand(governance, 'show [proposal]', 'a proposal; without one, the rules that are in force')
  command.addHelpText('after', examples('smartshare governance show', 'smartshare governance show 3 --json'))
  command.action((text: string | undefined) =>
    withSession(command, async (session) => {
      if (text !== undefined) return show(session, numberOf(text))
      const rules = await (await session.client()).rpc.governance.rules()
      const { next } = rules
      session.output.result(rules, () =>
        factsText([
          ['term', `${rules.term}`],
          ['version', `${rules.version}`],
          [
            'decided',
            next === null ? 'nothing' : `proposal ${next.proposal}: version ${next.version} from term ${next.term}`,
          ],
          ['delay', `${rules.delayTerms} whole terms between a decision and its activation`],
          ...rules.parameters.map(({ name, value, least, most }) => [name, `${value} (${least} … ${most})`] as const),
        ]),
      )
    }),
  )
}

/** The proposal as it stands now, and the transaction that was made about it. */
async function show(session: Session, id: number, tx?: string): Promise<void> {
  const found = await (await session.client()).rpc.governance.get(id)
  session.output.result({ ...found, ...(tx !== undefined && { tx }) }, () =>
    factsText([
      ['proposal', `${found.proposal} of ${found.proposer}`],
      ['state', found.state],
      ['version', `${found.version}`],
      ['changes', changesText(found)],
      ['from term', `${found.activationTerm}`],
      ['for', found.approvals.join(', ') || 'nobody'],
      ['against', found.rejections.join(', ') || 'nobody'],
      ...(found.memo === '' ? [] : [['memo', found.memo] as const]),
    ]),
  )
}

function changesText({ changes }: ProposalInfo): string {
  return changes.map(({ name, value }) => `${name}=${value}`).join(' ') || 'none'
}

function numberOf(text: string): number {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text)
  throw new SmartshareError('USAGE', `${text} is no number of a proposal, term or version`)
}

function changeOf(text: string): { name: string; value: bigint } {
  const [, name, value] = /^(\w+)=(0|[1-9][0-9]{0,18})$/.exec(text) ?? []
  if (name !== undefined && value !== undefined) return { name, value: BigInt(value) }
  throw new SmartshareError('USAGE', `${text} is not like leastBasePrice=20`)
}
