import { z } from 'zod'
import { decimalAnswer } from './answers.ts'
import type { HttpTransport } from './transport.ts'

const PAGE = 200
const address = z.string().length(62)
const role = address.nullable()

const tokenAnswer = z.object({
  token: address,
  number: z.int(),
  issuer: address,
  name: z.string(),
  symbol: z.string(),
  decimals: z.int().min(0).max(18),
  metadata: z.object({ description: z.string(), uri: z.string(), hash: z.string().nullable() }),
  issuedHeight: z.int(),
  issuedMs: z.int(),
  supply: decimalAnswer,
  cap: decimalAnswer,
  schedule: z.object({ amount: decimalAnswer, periodMs: z.int() }).nullable(),
  mintable: decimalAnswer,
  admin: role,
  minter: role,
  freezer: role,
  burnable: z.boolean(),
  deviceOnlyRewards: z.boolean(),
})
/** A token that somebody issued; amounts in its smallest units. Name and symbol prove nothing: the address does. */
export type TokenAnswer = z.output<typeof tokenAnswer>

const holdingAnswer = z.object({
  token: address,
  amount: decimalAnswer,
  symbol: z.string(),
  name: z.string(),
  decimals: z.int().min(0).max(18),
})
/** What an account has of a token. */
export type Holding = z.output<typeof holdingAnswer>

const page = { next: z.string().nullable(), height: z.int() }
const tokensAnswer = z.object({ items: z.array(tokenAnswer), ...page })
const holdingsAnswer = z.object({ items: z.array(holdingAnswer), ...page })
const balanceAnswer = z.object({ amount: decimalAnswer, frozen: z.boolean(), height: z.int() })
const allowanceAnswer = z.object({ amount: decimalAnswer, permitNonce: decimalAnswer, height: z.int() })

/** Questions about tokens, by their addresses as text. */
export class TokenClient {
  private readonly transport: HttpTransport

  constructor(transport: HttpTransport) {
    this.transport = transport
  }

  /** Throws TOKENS_UNKNOWN. */
  info(token: string): Promise<TokenAnswer> {
    return this.transport.call({ method: 'token_info', params: { token }, answer: tokenAnswer })
  }

  /** Tokens in the order in which they were issued, as far as the caller walks; with `symbol` those of one symbol. */
  async *list(query: { symbol?: string } = {}): AsyncGenerator<TokenAnswer> {
    let after: string | null | undefined
    while (after !== null) {
      const params = { ...query, limit: PAGE, ...(after === undefined ? {} : { after }) }
      const found = await this.transport.call({ method: 'token_list', params, answer: tokensAnswer })
      yield* found.items
      after = found.next
    }
  }

  /** What an account has of all tokens but SSP, as far as the caller walks. */
  async *holdings(account: string): AsyncGenerator<Holding> {
    let after: string | null | undefined
    while (after !== null) {
      const params = { address: account, limit: PAGE, ...(after === undefined ? {} : { after }) }
      const found = await this.transport.call({ method: 'account_tokens', params, answer: holdingsAnswer })
      yield* found.items
      after = found.next
    }
  }

  /** An account's balance of a token in its smallest units, and whether it is frozen. `token` may be SSP. */
  balance(account: string, token: string) {
    const params = { address: account, token }
    return this.transport.call({ method: 'token_balance', params, answer: balanceAnswer })
  }

  /** What a spender may move of an owner's balance, and the nonce of the owner's next permit. */
  allowance(token: string, owner: string, spender: string) {
    const params = { token, owner, spender }
    return this.transport.call({ method: 'token_allowance', params, answer: allowanceAnswer })
  }
}
