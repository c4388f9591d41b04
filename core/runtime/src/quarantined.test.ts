import { decodeReceipt, headerHash, STATUS_DONE, STATUS_FAILED } from '@smartshare/chain'
import { StateJournal } from '@smartshare/state'
import { describe, expect, it } from 'vitest'
import { getAccount, nextNonce } from './accounts/account.ts'
import { executeBlock } from './execute-block.ts'
import { callOf, TestChain } from './testing.ts'
import { balanceOf } from './tokens/tokens.ts'

const GAS = 10_000

/** A block of three transfers by alice, as it is executed when some of them are quarantined. */
function executed(quarantined: readonly number[]) {
  const chain = new TestChain({ accounts: ['alice', 'bob'] })
  const to = chain.account('bob').address
  const pay = (amount: bigint) => callOf('tokens', 'transfer', { to, token: 0, amount, memo: null })
  const transactions = [1n, 20n, 300n].map((amount, nonce) =>
    chain.transaction('alice', [pay(amount)], { nonce: BigInt(nonce), gasLimit: GAS }),
  )
  const header = { ...chain.head, height: 1 }
  const journal = new StateJournal(chain.state)
  const begun: (number | 'ended')[] = []
  const block = { hash: headerHash(header), header, rootCertificate: null, transactions }
  const { receipts } = executeBlock(
    journal,
    { ...block, quarantined: new Set(quarantined) },
    chain.parameters,
    undefined,
    undefined,
    { begins: (index) => begun.push(index), ended: () => begun.push('ended') },
  )
  const paid = balanceOf(journal, to) - balanceOf(chain.state, to)
  const alice = chain.account('alice').address
  return {
    ...{ paid, begun, price: header.basePrice },
    receipts: receipts.map(decodeReceipt),
    spent: balanceOf(chain.state, alice) - balanceOf(journal, alice),
    nonce: nextNonce(getAccount(journal, alice), 0),
  }
}

describe('a quarantined transaction', () => {
  it('does nothing but use up its nonce and pay for all its gas', () => {
    const { receipts, paid, spent, nonce, begun, price } = executed([1])
    expect(receipts[1]).toMatchObject({
      ...{ status: STATUS_FAILED, gasUsed: GAS, feeGrains: BigInt(GAS) * price, events: [] },
      error: { code: 'TX_QUARANTINED' },
    })
    expect(paid).toBe(301n)
    const fees = receipts.slice(0, 3).reduce((sum, { feeGrains }) => sum + feeGrains, 0n)
    expect(spent).toBe(301n + fees)
    expect(receipts[3]!.feeGrains).toBe(fees)
    expect(nonce).toBe(3n)
    // Nothing of it ran.
    expect(begun).toEqual([0, 2, 'ended'])
  })

  it('changes nothing of the others in its block', () => {
    const [without, withOne] = [executed([]), executed([2])]
    expect(without.receipts.slice(0, 3).every(({ status }) => status === STATUS_DONE)).toBe(true)
    expect(withOne.receipts.slice(0, 2)).toEqual(without.receipts.slice(0, 2))
    expect(executed([0, 1, 2]).paid).toBe(0n)
  })
})
