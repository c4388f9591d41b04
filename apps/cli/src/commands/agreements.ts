import { SSP } from '@smartshare/chain'
import { findToken, type RpcClient, SSP_UNIT, type TokenUnit, unitsText } from '@smartshare/client'
import { formatAddress, toHex } from '@smartshare/crypto'
import type { AgreementView } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { tableText } from '../text.ts'

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
      const units = session.output.json ? new Map<string, TokenUnit>() : await unitsOf(rpc, listed)
      session.output.result(listed, () =>
        tableText(
          ['id', 'state', 'object', 'size', 'provider', 'paid', 'held', 'locked', 'readings'],
          listed.map((one) => [
            String(one.id),
            one.settled ? one.state : `${one.state} (not settled)`,
            one.object.slice(0, 8),
            String(one.sizeBytes),
            `${one.provider.slice(0, 12)}…`,
            unitsText(one.paidGrains, units.get(one.token)!),
            unitsText(one.heldGrains, units.get(one.token)!),
            unitsText(one.escrowGrains, units.get(one.token)!),
            `${one.readings} of ${one.periods}`,
          ]),
          'no agreements',
        ),
      )
    }),
  )
}

/** How amounts are written, by token; each is asked for once. */
async function unitsOf(rpc: RpcClient, listed: readonly { token: string }[]): Promise<Map<string, TokenUnit>> {
  const units = new Map<string, TokenUnit>()
  for (const { token } of listed) if (!units.has(token)) units.set(token, await findToken(rpc, token))
  return units
}

function asJson(view: AgreementView) {
  const { agreement, token, buyer, provider, object, copyId, nextInspection, root, segments: _, ...rest } = view
  return {
    id: agreement,
    ...rest,
    token: token === SSP ? SSP_UNIT.text : formatAddress(token),
    buyer: formatAddress(buyer),
    provider: formatAddress(provider),
    object: toHex(object),
    copy: toHex(copyId),
    root: root === null ? null : toHex(root),
    nextInspection: nextInspection && { ...nextInspection, seed: nextInspection.seed && toHex(nextInspection.seed) },
  }
}
