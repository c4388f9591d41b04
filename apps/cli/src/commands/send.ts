import { SSP } from '@smartshare/chain'
import { calls, parseUnits, SSP_UNIT, type TokenUnit, unitsText } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, sponsored, withSession } from '../session.ts'
import { sspText } from '../text.ts'

interface SendFlags {
  readonly token: string
  readonly from?: string
  readonly memo?: string
}

export function addSend(program: Command): void {
  const command = clientCommand(program, 'send <to> <amount>', 'pay an address, or a wallet by its name')
  sponsored(command)
    .option('--token <token>', 'token to send: SSP, an address or a symbol', SSP_UNIT.text)
    .option('--from <account>', 'whose tokens to move, if it approved that')
    .option('--memo <text>', 'a note that everybody can read, up to 128 bytes')
    .addHelpText(
      'after',
      `\nAMOUNT is in SSP with up to 8 decimals, or in the token. The command returns when the payment is final.\n${examples(
        'smartshare send alice 12.5',
        'smartshare send alice 3 --token ACME',
        'smartshare send alice 3 --token ACME --sponsor acme',
        'smartshare send ssp1… 0.00000001 --wallet bob --json',
      )}`,
    )
  command.action((toText: string, amountText: string) =>
    withSession(command, async (session) => {
      const flags = command.opts<SendFlags>()
      const unit = await session.token(flags.token)
      const amount = parseUnits(amountText, unit)
      const to = session.address(toText)
      const { id, height, receipt } = await session.send({ calls: [callFor(unit, to, amount, flags, session)] })
      session.output.result(
        { tx: id, height, final: true, feeGrains: receipt.feeGrains, payer: receipt.payer, token: unit.text },
        () =>
          `sent ${unitsText(amount, unit)} to ${formatAddress(to)}\n${unit === SSP_UNIT ? '' : `token ${unit.text}\n`}final at height ${height}, fee ${sspText(receipt.feeGrains)}\n${id}`,
      )
    }),
  )
}

function callFor(unit: TokenUnit, to: Uint8Array, amount: bigint, { from, memo }: SendFlags, session: Session) {
  const note = memo === undefined ? null : new TextEncoder().encode(memo)
  if (from === undefined) return calls.transfer(to, amount, note, unit.token)
  if (unit.token === SSP) throw new SmartshareError('USAGE', '--from is for tokens: SSP has no allowances')
  if (note !== null) throw new SmartshareError('USAGE', '--memo does not go with --from')
  return calls.transferFrom(unit.token, session.address(from), to, amount)
}
