import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mapKey } from '../keys.ts'
import { callOf, TestChain, type TestReceipt } from '../testing.ts'
import { issueToken, permitCall, tokenOf } from '../testing-tokens.ts'
import { permitNonce } from './allowances.ts'
import { allHoldings, tokenBalanceOf, tokenInfo, tokenPage } from './coins.ts'
import { allBalances } from './tokens.ts'

// Random calls of several parties on several tokens; beside the chain runs a ledger that knows only events.

const PARTIES = ['a', 'b', 'c', 'd']
const TOKENS = 3
const party = fc.nat(PARTIES.length - 1)
const amount = fc.constantFrom(1n, 7n, 40n, 1_000n, 10n ** 18n)
const act = fc.oneof(
  fc.record({
    do: fc.constantFrom('transfer' as const, 'transferFrom' as const, 'approve' as const, 'permit' as const),
    to: party,
    of: party,
    amount,
  }),
  fc.record({ do: fc.constantFrom('mint' as const, 'burn' as const, 'many' as const), to: party, of: party, amount }),
  fc.record({ do: fc.constantFrom('freeze' as const, 'unfreeze' as const), to: party, of: party, amount }),
  fc.record({ do: fc.constant('setRole' as const), to: party, of: fc.nat(2), amount }),
)
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never
const step = fc.record({
  acts: fc.array(fc.record({ by: party, token: fc.nat(TOKENS), act }), { maxLength: 6 }),
  advanceMs: fc.constantFrom(500, 60_000),
})

class Model {
  readonly chain = new TestChain({ accounts: PARTIES })
  readonly tokens: Uint8Array[] = []
  /** Balances by what events say. */
  readonly ledger = new Map<string, bigint>()
  readonly codes = new Map<string, number>()

  constructor() {
    const { chain } = this
    const [a, b] = PARTIES.map((name) => chain.account(name).address)
    const roles = { admin: a!, minter: b!, freezer: a! }
    const { receipt } = chain.run('a', issueToken({ ...roles, cap: 3_000n, burnable: true }))
    const scheduled = chain.run('a', issueToken({ ...roles, schedule: { amount: 50n, periodMs: 60_000 } }))
    const plain = chain.run('b', issueToken({ cap: 10n ** 18n, initial: 10n ** 18n, burnable: true }))
    for (const one of [receipt, scheduled.receipt, plain.receipt]) this.follow(one)
    this.tokens.push(tokenOf(chain, 'a', 0), tokenOf(chain, 'a', 1), tokenOf(chain, 'b', 0), new Uint8Array(32))
  }

  run({ acts, advanceMs }: { acts: { by: number; token: number; act: Act }[]; advanceMs: number }): void {
    const transactions = acts.map(({ by, token, act: one }) =>
      this.chain.transaction(PARTIES[by]!, [this.callOf(this.tokens[token]!, one)]),
    )
    for (const receipt of this.chain.makeBlock(transactions, advanceMs).receipts) {
      const failure = receipt.error?.code ?? 'done'
      this.codes.set(failure, (this.codes.get(failure) ?? 0) + 1)
      this.follow(receipt)
    }
  }

  private callOf(token: Uint8Array, { do: what, to: toParty, of, amount: units }: Act) {
    const address = (at: number) => this.chain.account(PARTIES[at]!).address
    const to = address(toParty)
    switch (what) {
      case 'transfer':
        return callOf('tokens', 'transfer', { token, to, amount: units, memo: null })
      case 'many': {
        const payments = [of, toParty, of].map((at) => ({ to: address(at), amount: units }))
        return callOf('tokens', 'transferMany', { token, payments, memo: null })
      }
      case 'transferFrom':
        return callOf('tokens', 'transferFrom', { token, from: address(of), to, amount: units })
      case 'approve':
        return callOf('tokens', 'approve', { token, spender: to, amount: units })
      case 'permit': {
        const nonce = permitNonce(this.chain.state, token, address(of))
        const expiryMs = this.chain.head.timeMs + 10_000
        const permit = { token, owner: address(of), spender: to, amount: units, nonce, expiryMs }
        return permitCall(this.chain, permit, this.chain.account(PARTIES[of]!))
      }
      case 'mint':
        return callOf('tokens', 'mint', { token, to, amount: units })
      case 'burn':
        return callOf('tokens', 'burn', { token, amount: units })
      case 'freeze':
      case 'unfreeze':
        return callOf('tokens', what, { token, account: to })
      case 'setRole':
        return callOf('tokens', 'setRole', { token, role: of, to: units === 1n ? null : to })
    }
  }

  private follow({ events }: TestReceipt): void {
    for (const { module, name, data } of events) {
      if (module !== 'tokens' || data.token === 0) continue
      const book = (owner: Uint8Array, units: bigint) => {
        const key = mapKey(data.token) + mapKey(owner)
        this.ledger.set(key, (this.ledger.get(key) ?? 0n) + units)
      }
      if (name === 'transfer' || name === 'burnt') book(data.from, 0n - data.amount)
      if (name === 'transfer' || name === 'minted') book(data.to, data.amount)
    }
  }

  check(): void {
    const { state } = this.chain
    const sums = new Map<string, bigint>()
    for (const { token, owner, amount: units } of allHoldings(state)) {
      sums.set(mapKey(token), (sums.get(mapKey(token)) ?? 0n) + units)
      expect(units).toBeGreaterThan(0n)
      expect(units).toBe(this.ledger.get(mapKey(token) + mapKey(owner)))
    }
    for (const { token, supply, cap } of tokenPage(state).items) {
      expect(sums.get(mapKey(token)) ?? 0n).toBe(supply)
      expect(supply).toBeLessThanOrEqual(cap)
    }
    for (const token of this.tokens) {
      for (const name of PARTIES) {
        const owner = this.chain.account(name).address
        expect(tokenBalanceOf(state, token, owner)).toBe(this.ledger.get(mapKey(token) + mapKey(owner)) ?? 0n)
      }
    }
    let grains = 0n
    for (const [, balance] of allBalances(state)) grains += balance
    expect(grains).toBe(10n ** 18n)
  }
}

describe('tokens under random calls', () => {
  it('have balances that add up to their supply, and events that tell every move', () => {
    const reached = new Map<string, number>()
    fc.assert(
      fc.property(fc.array(step, { minLength: 15, maxLength: 40 }), (steps) => {
        const model = new Model()
        for (const one of steps) {
          model.run(one)
          model.check()
        }
        expect(tokenInfo(model.chain.state, model.tokens[3]!)).toBeUndefined()
        for (const [code, count] of model.codes) reached.set(code, (reached.get(code) ?? 0) + count)
      }),
      { numRuns: 40, seed: 20_261_128 },
    )
    // The runs mean something only if many calls succeeded and others were refused for many reasons.
    expect(reached.get('done') ?? 0).toBeGreaterThan(300)
    const refusals = ['BALANCE', 'ROLE', 'CAP', 'SCHEDULE', 'FROZEN', 'ALLOWANCE', 'UNKNOWN', 'BURN']
    for (const code of refusals) expect(reached.get(`TOKENS_${code}`) ?? 0, code).toBeGreaterThan(0)
    expect([...reached.keys()].filter((code) => /^STATE_|^CODEC_/.test(code))).toEqual([])
  })
})
