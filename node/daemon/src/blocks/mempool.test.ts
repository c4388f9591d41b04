import type { ParsedTransaction } from '@smartshare/chain'
import { Gate } from '@smartshare/runtime'
import { callOf, TestChain } from '@smartshare/runtime/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mempool } from './mempool.ts'

const NO_LIMIT = 1_000_000
const UNBOUNDED = {
  mostTransactions: NO_LIMIT,
  mostBytes: NO_LIMIT,
  mostPerLane: NO_LIMIT,
  mostPerAccount: NO_LIMIT,
  mostReplacements: NO_LIMIT,
}

function setUp(names = ['alice', 'bob', 'carol']) {
  const chain = new TestChain({ accounts: names })
  const make = (from: string, nonce: number, tip = 0n, more: object = {}): ParsedTransaction => {
    const call = callOf('tokens', 'transfer', { to: chain.account('sink').address, token: 0, amount: 1n, memo: null })
    const tx = chain.transaction(from, [call], { nonce: BigInt(nonce), gasLimit: 10_000 })
    return { ...tx, body: { ...tx.body, tipGasPrice: tip, ...more } }
  }
  const gate = (parameters = chain.parameters) => new Gate(chain.state, [], { height: 1, basePrice: 10n }, parameters)
  const select = (pool: Mempool, bytes = NO_LIMIT, count = NO_LIMIT, at = gate()) =>
    pool.select(at, bytes, count).map(({ from, body }) => {
      const name = names.find((one) => String(chain.account(one).address) === String(from))
      return `${name}${body.nonce}`
    })
  return { chain, make, gate, select }
}

describe('the mempool', () => {
  it('gives the highest tips first, then the earliest, each lane in the order of its nonces', () => {
    const { make, select } = setUp()
    const pool = new Mempool()
    pool.add(make('alice', 1, 9n))
    pool.add(make('alice', 0))
    pool.add(make('bob', 0, 5n))
    pool.add(make('carol', 0))
    expect(select(pool)).toEqual(['bob0', 'alice0', 'alice1', 'carol0'])
  })

  it('holds back what is behind a gap of nonces and skips what is ordered already', () => {
    const { chain, make, select } = setUp()
    const pool = new Mempool()
    pool.add(make('alice', 2))
    pool.add(make('alice', 0))
    expect(select(pool)).toEqual(['alice0'])
    chain.makeBlock([make('alice', 0)])
    pool.add(make('alice', 1))
    expect(select(pool)).toEqual(['alice1', 'alice2'])
  })

  it('fills a block up to its bytes, its count and its gas', () => {
    const { chain, make, gate, select } = setUp()
    const pool = new Mempool()
    for (let nonce = 0; nonce < 5; nonce++) pool.add(make('alice', nonce))
    const entryBytes = make('alice', 0).wire.length + 5
    expect(select(pool, entryBytes * 2)).toHaveLength(2)
    expect(select(pool, NO_LIMIT, 3)).toHaveLength(3)
    expect(select(pool, NO_LIMIT, NO_LIMIT, gate({ ...chain.parameters, maxBlockGas: 45_000 }))).toHaveLength(4)
  })

  it('refuses doubles, taken nonces and more than its bounds, and is as before', () => {
    const { make, select } = setUp()
    const pool = new Mempool({ ...UNBOUNDED, mostTransactions: 3, mostPerLane: 2 })
    const first = make('alice', 0)
    const refusal = (tx: ParsedTransaction) => {
      try {
        pool.add(tx)
        return 'added'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(refusal(first)).toBe('added')
    expect(refusal(first)).toBe('TX_KNOWN')
    expect(refusal({ ...first, id: new Uint8Array(32) })).toBe('TX_NONCE_TAKEN')
    expect(refusal(make('alice', 1))).toBe('added')
    expect(refusal(make('alice', 2))).toBe('MEMPOOL_LANE_FULL')
    expect(refusal(make('bob', 0))).toBe('added')
    expect(refusal(make('carol', 0))).toBe('MEMPOOL_FULL')
    expect(pool.count).toBe(3)
    expect(select(pool)).toEqual(['alice0', 'alice1', 'bob0'])
  })

  it('lets a transaction that offers a tenth more, price and tip, take the place of one with its nonce', () => {
    const { make, select } = setUp()
    const pool = new Mempool({ ...UNBOUNDED, mostTransactions: 2, mostPerLane: 2 })
    const named = (tx: ParsedTransaction, id: number) => ({ ...tx, id: new Uint8Array(32).fill(id) })
    const offer = (id: number, maxGasPrice: bigint, tip: bigint) => named(make('alice', 0, tip, { maxGasPrice }), id)
    pool.add(offer(1, 100n, 0n))
    pool.add(named(make('alice', 1), 2))
    const taken = expect.objectContaining({ code: 'TX_NONCE_TAKEN' })
    expect(() => pool.add(offer(3, 109n, 5n))).toThrow(taken)
    expect(() => pool.add(offer(3, 200n, 0n))).toThrow(taken)
    expect(pool.has(new Uint8Array(32).fill(1))).toBe(true)
    // The pool is full, and this one still finds the place of the other.
    pool.add(offer(3, 110n, 1n))
    expect(pool.has(new Uint8Array(32).fill(1))).toBe(false)
    expect(() => pool.add(offer(4, 120n, 2n))).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ leastMaxGasPrice: 121n, leastTipGasPrice: 2n }) }),
    )
    pool.add(offer(4, 121n, 2n))
    expect(pool.count).toBe(2)
    expect(select(pool)).toEqual(['alice0', 'alice1'])
    pool.remove(new Uint8Array(32).fill(4))
    pool.remove(new Uint8Array(32).fill(2))
    expect([pool.count, pool.bytes]).toEqual([0, 0])
  })

  it('drops what expired and what was ordered, and then holds nothing more of it', () => {
    const { make } = setUp()
    const pool = new Mempool()
    const old = make('alice', 0, 0n, { expiryHeight: 5 })
    const fresh = make('bob', 0, 0n, { expiryHeight: 9 })
    pool.add(old)
    pool.add(fresh)
    pool.expire(6)
    expect([pool.has(old.id), pool.has(fresh.id)]).toEqual([false, true])
    pool.forgetBelow(fresh.from, 0, 1n)
    expect([pool.count, pool.bytes]).toEqual([0, 0])
    pool.add(old)
    expect(pool.count).toBe(1)
  })

  it('lets a place be taken over only so often, so that one fee pays for few rounds of gossip', () => {
    const { make } = setUp()
    const pool = new Mempool({ ...UNBOUNDED, mostReplacements: 3 })
    const offers = Array.from({ length: 9 }, (_, i) => ({
      ...make('alice', 0, 2n ** BigInt(i), { maxGasPrice: 1_000n * 2n ** BigInt(i) }),
      id: new Uint8Array(32).fill(i + 1),
    }))
    const refused = offers.filter((offer) => codeOf(() => pool.add(offer)) === 'TX_NONCE_TAKEN')
    expect(refused).toHaveLength(5)
    expect([pool.count, pool.replaced]).toEqual([1, 3])
  })

  it('bounds what waits for one account over all its lanes, whether it sends or pays for others', () => {
    const { chain, make } = setUp()
    const pool = new Mempool({ ...UNBOUNDED, mostPerAccount: 4 })
    let made = 0
    const inLane = (from: string, lane: number, payer?: string) => {
      const tx = make(from, 0, 0n, { lane })
      return {
        ...tx,
        id: new Uint8Array(32).fill(++made),
        payer: payer === undefined ? tx.from : chain.account(payer).address,
      }
    }
    for (const lane of [0, 1]) pool.add(inLane('alice', lane))
    for (const lane of [0, 1]) pool.add(inLane('bob', lane, 'alice'))
    expect(codeOf(() => pool.add(inLane('alice', 2)))).toBe('MEMPOOL_ACCOUNT_FULL')
    expect(codeOf(() => pool.add(inLane('carol', 0, 'alice')))).toBe('MEMPOOL_ACCOUNT_FULL')
    pool.add(inLane('carol', 0))
    pool.forgetBelow(chain.account('bob').address, 1, 1n)
    pool.add(inLane('alice', 2))
    expect(pool.count).toBe(5)
  })

  it('when full, gives room to whoever offers more, from the end of the lane in which the least is offered', () => {
    const { make, select } = setUp()
    const pool = new Mempool({ ...UNBOUNDED, mostTransactions: 4 })
    pool.add(make('alice', 0, 10n))
    pool.add(make('alice', 1, 1n))
    pool.add(make('alice', 2, 50n))
    pool.add(make('bob', 0, 5n))
    expect(codeOf(() => pool.add(make('carol', 0, 1n)))).toBe('MEMPOOL_FULL')
    pool.add(make('carol', 0, 2n))
    expect(select(pool)).toEqual(['alice0', 'bob0', 'carol0', 'alice1'])
    // Not the own lane: what comes later in it is of no use without what comes first.
    expect(codeOf(() => pool.add(make('alice', 2, 50n)))).toBe('MEMPOOL_FULL')
    pool.add(make('bob', 1, 2n))
    expect(select(pool)).toEqual(['alice0', 'bob0', 'carol0', 'bob1'])
    expect([pool.count, pool.displaced]).toEqual([4, 2])
  })

  it('stays within its bounds and in step with itself, whatever comes and goes', () => {
    const { chain, make } = setUp()
    const limits = { mostTransactions: 12, mostBytes: 12 * 300, mostPerLane: 6, mostPerAccount: 8, mostReplacements: 2 }
    const names = ['alice', 'bob', 'carol']
    const move = fc.record({
      name: fc.constantFrom(...names),
      lane: fc.nat(1),
      nonce: fc.nat(7),
      tip: fc.bigInt(0n, 30n),
      what: fc.constantFrom('add', 'add', 'add', 'add', 'forget', 'expire'),
    })
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 120 }), (moves) => {
        const pool = new Mempool(limits)
        const all: ParsedTransaction[] = []
        for (const [i, { name, lane, nonce, tip, what }] of moves.entries()) {
          const tx = make(name, nonce, tip, { lane, maxGasPrice: 100n + tip, expiryHeight: 5 + (i % 3) })
          const id = Uint8Array.from(tx.id, (byte, at) => (at < 2 ? i >> (8 * at) : byte))
          all.push({ ...tx, id })
          if (what === 'add') codeOf(() => pool.add({ ...tx, id }))
          if (what === 'forget') pool.forgetBelow(chain.account(name).address, lane, BigInt(nonce))
          if (what === 'expire') pool.expire(5 + (i % 3))
          const held = all.filter((one) => pool.has(one.id))
          expect(pool.count).toBe(held.length)
          expect(pool.count).toBeLessThanOrEqual(limits.mostTransactions)
          expect(pool.bytes).toBe(held.reduce((sum, { wire }) => sum + wire.length, 0))
          expect(pool.bytes).toBeLessThanOrEqual(limits.mostBytes)
          const places = held.map(({ from, body }) => `${from} ${body.lane} ${body.nonce}`)
          expect(new Set(places).size).toBe(places.length)
        }
        pool.expire(99)
        expect([pool.count, pool.bytes]).toEqual([0, 0])
      }),
      { numRuns: 60 },
    )
  })
})

function codeOf(act: () => void): string {
  try {
    act()
    return 'done'
  } catch (error) {
    return (error as { code: string }).code
  }
}
