import { STATUS_FAILED } from '@smartshare/chain'
import { TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { describe, expect, it } from 'vitest'
import { callOf, TestChain } from './testing.ts'
import { allBalances } from './tokens/tokens.ts'

const supply = (chain: TestChain) => [...allBalances(chain.state)].reduce((sum, [, grains]) => sum + grains, 0n)
const pay = (chain: TestChain, to: string, amount: bigint) =>
  callOf('tokens', 'transfer', { to: chain.account(to).address, token: 0, amount, memo: null })

describe('the test chain', () => {
  it('moves money by signed transactions and keeps the supply', () => {
    const chain = new TestChain({ accounts: ['alice', 'bob'], grains: 10n ** 12n })
    const { receipt } = chain.run('alice', pay(chain, 'bob', 500n))
    expect(receipt.events).toMatchObject([{ module: 'tokens', name: 'transfer', data: { amount: 500n } }])
    expect(chain.balance('bob')).toBe(10n ** 12n + 500n)
    expect(chain.balance('alice')).toBe(10n ** 12n - 500n - receipt.feeGrains)
    expect(supply(chain)).toBe(TOTAL_SUPPLY_GRAINS)
  })

  it('takes several transactions of one account into a block, in the order of their nonces', () => {
    const chain = new TestChain({ accounts: ['alice'] })
    const transactions = [1n, 2n, 3n].map((amount) => chain.transaction('alice', [pay(chain, 'bob', amount)]))
    const { receipts, header } = chain.makeBlock(transactions)
    expect(receipts).toHaveLength(3)
    expect(header).toMatchObject({ height: 1, transactionCount: 3 })
    expect(chain.balance('bob')).toBe(6n)
    expect(() => chain.makeBlock([transactions[0]!])).toThrow(expect.objectContaining({ code: 'TX_NONCE_USED' }))
  })

  it('shows the error of a transaction that failed, and throws it on request', () => {
    const chain = new TestChain({ accounts: ['alice'], grains: 10n ** 10n })
    const tooMuch = pay(chain, 'bob', 10n ** 11n)
    const { receipts } = chain.makeBlock([chain.transaction('alice', [tooMuch])])
    expect(receipts[0]).toMatchObject({ status: STATUS_FAILED, error: { code: 'TOKENS_BALANCE' } })
    expect(() => chain.run('alice', tooMuch)).toThrow(expect.objectContaining({ code: 'TOKENS_BALANCE' }))
  })

  it('makes the same chain every time', () => {
    const heads = [1, 2].map(() => {
      const chain = new TestChain({ accounts: ['alice'] })
      chain.run('alice', pay(chain, 'bob', 1n))
      return chain.head
    })
    expect(heads[0]).toEqual(heads[1])
  })
})
