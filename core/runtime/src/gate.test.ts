import { encodeTransaction, type ParsedTransaction, parseTransaction, transactionId } from '@smartshare/chain'
import { sign, TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { MemoryState, StateJournal } from '@smartshare/state'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { executeBlock } from './execute-block.ts'
import { type BlockSummary, Gate, highestFee, summarise } from './gate.ts'
import { callOf, TestChain } from './testing.ts'
import { allBalances } from './tokens/tokens.ts'

const RESERVE = 1_000_000n
const names = ['alice', 'bob', 'carol'] as const
type Name = (typeof names)[number]

interface Wish {
  from: Name
  to: Name
  payer: Name | null
  amount: number
  gasLimit: number
  emptying: boolean
}

const wish = fc.record({
  from: fc.constantFrom(...names),
  to: fc.constantFrom(...names),
  payer: fc.option(fc.constantFrom(...names), { freq: 2 }),
  amount: fc.integer({ min: 1, max: 4_000_000 }),
  gasLimit: fc.integer({ min: 3_000, max: 30_000 }),
  emptying: fc.boolean(),
})

function makeTransaction(chain: TestChain, { from, to, payer, amount, gasLimit, emptying }: Wish, nonce: bigint) {
  const sender = chain.account(from)
  const paying = payer === null || payer === from ? null : chain.account(payer)
  const template = chain.transaction(
    sender,
    [callOf('tokens', 'transfer', { to: chain.account(to).address, token: 0, amount: BigInt(amount), memo: null })],
    { nonce, gasLimit, emptying },
  )
  const body = { ...template.body, feePayer: paying?.keys.publicKey ?? null, maxGasPrice: 20n }
  const id = transactionId(body, chain.chainId)
  const wire = encodeTransaction({
    body,
    senderAuth: [{ key: null, signature: sign(sender.keys, id) }],
    payerAuth: paying === null ? [] : [{ key: null, signature: sign(paying.keys, id) }],
  })
  return parseTransaction(wire, chain.chainId)
}

describe('the gate', () => {
  it('admits only what can pay when it is executed, however far the named root lags behind', () => {
    const blocks = fc.array(fc.array(wish, { maxLength: 6 }), { minLength: 1, maxLength: 8 })
    let ordered = 0
    fc.assert(
      fc.property(blocks, fc.integer({ min: 0, max: 4 }), (wishes, lag) => {
        const chain = new TestChain({
          accounts: [...names],
          grains: 3_000_000n,
          parameters: { feeReserveGrains: RESERVE },
        })
        // What the state was after each height: the named root of block h is h − 1 − lag.
        const states = [copyOf(chain.state)]
        const summaries: BlockSummary[] = []
        const head = { ...chain.head }
        for (const [i, list] of wishes.entries()) {
          const height = i + 1
          const root = Math.max(0, height - 1 - lag)
          const gate = new Gate(states[root]!, summaries.slice(root), { height, basePrice: 10n }, chain.parameters)
          const chosen: ParsedTransaction[] = []
          for (const one of list) {
            const probe = makeTransaction(chain, one, 0n)
            const tx = makeTransaction(chain, one, gate.expectedNonce(probe))
            try {
              gate.admit(tx)
              chosen.push(tx)
            } catch (error) {
              expect((error as { code: string }).code).toMatch(/^TX_(UNPAYABLE|RESERVE_BUSY|GAS)$/)
            }
          }
          expect(summarise(chosen)).toEqual(gate.summary())
          summaries.push(gate.summary())
          ordered += chosen.length
          const journal = new StateJournal(states[i]!)
          const header = { ...head, height, basePrice: 10n }
          // The executor throws if a fee cannot be taken: that is what the gate must prevent.
          const executed = executeBlock(
            journal,
            { hash: chain.chainId, header, rootCertificate: null, transactions: chosen },
            chain.parameters,
          )
          const next = copyOf(states[i]!)
          next.apply(executed.changes)
          states.push(next)
          const total = [...allBalances(next)].reduce((sum, [, grains]) => sum + grains, 0n)
          expect(total).toBe(TOTAL_SUPPLY_GRAINS)
        }
      }),
      { numRuns: 60 },
    )
    expect(ordered).toBeGreaterThan(100)
  })

  function refusal(chain: TestChain, tx: ParsedTransaction, window: BlockSummary[] = []): string {
    const { height, basePrice } = chain.head
    const gate = new Gate(chain.state, window, { height: height + 1, basePrice }, chain.parameters)
    try {
      gate.admit(tx)
      return 'admitted'
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  const plain: Wish = { from: 'alice', to: 'bob', payer: null, amount: 5, gasLimit: 10_000, emptying: false }

  it('refuses what is too early, too late, too cheap, too large or not next in its lane', () => {
    const chain = new TestChain({ accounts: [...names] })
    const change = (body: object) => {
      const tx = makeTransaction(chain, plain, 0n)
      return { ...tx, body: { ...tx.body, ...body } }
    }
    expect(refusal(chain, makeTransaction(chain, plain, 0n))).toBe('admitted')
    expect(refusal(chain, makeTransaction(chain, plain, 1n))).toBe('TX_NONCE_GAP')
    expect(refusal(chain, change({ expiryHeight: 0 }))).toBe('TX_EXPIRED')
    expect(refusal(chain, change({ expiryHeight: 1_000_000 }))).toBe('TX_EXPIRY')
    expect(refusal(chain, change({ maxGasPrice: 1n }))).toBe('TX_PRICE')
    expect(refusal(chain, change({ gasLimit: 10 }))).toBe('TX_GAS')
    expect(refusal(chain, change({ gasLimit: 1_000_000_000 }))).toBe('TX_GAS')
    expect(refusal(chain, change({ maxGasPrice: 1n << 62n }))).toBe('TX_GAS')
  })

  it('refuses keys that may not act for the account', () => {
    const chain = new TestChain({ accounts: [...names] })
    const tx = makeTransaction(chain, plain, 0n)
    const stolen = { ...tx, from: chain.account('bob').address }
    expect(refusal(chain, stolen)).toBe('TX_UNAUTHORISED')
  })

  it('refuses a block beyond its gas, and any gas while too much is not covered by a named root', () => {
    const chain = new TestChain({ accounts: [...names], parameters: { maxBlockGas: 15_000, maxUncoveredGas: 40_000 } })
    const gate = new Gate(chain.state, [], { height: 1, basePrice: 10n }, chain.parameters)
    gate.admit(makeTransaction(chain, plain, 0n))
    expect(() => gate.admit(makeTransaction(chain, plain, 1n))).toThrow(expect.objectContaining({ code: 'BLOCK_FULL' }))
    const full = { gas: 35_000, fees: new Map(), emptying: new Set<string>(), nonces: new Map() }
    expect(refusal(chain, makeTransaction(chain, plain, 0n), [full])).toBe('BLOCK_FULL')
  })

  it('lets an explicit reserve carry more in flight than the balance does', () => {
    const chain = new TestChain({
      accounts: [...names],
      grains: 10n ** 12n,
      parameters: { feeReserveGrains: 10n ** 8n },
    })
    const fee = highestFee(makeTransaction(chain, plain, 0n).body)
    const busy = (tx: ParsedTransaction) => ({
      ...summarise([tx]),
      fees: new Map([[String.fromCharCode(...tx.from), 10n ** 8n]]),
    })
    const before = makeTransaction(chain, plain, 0n)
    expect(refusal(chain, makeTransaction(chain, plain, 1n), [busy(before)])).toBe('TX_RESERVE_BUSY')
    chain.run('alice', callOf('accounts', 'depositReserve', { amount: fee * 2n }))
    const first = makeTransaction(chain, plain, 1n)
    expect(refusal(chain, makeTransaction(chain, plain, 2n), [busy(first)])).toBe('admitted')
    chain.run('alice', callOf('accounts', 'withdrawReserve', { amount: fee * 2n }))
    const second = makeTransaction(chain, plain, 2n)
    expect(refusal(chain, makeTransaction(chain, plain, 3n), [busy(second)])).toBe('TX_RESERVE_BUSY')
  })
})

function copyOf(state: MemoryState): MemoryState {
  const copy = new MemoryState()
  for (const [key, value] of state.range(Uint8Array.of(0), undefined)) copy.set(key, value)
  return copy
}
