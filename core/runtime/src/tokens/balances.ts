import { ADDRESS_BYTES, SSP, tokenSchema } from '@smartshare/chain'
import { amount, fixedBytes, record, SmartshareError } from '@smartshare/codec'
import { addAmount, addressOfModule, equalBytes, subAmount, TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import type { StateReader } from '@smartshare/state'
import type { Actor, EventKind, Host } from '../host.ts'
import { type StateWriter, Table } from '../table.ts'

/** Module number of tokens. */
export const TOKENS = 2

/** Pools of the system. Only modules move what they hold. */
export const pools = {
  /** What mining by sharing and delegates will earn. */
  mining: addressOfModule('mining'),
  /** Earned by delegates and paid out at the end of the term. */
  delegatePay: addressOfModule('delegate-pay'),
  /** What delegates shared with their voters and nobody collected yet. */
  voterPay: addressOfModule('voter-pay'),
  /** Explicit fee reserves of payers. */
  reserves: addressOfModule('reserves'),
  /** Bonds of delegates and stakes of voters. */
  stakes: addressOfModule('stakes'),
  /** Allocations that are released by time. */
  vesting: addressOfModule('vesting'),
  /** The foundation's 20 %, granted to participants. */
  foundation: addressOfModule('foundation'),
  /** Money locked in agreements: deposits and collateral. */
  agreements: addressOfModule('agreements'),
  /** What the bytes that contracts store lock, until they are freed. */
  contractState: addressOfModule('contract-state'),
  /** Highest fees, deposits and money of heavy calls that are not done yet. */
  heavyJobs: addressOfModule('heavy-jobs'),
} as const

const balances = new Table(TOKENS, 1, amount)

/** Money moved: from one address to another; an empty address never occurs. */
export const transferEvent = {
  target: TOKENS,
  name: 'transfer',
  schema: record({
    token: tokenSchema,
    from: fixedBytes(ADDRESS_BYTES),
    to: fixedBytes(ADDRESS_BYTES),
    amount,
  }),
} satisfies EventKind<unknown>

/** SSP balance of an address in grains. */
export function balanceOf(reader: Pick<StateReader, 'get'>, address: Uint8Array): bigint {
  return balances.get(reader, address) ?? 0n
}

/** State key of a balance, for proofs and for views at earlier heights. */
export function balanceKey(address: Uint8Array): Uint8Array {
  return balances.key(address)
}

function setBalance(writer: StateWriter, address: Uint8Array, grains: bigint): void {
  if (grains === 0n) balances.delete(writer, address)
  else balances.set(writer, grains, address)
}

function move(host: Host, from: Uint8Array, to: Uint8Array, grains: bigint, floorGrains: bigint): void {
  if (grains === 0n) return
  const available = balanceOf(host, from)
  if (available < grains) {
    throw new SmartshareError('TOKENS_BALANCE', `a balance of ${available} grains does not cover ${grains}`, {
      available,
      needed: grains,
    })
  }
  if (available - grains < floorGrains) {
    throw new SmartshareError(
      'TOKENS_RESERVE',
      `the balance would fall below the ${floorGrains} grains that are reserved for fees`,
      { available, needed: grains, reserve: floorGrains },
    )
  }
  if (!equalBytes(from, to)) {
    setBalance(host, from, subAmount(available, grains))
    setBalance(host, to, addAmount(balanceOf(host, to), grains))
  }
  host.emit(transferEvent, { token: SSP, from, to, amount: grains })
}

/** The acting account pays: its balance stays above the floor of its fee reserve. Throws TOKENS_*. */
export function spend(host: Host, from: Uint8Array, to: Uint8Array, grains: bigint): void {
  move(host, from, to, grains, checkPayer(host, from).floorGrains)
}

/** Only the account that acts can be made to pay. Throws TOKENS_SENDER. */
export function checkPayer(host: Host, from: Uint8Array): Actor {
  if (host.actor !== undefined && equalBytes(host.actor.sender, from)) return host.actor
  throw new SmartshareError('TOKENS_SENDER', 'only the account that acts can be made to pay')
}

/** A module pays out of its pool. Throws TOKENS_BALANCE. */
export function release(host: Host, pool: Uint8Array, to: Uint8Array, grains: bigint): void {
  move(host, pool, to, grains, 0n)
}

/**
 * Takes a fee out of a balance, which a caller may have read already, without an event: the receipt records it, and the block's own
 * receipt shares it out.
 */
export function takeFee(host: Host, payer: Uint8Array, grains: bigint, balance = balanceOf(host, payer)): void {
  if (grains > 0n) setBalance(host, payer, subAmount(balance, grains))
}

/** Puts fees taken by `takeFee` into a pool. */
export function creditFee(host: Host, pool: Uint8Array, grains: bigint): void {
  if (grains > 0n) setBalance(host, pool, addAmount(balanceOf(host, pool), grains))
}

/** Gives genesis its balances; the sum must be the whole supply. */
export function allocate(writer: StateWriter, allocations: readonly { address: Uint8Array; grains: bigint }[]): void {
  let total = 0n
  for (const { address, grains } of allocations) {
    total = addAmount(total, grains)
    setBalance(writer, address, addAmount(balanceOf(writer, address), grains))
  }
  if (total !== TOTAL_SUPPLY_GRAINS) {
    throw new SmartshareError('GENESIS_SUPPLY', `genesis allocates ${total} grains and not ${TOTAL_SUPPLY_GRAINS}`)
  }
}

/** True if `key` is the state key of a balance: the supply check of a block looks at these. */
export function isBalanceKey(key: Uint8Array): boolean {
  return key.length === 2 + ADDRESS_BYTES && key[0] === TOKENS && key[1] === 1
}

/** Every balance, in the order of addresses; for audits, not for blocks. */
export function* allBalances(reader: StateReader): Generator<[Uint8Array, bigint]> {
  yield* balances.entries(reader, [], { limit: Number.MAX_SAFE_INTEGER })
}
