import { calls, parseUnits, type TokenUnit, unitsText } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { formatAddress } from '@smartshare/crypto'
import { MAX_PAYMENTS } from '@smartshare/runtime'
import type { Command } from 'commander'
import { clientCommand, examples, type Session, sponsored, withSession } from '../session.ts'
import { sspText } from '../text.ts'
import { readBounded } from '../trust-file.ts'

/** Receivers of one command: their transaction fits in a block beside others. */
const MOST_RECEIVERS = 1000
const MOST_FILE_BYTES = 256 * 1024

interface TransferFlags {
  readonly to?: string[]
  readonly file?: string
}

interface Payment {
  readonly to: Uint8Array
  readonly amount: bigint
}

export function addTransfer(parent: Command): void {
  const command = clientCommand(parent, 'transfer <token>', 'pay many receivers at once: all of them, or none')
  sponsored(command)
    .option('--to <account=amount>', 'a receiver and what it gets; as often as there are receivers', collect)
    .option('--file <file>', 'receivers from a file: on each line an account, a comma, an amount; # begins a remark')
    .addHelpText(
      'after',
      `\nTOKEN is SSP, an address or a symbol. At most ${MOST_RECEIVERS} receivers, each named once.\n${examples(
        'smartshare token transfer ACME --to alice=3 --to bob=4.5',
        'smartshare token transfer ACME --file receivers.csv --sponsor acme --json',
      )}`,
    )
  command.action((text: string) =>
    withSession(command, async (session) => {
      const unit = await session.token(text)
      const payments = paymentsOf(session, unit, command.opts<TransferFlags>())
      const sending = parts(payments).map((some) => calls.transferMany(some, unit.token))
      const { id, height, receipt } = await session.send({ calls: sending })
      const amount = payments.reduce((sum, one) => sum + one.amount, 0n)
      const { feeGrains, payer } = receipt
      session.output.result(
        { tx: id, height, final: true, feeGrains, payer, token: unit.text, receivers: payments.length, amount },
        () =>
          `sent ${unitsText(amount, unit)} in all to ${payments.length} receivers\nfinal at height ${height}, fee ${sspText(feeGrains)} of ${payer}\n${id}`,
      )
    }),
  )
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

/** Throws USAGE, CLI_FILE, AMOUNT_TEXT or ADDRESS_*; where a line of a file is wrong, its number is told. */
function paymentsOf(session: Session, unit: TokenUnit, { to = [], file }: TransferFlags): Payment[] {
  const payments = to.map((text) => paymentOf(session, unit, text, '=', `--to ${text}`))
  if (file !== undefined) {
    for (const [i, line] of linesOf(file).entries()) {
      const text = line.replace(/#.*/, '').trim()
      if (text !== '') payments.push(paymentOf(session, unit, text, ',', `${file}, line ${i + 1}`))
    }
  }
  if (payments.length === 0) throw new SmartshareError('USAGE', 'name receivers by --to or --file')
  if (payments.length > MOST_RECEIVERS) {
    throw new SmartshareError('USAGE', `${payments.length} receivers: at most ${MOST_RECEIVERS} are paid at once`)
  }
  const seen = new Set<string>()
  for (const { to: receiver } of payments) {
    const name = formatAddress(receiver)
    if (seen.has(name)) throw new SmartshareError('USAGE', `${name} is named twice`)
    seen.add(name)
  }
  return payments
}

function paymentOf(session: Session, unit: TokenUnit, text: string, sign: string, where: string): Payment {
  const [account = '', amount = '', ...rest] = text.split(sign).map((part) => part.trim())
  if (account === '' || amount === '' || rest.length > 0) {
    throw new SmartshareError('USAGE', `${where}: write an account, ${sign} and an amount`)
  }
  try {
    return { to: session.address(account), amount: parseUnits(amount, unit) }
  } catch (error) {
    if (!SmartshareError.is(error)) throw error
    throw new SmartshareError(error.code, `${where}: ${error.message}`, {}, error)
  }
}

function linesOf(file: string): string[] {
  return new TextDecoder().decode(readBounded(file, MOST_FILE_BYTES, 'USAGE')).split('\n')
}

/** Parts of as many as one call takes. */
function parts(payments: readonly Payment[]): Payment[][] {
  const count = Math.ceil(payments.length / MAX_PAYMENTS)
  return Array.from({ length: count }, (_, i) => payments.slice(i * MAX_PAYMENTS, (i + 1) * MAX_PAYMENTS))
}
