import { formatAddress, toHex } from '@smartshare/crypto'
import type { AgreementView } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { sspText, tableText } from '../text.ts'

/** Most that one answer lists; a wallet with more asks for them object by object. */
const MAX_LISTED = 10_000

interface AgreementFlags {
  readonly open?: boolean
}

export function addAgreements(program: Command): void {
  const command = clientCommand(program, 'agreements [account]', 'agreements of an account, as buyer and as provider')
  command
    .option('--open', 'only those that are not over')
    .addHelpText('after', examples('smartshare agreements', 'smartshare agreements alice --open --json'))
  command.action((account: string | undefined) =>
    withSession(command, async (session) => {
      const { rpc } = await session.client()
      const address = formatAddress(session.address(account))
      const isOpen = command.opts<AgreementFlags>().open === true
      const listed: ReturnType<typeof asJson>[] = []
      for (const query of [{ buyer: address }, { provider: address }]) {
        for await (const view of rpc.market.agreements(query)) {
          if (isOpen && view.state !== 'active' && view.state !== 'matched') continue
          if (listed.length >= MAX_LISTED) break
          listed.push(asJson(view))
        }
      }
      session.output.result(listed, () =>
        tableText(
          ['id', 'state', 'object', 'size', 'provider', 'paid', 'held', 'locked', 'readings'],
          listed.map((one) => [
            String(one.id),
            one.settled ? one.state : `${one.state} (not settled)`,
            one.object.slice(0, 8),
            String(one.sizeBytes),
            `${one.provider.slice(0, 12)}…`,
            sspText(one.paidGrains),
            sspText(one.heldGrains),
            sspText(one.escrowGrains),
            `${one.readings} of ${one.periods}`,
          ]),
          'no agreements',
        ),
      )
    }),
  )
}

function asJson(view: AgreementView) {
  const { agreement, buyer, provider, object, copyId, nextInspection, root, segments: _, ...rest } = view
  return {
    id: agreement,
    ...rest,
    buyer: formatAddress(buyer),
    provider: formatAddress(provider),
    object: toHex(object),
    copy: toHex(copyId),
    root: root === null ? null : toHex(root),
    nextInspection: nextInspection && { ...nextInspection, seed: nextInspection.seed && toHex(nextInspection.seed) },
  }
}
