import { parseTransaction } from '@smartshare/chain'
import { bytesOfBase64 } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { Command } from 'commander'
import { clientCommand, examples, withSession } from '../session.ts'
import { factsText, timeText } from '../text.ts'

const LATEST = 'latest'
const PAGE = 1000
/** Transactions named to a person; the whole list stands in the JSON. */
const MAX_SHOWN = 20

export function addBlock(program: Command): void {
  const command = clientCommand(program, 'block [height]', 'a final block and the ids of its transactions')
  command.addHelpText('after', examples('smartshare block', 'smartshare block 17 --json'))
  command.action((text: string = LATEST) =>
    withSession(command, async (session) => {
      const { rpc, chainId } = await session.client()
      const height = text === LATEST ? (await rpc.status()).height : Number(text)
      if (!Number.isSafeInteger(height) || height < 1) {
        throw new SmartshareError('USAGE', 'HEIGHT is `latest` or a number from 1; genesis is no block')
      }
      const { header } = await rpc.block(height, { limit: 0 })
      const transactions: string[] = []
      while (transactions.length < header.transactionCount) {
        const page = await rpc.block(height, { skip: transactions.length, limit: PAGE })
        if (page.transactions.length === 0) break
        transactions.push(...page.transactions.map((wire) => toHex(parseTransaction(bytesOfBase64(wire), chainId).id)))
      }
      const { encoded: _encoded, ...facts } = header
      session.output.result({ ...facts, transactions }, () =>
        factsText([
          ['block', `${header.height} ${header.hash}`],
          ['parent', header.parent],
          ['time', timeText(header.timeMs)],
          ['made by', `seat ${header.leader} of term ${header.term} in slot ${header.slot}`],
          ['names state', `${header.stateRoot} of height ${header.rootHeight}`],
          ['load', `${header.transactionCount} transactions, ${header.gas} gas`],
          ...transactions.slice(0, MAX_SHOWN).map((id) => ['transaction', id] as const),
          ...(transactions.length > MAX_SHOWN ? [['', `and ${transactions.length - MAX_SHOWN} more`] as const] : []),
        ]),
      )
    }),
  )
}
