import { SSP, type Token } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import {
  ADDRESS_TEXT_LENGTH,
  formatAddress,
  formatAmount,
  parseAddress,
  parseAmount,
  SSP_DECIMALS,
} from '@smartshare/crypto'
import { type Permit, permitHash } from '@smartshare/runtime'
import type { RpcClient } from './rpc/rpc-client.ts'
import type { Signer } from './wallet/signer.ts'

/** Tokens of one symbol, and holdings of one account, that are looked at. */
const MAX_LOOKED_AT = 1000
const SYMBOL = /^[A-Z0-9]{1,12}$/

/** A token, and how its amounts are written. */
export interface TokenUnit {
  readonly token: Token
  /** SSP or the address: what names it without doubt. */
  readonly text: string
  readonly symbol: string
  readonly decimals: number
}

/** The chain's own money. */
export const SSP_UNIT: TokenUnit = { token: SSP, text: 'SSP', symbol: 'SSP', decimals: SSP_DECIMALS }

/**
 * The token that a person means: SSP, an address, or a symbol. Anybody may issue a token of any symbol. So a symbol means the
 * one token that `account` has of it; only if it has none, the one that there is on the whole network. Show the address with the answer.
 * Throws TOKENS_UNKNOWN, TOKENS_AMBIGUOUS.
 */
export async function findToken(rpc: RpcClient, text: string, account?: string): Promise<TokenUnit> {
  if (text === SSP_UNIT.text) return SSP_UNIT
  if (text.length === ADDRESS_TEXT_LENGTH) return unitOf(await rpc.tokens.info(formatAddress(parseAddress(text))))
  if (!SYMBOL.test(text)) throw unknown(text)
  const own = account === undefined ? [] : await matching(rpc.tokens.holdings(account), text)
  const found = own.length > 0 ? own : await matching(rpc.tokens.list({ symbol: text }), text)
  const [only] = found
  if (only === undefined) throw unknown(text)
  if (found.length === 1) return unitOf(only)
  const addresses = found.slice(0, 5).map(({ token }) => token)
  throw new SmartshareError(
    'TOKENS_AMBIGUOUS',
    `${found.length} tokens have the symbol ${text}: ${addresses.join(' ')}`,
  )
}

function unknown(text: string): SmartshareError {
  return new SmartshareError('TOKENS_UNKNOWN', `there is no token ${text} on this network`)
}

type Named = { readonly token: string; readonly symbol: string; readonly decimals: number }

function unitOf({ token, symbol, decimals }: Named): TokenUnit {
  return { token: parseAddress(token), text: token, symbol, decimals }
}

async function matching<T extends Named>(tokens: AsyncGenerator<T>, symbol: string): Promise<T[]> {
  const found: T[] = []
  let looked = 0
  for await (const one of tokens) {
    if (one.symbol === symbol) found.push(one)
    if (++looked >= MAX_LOOKED_AT) break
  }
  return found
}

/** Smallest units in a decimal text, by the decimals of the token. Throws AMOUNT_TEXT, AMOUNT_RANGE. */
export function parseUnits(text: string, { decimals }: Pick<TokenUnit, 'decimals'>): bigint {
  return parseAmount(text, decimals)
}

/** An amount as people read it: "12.5 ACME". */
export function unitsText(units: bigint, { decimals, symbol }: Pick<TokenUnit, 'decimals' | 'symbol'>): string {
  return `${formatAmount(units, decimals)} ${symbol}`
}

/** A permit with the signatures of its owner, ready for `calls.permit`: off the chain, without any fee. */
export function signPermit(signer: Signer, chainId: Uint8Array, permit: Omit<Permit, 'owner'>) {
  const whole = { ...permit, owner: signer.address }
  const signatures = signer
    .sign(permitHash(chainId, whole))
    .map(({ key, signature }) => ({ key: key ?? signer.party, signature }))
  return { ...whole, signatures }
}

/** What `signPermit` makes. */
export type SignedPermit = ReturnType<typeof signPermit>
