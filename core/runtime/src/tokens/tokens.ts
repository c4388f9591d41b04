import { ADDRESS_BYTES, type Token, tokenSchema } from '@smartshare/chain'
import { amount, array, bytes, fixedBytes, optional, record, SmartshareError } from '@smartshare/codec'
import type { Method, Module } from '../module.ts'
import { allowanceEvents, approve, permit, transferFrom } from './allowances.ts'
import { TOKENS, transferEvent } from './balances.ts'
import { burn, freeze, mint, setRole, supplyEvents, unfreeze } from './coin-methods.ts'
import { spendToken } from './coins.ts'
import { issue, issueEvents } from './issue.ts'

export {
  allBalances,
  allocate,
  balanceKey,
  balanceOf,
  creditFee,
  pools,
  release,
  spend,
  takeFee,
} from './balances.ts'

const MAX_MEMO_BYTES = 128
/** Payments of one `transferMany`. */
export const MAX_PAYMENTS = 256

const memo = optional(bytes(MAX_MEMO_BYTES, 1))
const payment = { to: fixedBytes(ADDRESS_BYTES), amount }

interface Payment {
  to: Uint8Array
  amount: bigint
}

/** `tokens.transfer`: the sender pays `amount` of a token to `to`. */
const transfer: Method<{ to: Uint8Array; token: Token; amount: bigint; memo: Uint8Array | null }> = {
  id: 1,
  name: 'transfer',
  arguments: record({ to: payment.to, token: tokenSchema, amount, memo }),
  gas: 0,
  check(args) {
    if (args.amount === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'a transfer of nothing')
  },
  execute(host, { token, to, amount: units }, sender) {
    spendToken(host, token, sender, to, units)
  },
}

/** `tokens.transferMany`: the sender pays several; all or nothing. */
const transferMany: Method<{ token: Token; payments: Payment[]; memo: Uint8Array | null }> = {
  id: 3,
  name: 'transferMany',
  arguments: record({ token: tokenSchema, payments: array(record(payment), MAX_PAYMENTS, 1), memo }),
  gas: 0,
  check({ payments }) {
    if (payments.some((one) => one.amount === 0n)) throw new SmartshareError('TOKENS_AMOUNT', 'a payment of nothing')
  },
  execute(host, { token, payments }, sender) {
    for (const { to, amount: units } of payments) spendToken(host, token, sender, to, units)
  },
}

/** SSP, and the IOT_Coins that vendors issue. */
export const tokens: Module = {
  id: TOKENS,
  name: 'tokens',
  methods: [
    ...[transfer, issue, transferMany, mint, burn],
    ...[freeze, unfreeze, setRole, approve, transferFrom, permit],
  ],
  events: [transferEvent, ...issueEvents, ...supplyEvents, ...allowanceEvents],
}
