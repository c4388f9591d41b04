import { MemoryState, StateJournal } from '@smartshare/state'
import { describe, expect, it } from 'vitest'
import { TestChain } from '../testing.ts'
import { balanceOf, pools } from '../tokens/tokens.ts'
import { payForTerm } from './tenure.ts'
import { currentTerm, nextSet } from './term.ts'

describe('pay by tenure', () => {
  const journal = () => new StateJournal(new MemoryState())
  const address = new Uint8Array(32).fill(1)
  const pay = (state: StateJournal, term: number) =>
    payForTerm(state, { address, term, earned: 1_000_999n, stepTerms: 7 })

  it('falls by 2 % a step, down to 80 %, rounded down', () => {
    const state = journal()
    const paid = Array.from({ length: 100 }, (_, term) => pay(state, term))
    expect(paid.slice(0, 7)).toEqual(new Array(7).fill(1_000_999n))
    expect(paid.slice(7, 14)).toEqual(new Array(7).fill((1_000_999n * 98n) / 100n))
    expect(paid[69]).toBe((1_000_999n * 82n) / 100n)
    expect(new Set(paid.slice(70))).toEqual(new Set([(1_000_999n * 80n) / 100n]))
  })

  it('comes back term by term while there is no seat', () => {
    const state = journal()
    for (let term = 0; term < 200; term++) pay(state, term)
    // Tenure is 70 now; after six terms away 64 are left, which is nine steps.
    expect(pay(state, 206)).toBe((1_000_999n * 82n) / 100n)
    expect(pay(state, 207 + 65)).toBe(1_000_999n)
  })

  it('is never more in all with breaks than without', () => {
    const always = journal()
    let whole = 0n
    for (let term = 0; term < 400; term++) whole += pay(always, term)
    for (const every of [2, 7, 8, 30, 70, 71]) {
      const state = journal()
      let sum = 0n
      for (let term = 0; term < 400; term++) if (term % every !== every - 1) sum += pay(state, term)
      expect(sum).toBeLessThan(whole)
    }
  })

  it('leaves to the mining pool what it takes, to the grain', () => {
    const chain = new TestChain({ parameters: { termBlocks: 4, electionBlock: 2, tenureStepTerms: 1 } })
    for (let term = 0; term < 4; term++) {
      while (nextSet(chain.state) === undefined) chain.makeBlock()
      const earned = currentTerm(chain.state).earned[0]!
      const before = { delegate: chain.balance('delegate'), mining: balanceOf(chain.state, pools.mining) }
      chain.head = { ...chain.head, term: term + 1, slot: 0 }
      chain.makeBlock()
      const paid = (earned * BigInt(100 - 2 * term)) / 100n
      expect(chain.balance('delegate')).toBe(before.delegate + paid)
      const nowEarned = currentTerm(chain.state).earned[0]!
      expect(balanceOf(chain.state, pools.mining)).toBe(before.mining + earned - paid - nowEarned)
      expect(balanceOf(chain.state, pools.delegatePay)).toBe(nowEarned)
    }
  })
})
