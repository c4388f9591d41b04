import { SmartshareError } from '@smartshare/codec'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, sspText } from '../text.ts'

const ID = /^[0-9a-f]{64}$/

export function addTx(program: Command): void {
  const command = clientCommand(program, 'tx <id>', 'where a transaction is, and what it did')
  command.addHelpText('after', examples('smartshare tx 5f0c…', 'smartshare tx 5f0c… --json'))
  command.action((id: string) =>
    withSession(command, async (session) => {
      if (!ID.test(id)) throw new SmartshareError('HEX_INVALID', 'a transaction id has 64 hexadecimal digits')
      const { state, height, index, receipt } = await (await session.client()).rpc.transaction(id)
      if (state === 'unknown') throw new SmartshareError('RPC_NOT_FOUND', `no node asked knows transaction ${id}`)
      session.output.result({ tx: id, state, height, index, receipt }, () => {
        if (receipt === null)
          return factsText([
            ['transaction', id],
            ['state', 'waits for a block'],
          ])
        const { error, events } = receipt
        return factsText([
          ['transaction', id],
          ['state', `${receipt.status} at height ${height}`],
          ...(error === null ? [] : [['error', `${error.code}: ${error.message}`] as const]),
          ['fee', `${sspText(receipt.feeGrains)} for ${receipt.gasUsed} gas, paid by ${receipt.payer}`],
          ...events.map((event) => ['event', `${event.from}.${event.name} ${JSON.stringify(event.data)}`] as const),
        ])
      })
    }),
  )
}
