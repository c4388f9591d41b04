import { callOf, TestChain } from '@smartshare/runtime/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Intake } from './intake.ts'
import { Mempool } from './mempool.ts'
import { SignaturePool } from './signature-pool.ts'

const chain = new TestChain({ accounts: ['alice', 'bob'] })
let signatures: SignaturePool

beforeAll(() => {
  signatures = new SignaturePool(1)
})
afterAll(() => signatures.close())

function setUp() {
  const mempool = new Mempool()
  const gossiped: Uint8Array[] = []
  const executed = new Set<string>()
  const intake = new Intake({
    chainId: chain.chainId,
    mempool,
    signatures,
    latest: () => ({
      state: chain.state,
      height: chain.head.height + 1,
      basePrice: chain.head.basePrice,
      parameters: chain.parameters,
    }),
    isExecuted: (id) => executed.has(String(id)),
    gossip: (wires) => gossiped.push(...wires),
  })
  return { intake, mempool, gossiped, executed }
}

function transfer(nonce: number, from = 'alice', amount = 1n) {
  const call = callOf('tokens', 'transfer', { to: chain.account('bob').address, token: 0, amount, memo: null })
  return chain.transaction(from, [call], { nonce: BigInt(nonce) })
}

/** The same transaction with a signature that does not hold. */
function forged(wire: Uint8Array): Uint8Array {
  const copy = wire.slice()
  copy[copy.length - 5]! ^= 1
  return copy
}

const codes = (outcomes: readonly ({ id: Uint8Array } | { error: { code: string } })[]) =>
  outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : 'admitted'))

describe('the intake', () => {
  it('admits what is right, says what is wrong with the rest, and passes only what is new on', async () => {
    const { intake, mempool, gossiped } = setUp()
    const good = transfer(0)
    const wires = [
      good.wire,
      forged(transfer(1).wire),
      Uint8Array.of(1, 2, 3),
      transfer(9_999).wire,
      transfer(0, 'eve').wire,
    ]
    expect(codes(await intake.submit(wires))).toEqual([
      'admitted',
      'TX_SIGNATURE',
      'CODEC_TYPE',
      'TX_NONCE_GAP',
      'TX_UNPAYABLE',
    ])
    expect(mempool.count).toBe(1)
    expect(gossiped).toEqual([good.wire])
  })

  it('answers the same bytes with their id however often they come, pending or executed', async () => {
    const { intake, gossiped, executed } = setUp()
    const { wire, id } = transfer(0)
    const twice = await intake.submit([wire, wire])
    expect(twice).toEqual([{ id }, { id }])
    expect(await intake.submit([wire])).toEqual([{ id }])
    expect(gossiped.length).toBeLessThanOrEqual(2)
    const other = transfer(1)
    executed.add(String(other.id))
    expect(await intake.submit([other.wire])).toEqual([{ id: other.id }])
  })

  it('is not kept from an honest transaction by a forged one with the same id', async () => {
    const { intake } = setUp()
    const { wire, id } = transfer(0)
    expect(codes(await intake.submit([forged(wire)]))).toEqual(['TX_SIGNATURE'])
    expect(await intake.submit([wire])).toEqual([{ id }])
  })

  it('refuses what takes no place of another before it checks a signature, so that a flood costs little', async () => {
    const { intake, mempool } = setUp()
    await intake.submit([transfer(0).wire])
    const flood = Array.from({ length: 50 }, (_, i) => forged(transfer(0, 'alice', 2n + BigInt(i)).wire))
    expect(new Set(codes(await intake.submit(flood)))).toEqual(new Set(['TX_NONCE_TAKEN']))
    expect(await intake.judge(flood)).toBe('ignore')
    expect(mempool.count).toBe(1)
  })

  it('holds junk against the peer that passed it on, but not what only became stale', async () => {
    const { intake } = setUp()
    expect(await intake.judge([transfer(0).wire, transfer(1).wire])).toBe('accept')
    expect(await intake.judge([transfer(0).wire])).toBe('ignore')
    expect(await intake.judge([transfer(9_999).wire])).toBe('ignore')
    expect(await intake.judge([forged(transfer(2).wire)])).toBe('reject')
    expect(await intake.judge([Uint8Array.of(0)])).toBe('reject')
  })
})
