import { ADDRESS_BYTES, type Auth, MAX_LANES } from '@smartshare/chain'
import { amount, array, bytes, fixedBytes, optional, record, u64, uint } from '@smartshare/codec'
import { addressOfKey, equalBytes, MAX_POLICY_KEYS, type Policy } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { EventKind } from '../host.ts'
import { type StateWriter, Table } from '../table.ts'

/** Module number of accounts. */
export const ACCOUNTS = 1

export const policySchema = record({
  threshold: uint(MAX_POLICY_KEYS, 1),
  keys: array(bytes(34, 33), MAX_POLICY_KEYS, 1),
})

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

/** The keys of an account are these from now on. */
export const policyEvent = {
  target: ACCOUNTS,
  name: 'policy',
  schema: record({ account: fixedBytes(ADDRESS_BYTES), policy: policySchema }),
} satisfies EventKind<unknown>

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
