import { SSP } from '@smartshare/chain'
import { SmartshareError } from '@smartshare/codec'
import { fromHex, toHex } from '@smartshare/crypto'
import {
  allowanceOf,
  holdingPage,
  isFrozen,
  MAX_TOKENS_PER_PAGE,
  mintable,
  permitNonce,
  type TokenInfo,
  tokenBalanceOf,
  tokenInfo,
  tokenPage,
} from '@smartshare/runtime'
import { z } from 'zod'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'
import { addressOf, tokenOf } from './texts.ts'
import { recordView } from './views.ts'

const MAX_SYMBOL_CHARACTERS = 12
const tokenAddress = shapes.address.describe('address of a token other than SSP')
const cursor = shapes.hex.max(510).describe('the `next` of the page before')
const limit = z.int().min(1).max(MAX_TOKENS_PER_PAGE).default(50)
const role = shapes.address.nullable().describe('null: nobody, for ever')

const tokenShape = z.object({
  token: tokenAddress,
  number: z.int().describe('how many tokens were issued before'),
  issuer: shapes.address,
  name: z.string().describe('chosen by the issuer: proves nothing'),
  symbol: z.string().describe('several tokens may have the same'),
  decimals: z.int(),
  metadata: z.object({ description: z.string(), uri: z.string(), hash: shapes.hash.nullable() }),
  issuedHeight: shapes.height,
  issuedMs: shapes.timeMs,
  supply: shapes.units,
  cap: shapes.units,
  schedule: z.object({ amount: shapes.units, periodMs: z.int() }).nullable(),
  mintable: shapes.units.describe('what the minter may mint now'),
  admin: role,
  minter: role,
  freezer: role,
  burnable: z.boolean(),
  deviceOnlyRewards: z.boolean(),
})

function tokenView(info: TokenInfo, timeMs: number): z.output<typeof tokenShape> {
  const { schedule, minter, supply, cap } = info
  const left = cap - supply
  const scheduled = mintable(info, timeMs - info.issuedMs) ?? left
  const now = minter === null || info.deviceOnlyRewards ? 0n : scheduled < left ? scheduled : left
  return {
    ...recordView(info),
    schedule: schedule && { amount: `${schedule.amount}`, periodMs: schedule.periodMs },
    mintable: `${now}`,
  } as z.output<typeof tokenShape>
}

function pageOptions({ limit: most, after }: { limit: number; after?: string | undefined }) {
  return { limit: most, ...(after === undefined ? {} : { after: fromHex(after) }) }
}

const info = method({
  name: 'token_info',
  summary: 'All about a token that somebody issued: names, supply, rules, roles',
  params: { token: tokenAddress },
  result: tokenShape,
  handle(node, params) {
    const { reader, timeMs } = node.state()
    const found = tokenInfo(reader, addressOf(params.token))
    if (found === undefined) throw new SmartshareError('TOKENS_UNKNOWN', `there is no token ${params.token}`)
    return tokenView(found, timeMs)
  },
})

const list = method({
  name: 'token_list',
  summary: 'Tokens in the order in which they were issued; with `symbol` those of one symbol',
  params: { symbol: z.string().min(1).max(MAX_SYMBOL_CHARACTERS).optional(), limit, after: cursor.optional() },
  result: z.object({ items: z.array(tokenShape), next: shapes.hex.nullable(), height: shapes.height }),
  weight: 10,
  handle(node, { symbol, ...page }) {
    const { reader, height, timeMs } = node.state()
    const found = tokenPage(reader, { ...pageOptions(page), ...(symbol === undefined ? {} : { symbol }) })
    const next = found.next === null ? null : toHex(found.next)
    return { items: found.items.map((one) => tokenView(one, timeMs)), next, height }
  },
})

const balance = method({
  name: 'token_balance',
  summary: "An account's balance of SSP or of a token",
  params: { address: shapes.address, token: shapes.token.default('SSP') },
  result: z.object({
    address: shapes.address,
    token: shapes.token,
    amount: shapes.units,
    frozen: z.boolean().describe('nothing leaves it'),
    height: shapes.height,
  }),
  handle(node, params) {
    const address = addressOf(params.address)
    const token = tokenOf(params.token)
    const { reader, height } = node.state()
    const issued = token === SSP ? undefined : tokenInfo(reader, token)
    if (token !== SSP && issued === undefined) {
      throw new SmartshareError('TOKENS_UNKNOWN', `there is no token ${params.token}`)
    }
    const frozen = token !== SSP && issued?.freezer != null && isFrozen(reader, token, address)
    const amount = `${tokenBalanceOf(reader, token, address)}`
    return { address: params.address, token: params.token, amount, frozen, height }
  },
})

const allowance = method({
  name: 'token_allowance',
  summary: "What a spender may move of an owner's balance, and the nonce of the owner's next permit",
  params: { token: tokenAddress, owner: shapes.address, spender: shapes.address },
  result: z.object({ amount: shapes.units, permitNonce: shapes.decimal, height: shapes.height }),
  handle(node, params) {
    const [token, owner, spender] = [addressOf(params.token), addressOf(params.owner), addressOf(params.spender)]
    const { reader, height } = node.state()
    const amount = `${allowanceOf(reader, token, owner, spender)}`
    return { amount, permitNonce: `${permitNonce(reader, token, owner)}`, height }
  },
})

const holdingsShape = z.object({
  items: z.array(
    z.object({ token: tokenAddress, amount: shapes.units, symbol: z.string(), name: z.string(), decimals: z.int() }),
  ),
  next: shapes.hex.nullable(),
  height: shapes.height,
})

const holdings = method({
  name: 'account_tokens',
  summary: 'Balances of an account in all tokens but SSP, in the order of their addresses',
  params: { address: shapes.address, limit, after: cursor.optional() },
  result: holdingsShape,
  weight: 10,
  handle(node, { address, ...page }) {
    const { reader, height } = node.state()
    const found = holdingPage(reader, addressOf(address), pageOptions(page))
    const items = found.items.map((held) => {
      const { symbol, name, decimals } = tokenInfo(reader, held.token)!
      return recordView({ ...held, symbol, name, decimals })
    })
    return { items, next: found.next === null ? null : toHex(found.next), height } as z.output<typeof holdingsShape>
  },
})

export const tokenMethods: readonly RpcMethod[] = [info, list, balance, allowance, holdings]
