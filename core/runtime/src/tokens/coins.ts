import { ADDRESS_BYTES, HASH_BYTES, SSP, type Token } from '@smartshare/chain'
import {
  amount,
  bool,
  decode,
  fixedBytes,
  type Infer,
  optional,
  record,
  SmartshareError,
  text,
  uint,
} from '@smartshare/codec'
import { addAmount, addressOfToken, equalBytes, MAX_DECIMALS, subAmount } from '@smartshare/crypto'
import type { StateChange, StateReader } from '@smartshare/state'
import type { Host } from '../host.ts'
import { mapKey, uintKey } from '../keys.ts'
import { type Page, type PageOptions, pageOf } from '../offers/page.ts'
import { Table } from '../table.ts'
import { balanceOf, checkPayer, pools, release, spend, TOKENS, transferEvent } from './balances.ts'

/** All that a token may ever have, in its smallest units: as much as there are grains. */
export const MAX_CAP = 10n ** 18n
export const MAX_NAME_BYTES = 64
export const MAX_SYMBOL_BYTES = 12
const MAX_DESCRIPTION_BYTES = 512
const MAX_URI_BYTES = 256
export const MAX_TOKENS_PER_PAGE = 200

const address = fixedBytes(ADDRESS_BYTES)

export const metadataSchema = record({
  description: text(MAX_DESCRIPTION_BYTES),
  /** Where more is told, and the hash of what stands there. */
  uri: text(MAX_URI_BYTES),
  hash: optional(fixedBytes(HASH_BYTES)),
})

export const scheduleSchema = record({ amount, periodMs: uint(Number.MAX_SAFE_INTEGER, 1) })

const descriptionSchema = record({
  number: uint(),
  issuer: address,
  name: text(MAX_NAME_BYTES, 1),
  symbol: text(MAX_SYMBOL_BYTES, 1),
  decimals: uint(MAX_DECIMALS),
  metadata: metadataSchema,
  issuedHeight: uint(),
  issuedMs: uint(),
})

/** What never changes of a token. */
export type CoinDescription = Infer<typeof descriptionSchema>

const coinSchema = record({
  supply: amount,
  cap: amount,
  /** How much may be minted per period, and what of it was not used yet; null: as much as the cap allows. */
  schedule: optional(record({ amount, periodMs: uint(Number.MAX_SAFE_INTEGER, 1), period: uint(), available: amount })),
  /** An absent role can never act again. */
  admin: optional(address),
  minter: optional(address),
  freezer: optional(address),
  burnable: bool,
  deviceOnlyRewards: bool,
})

/** What moves of a token, and what decides who may do what: read by every transfer, so kept small. */
export type Coin = Infer<typeof coinSchema>

/** A token with all that is known of it. */
export interface TokenInfo extends CoinDescription, Coin {
  readonly token: Uint8Array
}

const descriptions = new Table<CoinDescription>(TOKENS, 2, descriptionSchema)
/** By owner, then token: what an account has can be listed. */
const holdings = new Table(TOKENS, 3, amount)
const coins = new Table<Coin>(TOKENS, 4, coinSchema)
/** Addresses of tokens by their number, and by symbol and number. */
const byNumber = new Table(TOKENS, 5, address)
const bySymbol = new Table(TOKENS, 6, address)
/** How many tokens there are, and how many an account issued. */
const counts = new Table(TOKENS, 7, uint())
/** Frozen holdings, by token and owner. */
const frozen = new Table(TOKENS, 8, bool)

const COIN_TABLE = 4
const HOLDING_TABLE = 3
/** No character of a symbol. */
const SYMBOL_END = Uint8Array.of(0)
const utf8 = new TextEncoder()

type Getter = Pick<StateReader, 'get'>

/** A token that was issued. Throws TOKENS_UNKNOWN. */
export function getCoin(reader: Getter, token: Uint8Array): Coin {
  const coin = coins.get(reader, token)
  if (coin === undefined) throw new SmartshareError('TOKENS_UNKNOWN', 'there is no such token')
  return coin
}

export function saveCoin(host: Host, token: Uint8Array, coin: Coin): void {
  coins.set(host, coin, token)
}

/** Enters a new token, without any supply; returns its address. */
export function addCoin(
  host: Host,
  issuer: Uint8Array,
  description: Omit<CoinDescription, 'number' | 'issuer' | 'issuedHeight' | 'issuedMs'>,
  coin: Coin,
): Uint8Array {
  const issued = counts.get(host, issuer) ?? 0
  const number = counts.get(host) ?? 0
  const token = addressOfToken(issuer, issued)
  const { height: issuedHeight, timeMs: issuedMs } = host.block
  counts.set(host, issued + 1, issuer)
  counts.set(host, number + 1)
  byNumber.set(host, token, uintKey(number))
  bySymbol.set(host, token, utf8.encode(description.symbol), SYMBOL_END, uintKey(number))
  descriptions.set(host, { number, issuer, ...description, issuedHeight, issuedMs }, token)
  saveCoin(host, token, coin)
  return token
}

/** All about a token; undefined if there is none of this address. SSP is none of them. */
export function tokenInfo(reader: Getter, token: Uint8Array): TokenInfo | undefined {
  const description = descriptions.get(reader, token)
  return description === undefined ? undefined : { token, ...description, ...coins.get(reader, token)! }
}

/** Tokens in the order in which they were issued; with `symbol` those of one symbol. Throws QUERY_CURSOR. */
export function tokenPage(reader: StateReader, options: PageOptions & { symbol?: string } = {}): Page<TokenInfo> {
  const { symbol } = options
  const prefix = symbol === undefined ? new Uint8Array(0) : Uint8Array.of(...utf8.encode(symbol), ...SYMBOL_END)
  const table = symbol === undefined ? byNumber : bySymbol
  return pageOf(
    prefix,
    options,
    MAX_TOKENS_PER_PAGE,
    (bounded) => table.entries(reader, [prefix], bounded),
    (token) => tokenInfo(reader, token)!,
  )
}

/** A token's balance of an address in its smallest units; of SSP in grains. */
export function tokenBalanceOf(reader: Getter, token: Token, owner: Uint8Array): bigint {
  return token === SSP ? balanceOf(reader, owner) : (holdings.get(reader, owner, token) ?? 0n)
}

/** State key of a balance of a token that is not SSP, for proofs. */
export function holdingKey(token: Uint8Array, owner: Uint8Array): Uint8Array {
  return holdings.key(owner, token)
}

/** Balances of an address in all tokens but SSP, in the order of their addresses. Throws QUERY_CURSOR. */
export function holdingPage(
  reader: StateReader,
  owner: Uint8Array,
  options: PageOptions = {},
): Page<{ token: Uint8Array; amount: bigint }> {
  const read = function* (bounded: {
    limit: number
    after?: Uint8Array
  }): Generator<[Uint8Array, [Uint8Array, bigint]]> {
    for (const [key, units] of holdings.entries(reader, [owner], bounded)) {
      yield [key, [key.subarray(ADDRESS_BYTES), units]]
    }
  }
  return pageOf(owner, options, MAX_TOKENS_PER_PAGE, read, ([token, units]) => ({ token, amount: units }))
}

/** Stores a balance; what is nothing leaves no entry. */
export function setHolding(host: Host, token: Uint8Array, owner: Uint8Array, units: bigint): void {
  if (units === 0n) holdings.delete(host, owner, token)
  else holdings.set(host, units, owner, token)
}

export function isFrozen(reader: Getter, token: Uint8Array, owner: Uint8Array): boolean {
  return frozen.get(reader, token, owner) ?? false
}

export function setFrozen(host: Host, token: Uint8Array, owner: Uint8Array, isOn: boolean): void {
  if (isOn) frozen.set(host, true, token, owner)
  else frozen.delete(host, token, owner)
}

/**
 * Takes units out of a balance. Freezing stops only what leaves: a payment to a frozen address arrives, so that nobody who
 * freezes can keep an agreement from being settled. Without a freezer nothing is frozen. Throws TOKENS_FROZEN, TOKENS_BALANCE.
 */
export function withdraw(host: Host, token: Uint8Array, coin: Coin, from: Uint8Array, units: bigint): void {
  if (coin.freezer !== null && isFrozen(host, token, from)) {
    throw new SmartshareError('TOKENS_FROZEN', 'the issuer has frozen this balance')
  }
  const available = tokenBalanceOf(host, token, from)
  if (available < units) {
    throw new SmartshareError('TOKENS_BALANCE', `a balance of ${available} units does not cover ${units}`, {
      available,
      needed: units,
    })
  }
  setHolding(host, token, from, subAmount(available, units))
}

/** Moves units of a token that is not SSP. Who may make `from` pay is the caller's to know. Throws TOKENS_*. */
export function moveUnits(host: Host, token: Uint8Array, from: Uint8Array, to: Uint8Array, units: bigint): void {
  const coin = getCoin(host, token)
  if (units === 0n) return
  withdraw(host, token, coin, from, units)
  setHolding(host, token, to, addAmount(tokenBalanceOf(host, token, to), units))
  host.emit(transferEvent, { token, from, to, amount: units })
}

/** The acting account pays in a token. Of SSP its balance stays above the floor of its fee reserve. Throws TOKENS_*. */
export function spendToken(host: Host, token: Token, from: Uint8Array, to: Uint8Array, units: bigint): void {
  if (token === SSP) {
    spend(host, from, to, units)
    return
  }
  checkPayer(host, from)
  moveUnits(host, token, from, to, units)
}

/** A module or a contract pays out of what it holds. Throws TOKENS_BALANCE; TOKENS_FROZEN if a contract's balance is frozen. */
export function releaseToken(host: Host, token: Token, from: Uint8Array, to: Uint8Array, units: bigint): void {
  if (token === SSP) release(host, from, to, units)
  else moveUnits(host, token, from, to, units)
}

/** Whether an address is a pool of the system: agreements of others are paid out of it, so nobody may freeze it. */
export function isPool(owner: Uint8Array): boolean {
  return Object.values(pools).some((pool) => equalBytes(pool, owner))
}

/**
 * The invariant of tokens: what a block adds to the balances of a token is what it adds to the recorded supply. Looks at
 * changed keys alone. Throws STATE_SUPPLY.
 */
export function checkTokenSupplies(changes: readonly StateChange[]): void {
  const differences = new Map<string, bigint>()
  const add = (token: Uint8Array, difference: bigint) => {
    const key = mapKey(token)
    differences.set(key, (differences.get(key) ?? 0n) + difference)
  }
  for (const { key, value, previous } of changes) {
    if (key[0] !== TOKENS) continue
    if (key[1] === HOLDING_TABLE) {
      const token = key.subarray(2 + ADDRESS_BYTES)
      if (value !== null) add(token, decode(amount, value))
      if (previous !== undefined) add(token, -decode(amount, previous))
    } else if (key[1] === COIN_TABLE) {
      const token = key.subarray(2)
      if (value !== null) add(token, -decode(coinSchema, value).supply)
      if (previous !== undefined) add(token, decode(coinSchema, previous).supply)
    }
  }
  for (const difference of differences.values()) {
    if (difference === 0n) continue
    throw new SmartshareError(
      'STATE_SUPPLY',
      `the block would part a token's supply from its balances by ${difference}`,
    )
  }
}

/** Every balance of a token but SSP: token, owner, units. For audits, not for blocks. */
export function* allHoldings(reader: StateReader): Generator<{ token: Uint8Array; owner: Uint8Array; amount: bigint }> {
  for (const [key, units] of holdings.entries(reader, [], { limit: Number.MAX_SAFE_INTEGER })) {
    yield { owner: key.subarray(0, ADDRESS_BYTES), token: key.subarray(ADDRESS_BYTES), amount: units }
  }
}
