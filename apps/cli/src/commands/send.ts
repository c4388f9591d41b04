import { calls } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress, parseAmount, SSP_DECIMALS } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { sspText } from '../text.ts'

interface SendFlags {
  readonly token?: string
  readonly memo?: string
}

export function addSend(program: Command): void {
  const command = clientCommand(program, 'send <to> <amount>', 'pay an address, or a wallet by its name')
  command
    .option('--token <token>', 'token to send', 'SSP')
    .option('--memo <text>', 'a note that everybody can read, up to 128 bytes')
    .addHelpText(
      'after',
      `\nAMOUNT is in SSP with up to 8 decimals. The command returns when the payment is final.\n${examples(
        'smartshare send alice 12.5',
        'smartshare send ssp1… 0.00000001 --wallet bob --json',
      )}`,
    )
  command.action((to: string, amountText: string) =>
    withSession(command, async (session) => {
      const { token, memo } = command.opts<SendFlags>()
      if (token !== 'SSP') throw new SmartshareError('TOKENS_UNKNOWN', `there is no token ${token} on this network`)
      const amount = parseAmount(amountText, SSP_DECIMALS)
      const address = session.address(to)
      const note = memo === undefined ? null : new TextEncoder().encode(memo)
      const { id, height, receipt } = await session.send({ calls: [calls.transfer(address, amount, note)] })
      session.output.result(
        { tx: id, height, final: true, feeGrains: receipt.feeGrains },
        () =>
          `sent ${sspText(amount)} to ${formatAddress(address)}\nfinal at height ${height}, fee ${sspText(receipt.feeGrains)}\n${id}`,
      )
    }),
  )
}
