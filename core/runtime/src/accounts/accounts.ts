import { ADDRESS_BYTES, type Auth, MAX_LANES } from '@smartshare/chain'
import { amount, array, bytes, fixedBytes, optional, record, SmartshareError, u64, uint } from '@smartshare/codec'
import {
  addAmount,
  addressOfKey,
  addressOfPolicy,
  checkPolicy,
  equalBytes,
  MAX_POLICY_KEYS,
  type Policy,
} from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { EventKind, Host } from '../host.ts'
import type { Method, Module } from '../module.ts'
import { type StateWriter, Table } from '../table.ts'
import { pools, release, spend } from '../tokens/balances.ts'

/** Module number of accounts. */
const ACCOUNTS = 1

const policySchema = record({ threshold: uint(MAX_POLICY_KEYS, 1), keys: array(bytes(34, 33), MAX_POLICY_KEYS, 1) })

const accountSchema = record({
  /** Who may act; null: the key of which the address is the hash. */
  policy: optional(policySchema),
  /** Next nonce of each lane, up to the highest lane used. */
  nonces: array(u64, MAX_LANES),
  /** Explicit fee reserve, beyond what the balance reserves by itself. */
  reserve: amount,
  /** Part of the reserve that is on its way out: it pays no more fees. */
  withdrawal: optional(record({ amount, height: uint() })),
})

export interface Account {
  policy: Policy | null
  nonces: bigint[]
  reserve: bigint
  withdrawal: { amount: bigint; height: number } | null
}

const accounts = new Table<Account>(ACCOUNTS, 1, accountSchema)

const policyEvent = {
  target: ACCOUNTS,
  name: 'policy',
  schema: record({ account: fixedBytes(ADDRESS_BYTES), policy: policySchema }),
} satisfies EventKind<unknown>

/** An explicit reserve changed: what it holds now, and what of it is on its way out. */
const reserveEvent = {
  target: ACCOUNTS,
  name: 'reserve',
  schema: record({ account: fixedBytes(ADDRESS_BYTES), reserve: amount, withdrawing: amount }),
} satisfies EventKind<unknown>

/** `accounts.setPolicy`: from now on these keys act for the sender; the address stays (key rotation, k-of-n). */
const setPolicy: Method<{ policy: Policy }> = {
  id: 1,
  name: 'setPolicy',
  arguments: record({ policy: policySchema }),
  gas: 0,
  check: ({ policy }) => checkPolicy(policy),
  execute(host, { policy }, sender) {
    accounts.set(host, { ...getAccount(host, sender), policy }, sender)
    host.emit(policyEvent, { account: sender, policy })
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
    accounts.set(host, { ...account, policy }, address)
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
  methods: [setPolicy, revealPolicy, depositReserve, withdrawReserve, claimReserve],
  events: [policyEvent, reserveEvent],
}

function checkPositive(args: { amount: bigint }): void {
  if (args.amount === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'an amount of nothing')
}

function storeReserve(host: Host, address: Uint8Array, account: Account): void {
  accounts.set(host, account, address)
  host.emit(reserveEvent, {
    account: address,
    reserve: account.reserve,
    withdrawing: account.withdrawal?.amount ?? 0n,
  })
}

/** The account of an address; one that never acted has an empty record. */
export function getAccount(reader: Pick<StateReader, 'get'>, address: Uint8Array): Account {
  return accounts.get(reader, address) ?? { policy: null, nonces: [], reserve: 0n, withdrawal: null }
}

/** State key of an account's record. */
export function accountKey(address: Uint8Array): Uint8Array {
  return accounts.key(address)
}

export function setAccount(writer: StateWriter, address: Uint8Array, account: Account): void {
  accounts.set(writer, account, address)
}

/** Next nonce of a lane. */
export function nextNonce(account: Account, lane: number): bigint {
  return account.nonces[lane] ?? 0n
}

/** The account with the nonce of a lane used up. */
export function withNonceUsed(account: Account, lane: number, nonce: bigint): Account {
  const nonces = account.nonces.slice()
  while (nonces.length <= lane) nonces.push(0n)
  nonces[lane] = nonce + 1n
  return { ...account, nonces }
}

/** Grains of the explicit reserve that pay fees: what is being withdrawn does not. */
export function payingReserve(account: Account): bigint {
  const leaving = account.withdrawal?.amount ?? 0n
  return account.reserve > leaving ? account.reserve - leaving : 0n
}

/**
 * Whether these keys may act for the account. `party` is an address or a public key as it stands in the transaction;
 * the signatures themselves were checked before.
 */
export function mayAct(account: Account, address: Uint8Array, party: Uint8Array, auth: Auth): boolean {
  const keys = auth.map(({ key }) => key ?? party)
  const { policy } = account
  if (policy === null) return keys.length === 1 && equalBytes(addressOfKey(keys[0]!), address)
  const known = keys.filter((key) => policy.keys.some((allowed) => equalBytes(allowed, key)))
  return known.length === keys.length && known.length >= policy.threshold
}
