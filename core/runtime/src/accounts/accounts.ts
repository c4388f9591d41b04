import { ADDRESS_BYTES } from '@smartshare/chain'
import { amount, fixedBytes, record, SmartshareError } from '@smartshare/codec'
import { addAmount, addressOfPolicy, checkPolicy, type Policy } from '@smartshare/crypto'
import type { EventKind, Host } from '../host.ts'
import type { Method, Module } from '../module.ts'
import { pools, release, spend } from '../tokens/balances.ts'
import { ACCOUNTS, type Account, getAccount, policyEvent, policySchema, setAccount } from './account.ts'
import {
  approveRecovery,
  forgetRecovery,
  guardiansEvent,
  recover,
  recoveryEvent,
  setGuardians,
  vetoRecovery,
} from './guardians.ts'

/** An explicit reserve changed: what it holds now, and what of it is on its way out. */
const reserveEvent = {
  target: ACCOUNTS,
  name: 'reserve',
  schema: record({ account: fixedBytes(ADDRESS_BYTES), reserve: amount, withdrawing: amount }),
} satisfies EventKind<unknown>

/**
 * `accounts.setPolicy`: from now on these keys act for the sender; the address stays (key rotation, k-of-n). A recovery under
 * way ends: who acts has lost nothing.
 */
const setPolicy: Method<{ policy: Policy }> = {
  id: 1,
  name: 'setPolicy',
  arguments: record({ policy: policySchema }),
  gas: 0,
  check: ({ policy }) => checkPolicy(policy),
  execute(host, { policy }, sender) {
    setAccount(host, sender, { ...getAccount(host, sender), policy })
    host.emit(policyEvent, { account: sender, policy })
    forgetRecovery(host, sender)
  },
}

/** `accounts.revealPolicy`: registers the policy whose hash an address is, so that its keys can act. Anybody may. */
const revealPolicy: Method<{ policy: Policy }> = {
  id: 2,
  name: 'revealPolicy',
  arguments: record({ policy: policySchema }),
  gas: 0,
  check: ({ policy }) => checkPolicy(policy),
  execute(host, { policy }) {
    const address = addressOfPolicy(policy)
    const account = getAccount(host, address)
    if (account.policy !== null) throw new SmartshareError('ACCOUNT_POLICY', 'the account has a policy already')
    setAccount(host, address, { ...account, policy })
    host.emit(policyEvent, { account: address, policy })
  },
}

/** `accounts.depositReserve`: sets grains aside that pay fees only, for payers of many transactions. */
const depositReserve: Method<{ amount: bigint }> = {
  id: 3,
  name: 'depositReserve',
  arguments: record({ amount }),
  gas: 0,
  check: checkPositive,
  execute(host, args, sender) {
    spend(host, sender, pools.reserves, args.amount)
    const account = getAccount(host, sender)
    storeReserve(host, sender, { ...account, reserve: addAmount(account.reserve, args.amount) })
  },
}

/** `accounts.withdrawReserve`: after the delay the grains may be claimed; until then they neither pay nor come back. */
const withdrawReserve: Method<{ amount: bigint }> = {
  id: 4,
  name: 'withdrawReserve',
  arguments: record({ amount }),
  gas: 0,
  check: checkPositive,
  execute(host, args, sender) {
    const account = getAccount(host, sender)
    if (account.withdrawal !== null) throw new SmartshareError('ACCOUNT_WITHDRAWAL', 'a withdrawal is under way')
    if (account.reserve < args.amount) {
      throw new SmartshareError('ACCOUNT_RESERVE', `the reserve holds ${account.reserve} grains`, {
        reserve: account.reserve,
      })
    }
    const height = host.block.height + host.parameters.reserveWithdrawalBlocks
    storeReserve(host, sender, { ...account, withdrawal: { amount: args.amount, height } })
  },
}

/** `accounts.claimReserve`: takes back what was withdrawn, after the delay. */
const claimReserve: Method<Record<string, never>> = {
  id: 5,
  name: 'claimReserve',
  arguments: record({}),
  gas: 0,
  check: () => undefined,
  execute(host, _, sender) {
    const account = getAccount(host, sender)
    const { withdrawal } = account
    if (withdrawal === null || withdrawal.height > host.block.height) {
      throw new SmartshareError('ACCOUNT_WITHDRAWAL', 'there is no withdrawal that may be claimed yet')
    }
    // Fees may have used up part of what was to come back, if the rest of the reserve did not cover them.
    const grains = account.reserve < withdrawal.amount ? account.reserve : withdrawal.amount
    release(host, pools.reserves, sender, grains)
    storeReserve(host, sender, { ...account, reserve: account.reserve - grains, withdrawal: null })
  },
}

export const accountsModule: Module = {
  id: ACCOUNTS,
  name: 'accounts',
  methods: [
    ...[setPolicy, revealPolicy, depositReserve, withdrawReserve, claimReserve],
    ...[setGuardians, approveRecovery, vetoRecovery, recover],
  ],
  events: [policyEvent, reserveEvent, guardiansEvent, recoveryEvent],
}

function checkPositive(args: { amount: bigint }): void {
  if (args.amount === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'an amount of nothing')
}

function storeReserve(host: Host, address: Uint8Array, account: Account): void {
  setAccount(host, address, account)
  host.emit(reserveEvent, {
    account: address,
    reserve: account.reserve,
    withdrawing: account.withdrawal?.amount ?? 0n,
  })
}
