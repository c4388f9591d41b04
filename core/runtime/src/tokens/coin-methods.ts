import { ADDRESS_BYTES } from '@smartshare/chain'
import { amount, bool, fixedBytes, optional, record, SmartshareError, uint } from '@smartshare/codec'
import { addAmount, equalBytes } from '@smartshare/crypto'
import type { EventKind, Host } from '../host.ts'
import type { Method } from '../module.ts'
import { TOKENS } from './balances.ts'
import {
  type Coin,
  getCoin,
  isPool,
  saveCoin,
  setFrozen,
  setHolding,
  tokenBalanceOf,
  tokenInfo,
  withdraw,
} from './coins.ts'

const address = fixedBytes(ADDRESS_BYTES)

/** Roles of a token by their numbers. */
export const ROLES = ['admin', 'minter', 'freezer'] as const
export type Role = (typeof ROLES)[number]

/** Units came into being, or ceased to be; `supply` is what there is afterwards. */
const mintedEvent = {
  target: TOKENS,
  name: 'minted',
  schema: record({ token: address, to: address, amount, supply: amount }),
} satisfies EventKind<unknown>

const burntEvent = {
  target: TOKENS,
  name: 'burnt',
  schema: record({ token: address, from: address, amount, supply: amount }),
} satisfies EventKind<unknown>

const frozenEvent = {
  target: TOKENS,
  name: 'frozen',
  schema: record({ token: address, account: address, frozen: bool }),
} satisfies EventKind<unknown>

const roleEvent = {
  target: TOKENS,
  name: 'role',
  schema: record({ token: address, role: uint(ROLES.length - 1), account: optional(address) }),
} satisfies EventKind<unknown>

export const supplyEvents = [mintedEvent, burntEvent, frozenEvent, roleEvent]

/** Creates units, within the cap. Throws TOKENS_CAP. */
export function createUnits(host: Host, token: Uint8Array, coin: Coin, to: Uint8Array, units: bigint): void {
  const supply = addAmount(coin.supply, units)
  if (supply > coin.cap) {
    throw new SmartshareError('TOKENS_CAP', `only ${coin.cap - coin.supply} units are left below the cap`, {
      left: coin.cap - coin.supply,
    })
  }
  saveCoin(host, token, { ...coin, supply })
  setHolding(host, token, to, addAmount(tokenBalanceOf(host, token, to), units))
  host.emit(mintedEvent, { token, to, amount: units, supply })
}

/** What a schedule lets be minted at a time: what was not used of the periods up to the one that runs, at most the cap. */
export function mintable({ schedule, cap }: Pick<Coin, 'schedule' | 'cap'>, sinceIssueMs: number): bigint | null {
  if (schedule === null) return null
  const available = schedule.available + BigInt(periodAt(schedule, sinceIssueMs) - schedule.period) * schedule.amount
  return available < cap ? available : cap
}

function periodAt({ periodMs }: { periodMs: number }, sinceIssueMs: number): number {
  return Math.floor(sinceIssueMs / periodMs)
}

/** The coin with units taken from its schedule. Throws TOKENS_SCHEDULE. */
function withMinted(coin: Coin, units: bigint, sinceIssueMs: number): Coin {
  const available = mintable(coin, sinceIssueMs)
  if (available === null || coin.schedule === null) return coin
  if (units > available) {
    throw new SmartshareError('TOKENS_SCHEDULE', `the schedule lets only ${available} units be minted now`, {
      available,
    })
  }
  const period = periodAt(coin.schedule, sinceIssueMs)
  return { ...coin, schedule: { ...coin.schedule, period, available: available - units } }
}

/** `tokens.mint`: the minter creates units. */
export const mint: Method<{ token: Uint8Array; to: Uint8Array; amount: bigint }> = {
  id: 4,
  name: 'mint',
  arguments: record({ token: address, to: address, amount }),
  gas: 0,
  check: checkPositive,
  execute(host, { token, to, amount: units }, sender) {
    const coin = getCoin(host, token)
    checkRole(coin, 'minter', sender)
    if (coin.deviceOnlyRewards) {
      throw new SmartshareError(
        'TOKENS_DEVICES',
        'only devices may be minted to, and this network knows no devices yet',
      )
    }
    const sinceIssueMs = host.block.timeMs - tokenInfo(host, token)!.issuedMs
    createUnits(host, token, withMinted(coin, units, sinceIssueMs), to, units)
  },
}

/** `tokens.burn`: the sender destroys units that it has, if the token lets its holders do so. */
export const burn: Method<{ token: Uint8Array; amount: bigint }> = {
  id: 5,
  name: 'burn',
  arguments: record({ token: address, amount }),
  gas: 0,
  check: checkPositive,
  execute(host, { token, amount: units }, sender) {
    const coin = getCoin(host, token)
    if (!coin.burnable) throw new SmartshareError('TOKENS_BURN', 'the token was issued without burning')
    withdraw(host, token, coin, sender, units)
    const supply = coin.supply - units
    saveCoin(host, token, { ...coin, supply })
    host.emit(burntEvent, { token, from: sender, amount: units, supply })
  },
}

function freezing(id: number, name: string, isOn: boolean): Method<{ token: Uint8Array; account: Uint8Array }> {
  return {
    id,
    name,
    arguments: record({ token: address, account: address }),
    gas: 0,
    check({ account }) {
      if (isPool(account)) throw new SmartshareError('TOKENS_POOL', 'a pool of the system cannot be frozen')
    },
    execute(host, { token, account }, sender) {
      checkRole(getCoin(host, token), 'freezer', sender)
      setFrozen(host, token, account, isOn)
      host.emit(frozenEvent, { token, account, frozen: isOn })
    },
  }
}

/** `tokens.freeze`: nothing leaves the balance of an address any more. */
export const freeze = freezing(6, 'freeze', true)

/** `tokens.unfreeze`: a frozen balance is its owner's again. */
export const unfreeze = freezing(7, 'unfreeze', false)

/**
 * `tokens.setRole`: who has a role hands it over, or gives it up for ever (`to` null). The admin may do so with every
 * role; none that is absent comes back.
 */
export const setRole: Method<{ token: Uint8Array; role: number; to: Uint8Array | null }> = {
  id: 8,
  name: 'setRole',
  arguments: record({ token: address, role: uint(ROLES.length - 1), to: optional(address) }),
  gas: 0,
  check: () => undefined,
  execute(host, { token, role: number, to }, sender) {
    const coin = getCoin(host, token)
    const role = ROLES[number]!
    const isAdmin = coin.admin !== null && equalBytes(coin.admin, sender)
    if (coin[role] === null || !isAdmin) checkRole(coin, role, sender)
    saveCoin(host, token, { ...coin, [role]: to })
    host.emit(roleEvent, { token, role: number, account: to })
  },
}

function checkPositive(args: { amount: bigint }): void {
  if (args.amount === 0n) throw new SmartshareError('TOKENS_AMOUNT', 'an amount of nothing')
}

function checkRole(coin: Coin, role: Role, sender: Uint8Array): void {
  const holder = coin[role]
  if (holder === null) throw new SmartshareError('TOKENS_ROLE', `the token has no ${role}, and never will`, { role })
  if (!equalBytes(holder, sender)) throw new SmartshareError('TOKENS_ROLE', `only the ${role} may do this`, { role })
}
