// What tests of tokens do again and again: issue one, look at it, sign permits.
import type { Token } from '@smartshare/chain'
import { addressOfToken } from '@smartshare/crypto'
import { callOf, type TestAccount, type TestChain } from './testing.ts'
import { type Permit, permitHash } from './tokens/allowances.ts'
import { tokenBalanceOf } from './tokens/coins.ts'
import type { TokenDraft } from './tokens/issue.ts'

export const issueToken = (draft: Partial<TokenDraft> = {}) =>
  callOf('tokens', 'issue', {
    name: 'Acme Coin',
    symbol: 'ACME',
    decimals: 2,
    cap: 1_000_000n,
    initial: 1_000n,
    schedule: null,
    admin: null,
    minter: null,
    freezer: null,
    burnable: false,
    deviceOnlyRewards: false,
    metadata: { description: '', uri: '', hash: null },
    ...draft,
  })

/** Address of the token that an account issued after `before` others. */
export const tokenOf = (chain: TestChain, issuer: string, before = 0): Uint8Array =>
  addressOfToken(chain.account(issuer).address, before)

export const units = (chain: TestChain, token: Token, of: string | Uint8Array): bigint =>
  tokenBalanceOf(chain.state, token, typeof of === 'string' ? chain.account(of).address : of)

export const payIn = (chain: TestChain, token: Token, to: string, amount: bigint) =>
  callOf('tokens', 'transfer', { to: chain.account(to).address, token, amount, memo: null })

/** The call that presents a permit which `signers` signed. */
export function permitCall(chain: TestChain, permit: Permit, ...signers: readonly TestAccount[]) {
  const hash = permitHash(chain.chainId, permit)
  const signatures = signers.map(({ keys }) => ({ key: keys.publicKey, signature: keys.sign(hash) }))
  return callOf('tokens', 'permit', { ...permit, signatures })
}
